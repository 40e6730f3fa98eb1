"""How a sweep stands, while it goes and afterwards: real processes."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.sweeps.scene import rewrite, started

Sweeps = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]


def test_before_anything_runs_everything_is_left(place: Path, sweeps: Sweeps) -> None:
    answer = sweeps("status", "questions.yaml")

    assert answer.returncode == 0
    assert "questions.yaml: 0 of 6 done, 6 left (in runs)" in answer.stdout
    assert not (place / "runs").exists()


def test_while_it_goes_it_names_launchers_and_runs(place: Path, start: Start, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: succeed, nap: 60.0")
    process = start("run", "questions.yaml", "--workers", "2")
    started(place, 2)

    shown = sweeps("status", "questions.yaml").stdout
    told = json.loads(sweeps("status", "questions.yaml", "--json").stdout)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert "0 of 6 done, 2 running, 4 left" in shown
    assert f"on {socket.gethostname()} (process {process.pid}), local" in shown
    assert (told["running"], told["left"]) == (2, 4)
    assert [launcher["pid"] for launcher in told["launchers"]] == [process.pid]
    assert {run["what"] for run in told["runs"]} <= {
        f"x={x} seed={seed}" for x in (1, 2, 3) for seed in (1, 2)
    }
    assert all(Path(run["log"]).is_file() for run in told["runs"])


def test_each_question_has_its_counts(place: Path, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: fail at 2")
    sweeps("run", "questions.yaml")

    told = json.loads(sweeps("status", "questions.yaml", "--json").stdout)

    assert told["nodes"] == [
        {"node": "first", "done": 4, "running": 0, "failed": 2, "left": 0},
        {"node": "again", "done": 2, "running": 0, "failed": 2, "left": 0},
    ]
    assert told["launchers"] == told["runs"] == []


def test_the_last_error_is_one_line_with_its_log(place: Path, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: fail at 2")
    sweeps("run", "questions.yaml")

    lines = sweeps("status", "questions.yaml").stdout.splitlines()

    assert lines[-2] in [f"last error: x=2 seed={seed} failed: RuntimeError: on purpose" for seed in (1, 2)]
    assert lines[-1].startswith("  its log: sweep-logs")


def test_every_failed_run_has_its_log_where_the_folder_of_logs_is_named(place: Path, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: fail at 2")
    sweeps("run", "questions.yaml", "--logs", "here")
    sweeps("retry", "questions.yaml", "--logs", "here")
    (place / "here").rename(place / "there")  # as another machine may see it

    answer = sweeps("status", "questions.yaml", "--logs", "there")
    told = json.loads(sweeps("status", "questions.yaml", "--logs", "there", "--json").stdout)

    lines = answer.stdout.splitlines()
    at = lines.index("2 runs failed:")
    host = socket.gethostname()
    newest = []
    for seed, line, log in zip((1, 2), lines[at + 1 :: 2], lines[at + 2 :: 2], strict=True):
        assert line == f"  x=2 seed={seed}  the last one failed on {host}: RuntimeError: on purpose"
        newest.append(log.removeprefix("      its log: "))
        assert "RuntimeError: on purpose" in (place / newest[-1]).read_text()
        key = Path(newest[-1]).name.split("-")[2]
        assert Path(newest[-1]).name == max(path.name for path in (place / "there").glob(f"*{key}*"))
    assert [failure["log"] for failure in told["failures"]] == newest
    assert len(list((place / "there").glob("*.log"))) == 8


def test_a_failed_run_whose_log_is_not_there_says_where_it_was(place: Path, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: fail at 2")
    sweeps("run", "questions.yaml")
    (place / "empty").mkdir()

    lines = sweeps("status", "questions.yaml", "--logs", "empty").stdout.splitlines()
    nowhere = sweeps("status", "questions.yaml", "--logs", "misspelt")

    assert lines[-1].startswith("      its log: sweep-logs")
    assert nowhere.returncode == 2
    assert "Directory 'misspelt' does not exist" in nowhere.stderr


def test_an_error_that_was_mended_is_told_no_more(place: Path, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: fail once")
    sweeps("run", "questions.yaml")
    sweeps("retry", "questions.yaml")

    assert "last error" not in sweeps("status", "questions.yaml").stdout


def test_a_launcher_that_was_killed_is_told_to_be_gone(place: Path, start: Start, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: succeed, nap: 60.0")
    process = start("run", "questions.yaml", "--workers", "2")
    started(place, 2)
    process.kill()
    process.communicate(timeout=60)

    assert "its process is gone" in sweeps("status", "questions.yaml").stdout
