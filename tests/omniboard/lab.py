"""A small experiment of somebody else, with one added line."""

import math
from pathlib import Path

from sacred import Experiment
from sacred.utils import SacredInterrupt

from tracker.recording import note_divergence, record, run_commandline

experiment = Experiment("lab", save_git_info=False)
experiment.add_config(depth=20, norm="bn", fate="well", epochs=5, data={"name": "synthetic", "classes": 10})
record(experiment)


@experiment.main
def main(_run, depth, fate, epochs, seed):  # type: ignore[no-untyped-def]
    for epoch in range(1, epochs + 1):
        loss = 2.0 / epoch if fate != "diverges" or epoch < 3 else math.nan
        _run.log_scalar("train.loss", loss, epoch)
        _run.log_scalar("validation.accuracy", 40 + depth / 4 + 3 * epoch + 0.1 * (seed % 7), epoch)
        print(f"epoch {epoch}: loss {loss:.3f}", flush=True)
    if fate == "diverges":
        note_divergence(_run, 3, "layer1")
    if fate == "fails":
        raise ValueError("the disk of the lab is on fire")
    if fate == "stops":
        raise SacredInterrupt
    Path("notes.txt").write_text(f"depth {depth} went well\n")
    _run.add_artifact("notes.txt")
    _run.log_scalar("test.accuracy", 42.5 + depth / 4 + 0.1 * (seed % 7), epochs)


if __name__ == "__main__":
    run_commandline(experiment)
