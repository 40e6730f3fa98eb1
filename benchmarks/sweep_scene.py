"""Forty tiny runs that Sacred records, as questions and as commands."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tracker import open_store

VALUES, SEEDS = range(1, 9), range(1, 6)
RUNS = len(VALUES) * len(SEEDS)
WORKERS = 2
TURNS = 2_000_000  # of a loop, by which its speed is found

# the last thing that a run does is to note its own processor time
TOY = """
import atexit, os, time
atexit.register(lambda: open(f"cpu/{{os.getpid()}}", "w").write(str(time.process_time())))

from tracker.recording import Experiment, record, run_commandline

experiment = Experiment("tiny", save_git_info=False)
experiment.add_config({{"x": 1}})
record(experiment)


@experiment.main
def main(_run, x, seed):
    for _ in range({turns}):
        pass
    _run.log_scalar("test.accuracy", 10.0 * x + seed, 1)
    return x


if __name__ == "__main__":
    run_commandline(experiment)
"""
QUESTIONS = f"""
version: 1
metric: {{name: test.accuracy}}
defaults: {{experiment: tiny, launch: python toy.py, seeds: {list(SEEDS)}}}
tree:
  - {{id: q, question: "Does x matter?", parameter: x, values: {list(VALUES)}, baseline: 1}}
"""


@dataclass(frozen=True)
class Scene:
    """A folder with the experiment, the questions and the commands, and an empty store."""

    folder: Path

    def is_complete(self) -> bool:
        """Whether each run is recorded once, as completed."""
        found = Counter(
            (run.config["x"], run.seed, run.status) for run in open_store(str(self.folder / "runs")).runs()
        )
        return found == Counter((x, seed, "COMPLETED") for x in VALUES for seed in SEEDS)

    def seconds_of_runs(self) -> float:
        """The processor time of the runs themselves."""
        return sum(float(path.read_text()) for path in (self.folder / "cpu").iterdir())

    def output(self) -> str:
        """What was printed."""
        return (self.folder / "output").read_text(errors="replace")


def make_scene(folder: Path, work: int) -> Scene:
    """A fresh scene, in which each run takes so many turns of a loop."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "cpu").mkdir(parents=True)
    (folder / "runs").mkdir()
    (folder / "toy.py").write_text(TOY.format(turns=work))
    (folder / "questions.yaml").write_text(QUESTIONS)
    python = shlex.quote(sys.executable)
    commands = [f"{python} toy.py with x={x} seed={seed}\n" for x in VALUES for seed in SEEDS]
    (folder / "commands.sh").write_text("".join(commands))
    return Scene(folder)


def turns(seconds: float) -> int:
    """Turns of an empty loop that take so long here."""
    return round(TURNS * seconds / min(_loop() for _ in range(5)))


def _loop() -> float:
    began = time.process_time()
    for _ in range(TURNS):
        pass
    return time.process_time() - began
