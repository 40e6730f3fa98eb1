"""Recording straight into a MongoDB: a real process, a real wire-protocol server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.recording.conftest import popen
from tracker import open_store

SCRIPT = """
from tracker.recording import Experiment, record, run_commandline

experiment = Experiment("mine", save_git_info=False)
experiment.add_config({"lr": 0.1})
record(experiment)

@experiment.main
def main(_run, lr):
    _run.log_scalar("loss", lr, 1)
    print("said")
    return lr

if __name__ == "__main__":
    run_commandline(experiment)
"""


@pytest.mark.mongo
def test_the_same_script_records_in_mongodb_when_the_variable_says_so(
    tmp_path: Path, mongo_address: str
) -> None:
    (tmp_path / "mine.py").write_text(SCRIPT)

    answer = subprocess.run(
        [sys.executable, "mine.py", "with", "lr=0.5", "seed=4"],
        cwd=tmp_path,
        env={**os.environ, "TRACKER_STORE": mongo_address},
        capture_output=True,
        text=True,
    )

    assert answer.returncode == 0, answer.stderr
    store = open_store(mongo_address)
    (run,) = store.runs()
    assert (run.experiment, run.status, run.seed, run.config["lr"]) == ("mine", "COMPLETED", 4, 0.5)
    assert store.series(run, "loss").values == (0.5,)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.py", "runs"]


@pytest.mark.mongo
def test_the_address_of_the_server_is_not_in_the_record(tmp_path: Path, mongo_address: str) -> None:
    (tmp_path / "mine.py").write_text(SCRIPT)
    subprocess.run(
        [sys.executable, "mine.py"],
        cwd=tmp_path,
        env={**os.environ, "TRACKER_STORE": mongo_address},
        capture_output=True,
        check=True,
    )

    (run,) = open_store(mongo_address).runs()

    assert "mongodb://" not in repr(run)


def test_ctrl_c_while_the_copy_is_waited_for_names_the_command_that_brings_it(tmp_path: Path) -> None:
    with popen(tmp_path, SCRIPT, "-m", "127.0.0.1:1:grove") as process:
        assert process.stderr is not None
        before = next(line for line in process.stderr if "Completed after" in line)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)

    assert "`tracker push 1 --from runs --to mongodb://127.0.0.1:1/grove` brings the rest" in errors, before
    assert "Traceback" not in errors
