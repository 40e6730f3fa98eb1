"""The write side: attach recording to any Sacred experiment.

from tracker.recording import Experiment, record

experiment = Experiment("mine", save_git_info=False)
record(experiment)
"""

from tracker.recording.attach import Refused, note_divergence, record, sacred
from tracker.recording.commandline import run_commandline

Experiment = sacred.Experiment

__all__ = ["Experiment", "Refused", "note_divergence", "record", "run_commandline"]
