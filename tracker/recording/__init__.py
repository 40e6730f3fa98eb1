"""The write side: attach recording to any Sacred experiment.

from tracker.recording import Experiment, record

experiment = Experiment("mine")
record(experiment)
"""

from tracker.recording.attach import note_divergence, record, sacred, settle, went_on
from tracker.recording.checkpoints import checkpoint_path
from tracker.recording.commandline import run_commandline
from tracker.recording.refusals import Refused
from tracker.recording.sacred_fixes import without_git

Experiment = without_git(sacred)

__all__ = [
    "Experiment",
    "Refused",
    "checkpoint_path",
    "note_divergence",
    "record",
    "run_commandline",
    "settle",
    "went_on",
]
