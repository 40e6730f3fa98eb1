"""Several seeds of one setting at once, or a sweep whose runs are trained together."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import experiments
from experiments.at_once.joining import VARIABLE
from experiments.at_once.trainer import Trainer, TrainerError

PATIENCE = 60.0  # seconds that the seeds of one command wait for each other to start
POLL = 0.05  # seconds between two looks at the first run
GRACE = 60.0  # seconds that runs, or a sweep of them, have to end in order

OURS = ("--seeds", "--up-to", "--wait", "-h", "--help")
NOT_ONE_NETWORK = ("ensemble", "lr_finder", "sanity", "transfer")

DESCRIPTION = """\
Train the runs of several seeds as one network on one device; each is recorded as its own run.

  python -m experiments.at_once bn_only --seeds 1 2 3 with smoke
  python -m experiments.at_once --up-to 4 -- sweeps run sweeps/demo.yaml --per-gpu 4 --seeds-together

The second form is for a GPU: runs of a sweep that differ in their seed alone are trained together, and all
others by themselves.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code is that of the first run that failed, or of the sweep."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="python -m experiments.at_once",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "experiment", nargs="?", help="such as bn_only; options of Sacred's may follow the seeds"
    )
    parser.add_argument("--seeds", type=int, nargs="+", metavar="SEED", help="one run for each")
    parser.add_argument("--up-to", type=int, default=8, metavar="N", help="runs of a sweep at once (8)")
    parser.add_argument(
        "--wait", type=float, default=20.0, metavar="SECONDS", help="that a run waits for others (20)"
    )
    own, command = _parted(words)
    told = parser.parse_args(own)
    if command and told.experiment is None and told.seeds is None:
        if told.up_to < 2:
            parser.error(f"--up-to {told.up_to}: at least 2 runs can be trained at once")
        if shutil.which(command[0]) is None:
            parser.error(f"{command[0]}: there is no such program")
        return _carried_out(Trainer(told.up_to, told.wait, must=False), {"": command})
    if told.experiment is None or not told.seeds:
        parser.error("name an experiment and its --seeds, or a command after --")
    if twice := [seed for seed in told.seeds if told.seeds.count(seed) > 1]:
        parser.error(f"--seeds: {twice[0]} is given twice; every run has a seed of its own")
    if not (Path(experiments.__file__).parent / f"{told.experiment}.py").is_file():
        parser.error(f"{told.experiment}: there is no such experiment; `python -m experiments` lists them")
    if told.experiment in NOT_ONE_NETWORK:
        parser.error(
            f"{told.experiment} does more than to train one network; start its seeds one after the other"
        )
    runs = {f"seed {seed}": _command(told.experiment, seed, command) for seed in told.seeds}
    return _carried_out(Trainer(len(runs), PATIENCE, must=True), runs)


def _parted(words: list[str]) -> tuple[list[str], list[str]]:
    """Our own words, and those that are for the runs: from `with` or the first option of Sacred's on."""
    for place, word in enumerate(words):
        if word == "--":
            return words[:place], words[place + 1 :]
        is_option = word.startswith("-") and not word[1:].isdigit()
        if word == "with" or (is_option and word.split("=")[0] not in OURS):
            return words[:place], words[place:]
    return words, []


def _command(experiment: str, seed: int, words: Sequence[str]) -> list[str]:
    told = [*words] if "with" in words else [*words, "with"]
    return [sys.executable, "-m", f"experiments.{experiment}", *told, f"seed={seed}"]


def _carried_out(trainer: Trainer, commands: Mapping[str, Sequence[str]]) -> int:
    try:
        return _beside(trainer, commands)
    except TrainerError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _beside(trainer: Trainer, commands: Mapping[str, Sequence[str]]) -> int:
    """Carry out commands, whose runs find the trainer; the exit code of the first that failed.

    The lines of each begin with its name; those of one without are left as they are.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    processes: list[subprocess.Popen[str]] = []
    with trainer.listening() as address:
        environment = {**os.environ, VARIABLE: address}
        try:
            for name, command in commands.items():
                processes.append(_started(name, command, environment))
                # what is refused is refused once
                while not trainer.came.wait(POLL) and processes[0].poll() is None:
                    pass
                if not trainer.came.is_set():
                    break
            codes = [process.wait() for process in processes]
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # they are ending already
            codes = _ended(processes)
    return next(filter(None, codes), 0)


def _started(name: str, command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    if not name:
        return subprocess.Popen(command, env=environment, text=True)
    process = subprocess.Popen(
        command,
        env=environment,
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    for lines, place in ((process.stdout, sys.stdout), (process.stderr, sys.stderr)):
        assert lines is not None
        threading.Thread(target=_pass_on, args=(f"{name}: ", lines, place)).start()
    return process


def _pass_on(name: str, lines: IO[str], place: IO[str]) -> None:
    with lines:
        for line in lines:
            with suppress(BrokenPipeError):  # nobody reads it here any more; the run goes on, and records it
                place.write(name + line)
                place.flush()


def _ended(processes: Sequence[subprocess.Popen[str]]) -> list[int]:
    """Ask all to end, and wait until they have; their exit codes."""
    for process in processes:
        process.terminate()
    until = time.monotonic() + GRACE
    for process in processes:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
    return [process.wait() for process in processes]


if __name__ == "__main__":
    sys.exit(main())
