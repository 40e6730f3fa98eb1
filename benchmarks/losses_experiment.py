"""One experiment that logs and prints at a steady pace, recorded by stock Sacred or by the tracker.

LOSSES_SIDE says by which, LOSSES_STORE where, LOSSES_LEDGER which file learns what was acknowledged:
a line for each call of log_scalar or print after it has returned.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIDE, STORE, LEDGER = (os.environ[f"LOSSES_{name}"] for name in ("SIDE", "STORE", "LEDGER"))
STRANGE_STEP = 5  # the step at which an act does its strange thing


def made() -> tuple[Any, Callable[[Any], object]]:
    """The experiment, and what starts it."""
    if SIDE == "ours":
        from tracker.recording import Experiment, record, run_commandline

        experiment = Experiment("losses", save_git_info=False)
        record(experiment)
        return experiment, run_commandline
    from sacred import Experiment as Stock
    from sacred.observers import FileStorageObserver, MongoObserver

    experiment = Stock("losses", save_git_info=False)
    address, _, database = STORE.rpartition("/")
    server = STORE.startswith("mongodb://")
    observer = MongoObserver(address, db_name=database) if server else FileStorageObserver(STORE)
    experiment.observers.append(observer)
    return experiment, lambda experiment: experiment.run_commandline()


experiment, start = made()
experiment.add_config({"act": "", "points": 20, "pause": 0.1, "line": 10})


@experiment.main
def main(_run: Any, act: str, points: int, pause: float, line: int) -> str:
    with open(LEDGER, "ab", buffering=0) as ledger:  # noqa: PTH123
        note = _noted(ledger)
        note("main")
        for step in range(points):
            value = STRANGE[act](_run, step) if act in STRANGE else None
            _run.log_scalar("loss", 1 / (step + 1) if value is None else value, step)
            note(f"point {step}")
            if line:
                sys.stdout.write(f"{f'line {step} '.ljust(line, '.')}\n")
                note(f"line {step}")
            time.sleep(pause)
        note("end")
    if act == "raise":
        raise RuntimeError("on purpose")
    return "done"


def _noted(ledger: Any) -> Callable[[str], object]:
    return lambda words: ledger.write(f"{time.time():.6f} {words}\n".encode())


def tensor(run: Any, step: int) -> Any:  # noqa: ARG001
    """A value that is a tensor."""
    if step != STRANGE_STEP:
        return None
    import torch

    return torch.tensor(0.5)


def missing_artifact(run: Any, step: int) -> None:
    """An artifact that is not there."""
    if step == STRANGE_STEP:
        run.add_artifact("/missing/artifact.txt")


def artifact_run_json(run: Any, step: int) -> None:
    """An artifact that is called like a file of the record."""
    if step == STRANGE_STEP:
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write("{}")
            file.flush()
            run.add_artifact(file.name, name="run.json")


def growing_info(run: Any, step: int) -> None:
    """A dictionary that grows while it is written."""
    growing = run.info.setdefault("growing", {})
    deadline = time.monotonic() + 0.1
    while time.monotonic() < deadline:
        growing[f"key {len(growing)}"] = {"value": step}
        time.sleep(0.0002)


def strange_byte(run: Any, step: int) -> None:  # noqa: ARG001
    """A byte on the standard output that is no UTF-8."""
    if step == STRANGE_STEP:
        os.write(1, b"\xff\xfe\n")


STRANGE: dict[str, Callable[[Any, int], Any]] = {
    "tensor": tensor,
    "missing artifact": missing_artifact,
    "artifact run.json": artifact_run_json,
    "growing info": growing_info,
    "strange byte": strange_byte,
}

if __name__ == "__main__":
    Path(LEDGER).touch()
    start(experiment)
