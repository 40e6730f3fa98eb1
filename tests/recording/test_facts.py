"""What a record says beside Sacred's own words; each run a real process."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.recording.conftest import Start, record_of

SCRIPT = """
from tracker.recording import Experiment, note_divergence, record

experiment = Experiment()
experiment.add_config({"address": "nowhere", "fail": False})
record(experiment)

@experiment.automain
def main(_run, address, fail):
    import late
    _run.info["address"] = address
    print("connecting to", address)
    note_divergence(_run, 7, "stem.conv")
    if fail:
        raise RuntimeError(f"no answer from {address}")
    return address
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a change that holds a password, and a module that is imported late."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    (tmp_path / "late.py").write_text("password = ''\n")
    (tmp_path / "mine.py").write_text(SCRIPT)
    subprocess.run([*git, "init", "-q", "-b", "trunk"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "One"], check=True)
    (tmp_path / "late.py").write_text("password = 'mongodb://me:secret@host/db'\n")
    return tmp_path


def test_the_record_has_code_sources_dependencies_questions_and_the_time_it_took(
    start: Start, repository: Path
) -> None:
    answer = start(SCRIPT, "-F", "store", TRACKER_QUESTIONS="tree/one, tree/two")

    assert answer.returncode == 0, answer.stderr
    record = record_of(repository / "store")
    facts, experiment = record["info"]["tracker"], record["run"]["experiment"]
    assert facts["code"]["branch"] == "trunk"
    assert facts["code"]["dirty"] is True
    assert facts["questions"] == ["tree/one", "tree/two"]
    assert facts["diverged"] == {"step": 7, "layer": "stem.conv"}
    assert facts["elapsed"] > 0
    assert len(facts["uuid"]) == 32
    assert [name for name, _ in experiment["sources"]] == ["late.py", "mine.py"]
    assert all((repository / "store" / kept).is_file() for _, kept in experiment["sources"])
    assert (experiment["name"], experiment["mainfile"]) == ("mine", "mine.py")
    assert any(line.startswith("sacred==") for line in experiment["dependencies"])
    assert [entry["dirty"] for entry in experiment["repositories"]] == [True]
    assert "+password = 'mongodb://***@host/db'" in (repository / "store/1/code.diff").read_text()


ADDRESS = "mongodb://me:secret@127.0.0.1:9/grove?serverSelectionTimeoutMS=100&appName=hidden"


@pytest.mark.parametrize("way", ["variable", "file", "option"])
def test_no_password_is_in_a_record_a_log_or_a_message(start: Start, repository: Path, way: str) -> None:
    if way == "file":
        (repository / "tracker.toml").write_text(f"store = '{ADDRESS}'\n")
    options = {"option": ["-m", ADDRESS]}.get(way, [])
    variable = ADDRESS if way == "variable" else ""

    answer = start(SCRIPT, "with", f"address={ADDRESS}", "fail=True", *options, TRACKER_STORE=variable)

    assert answer.returncode == 1
    assert "mongodb://***@127.0.0.1:9/grove" in answer.stderr
    written = {path: path.read_bytes() for path in (repository / "runs").rglob("*") if path.is_file()}
    leaks = [path for path, content in written.items() if b"secret" in content or b"hidden" in content]
    assert leaks == []
    assert b"no answer from mongodb://***@127.0.0.1:9/grove" in written[repository / "runs/1/run.json"]
    assert "secret" not in answer.stderr
    assert "secret" in answer.stdout  # what a user's own print shows is the user's


def test_a_server_that_is_away_does_not_stop_a_run(start: Start, repository: Path) -> None:
    answer = start(SCRIPT, TRACKER_STORE=ADDRESS, TRACKER_FOLDER="local")

    assert answer.returncode == 0
    assert record_of(repository / "local")["run"]["status"] == "COMPLETED"
    assert "does not answer" in answer.stderr
    assert "tracker push 1" in answer.stderr


def test_cards_of_which_little_is_known_do_not_end_a_run(start: Start, repository: Path) -> None:
    program = repository / "nvidia-smi"
    program.write_text("#!/bin/sh\necho '580.1, [N/A], [N/A], NVIDIA GB10'\n")
    program.chmod(0o755)

    answer = start(SCRIPT, PATH=f"{repository}:{os.environ['PATH']}")

    assert answer.returncode == 0, answer.stderr
    (card,) = record_of(repository / "runs")["run"]["host"]["gpus"]["gpus"]
    assert card == {"model": "NVIDIA GB10", "total_memory": None, "persistence_mode": None}


def test_a_number_may_be_asked_for_once(start: Start, repository: Path) -> None:
    answers = [start(SCRIPT, *words) for words in (["-i", "7"], ["-i", "7"], [])]

    assert [answer.returncode for answer in answers] == [0, 1, 0]
    assert "--id=7: run 7 is already in runs" in answers[1].stderr
    assert sorted(path.name for path in (repository / "runs").glob("[0-9]*")) == ["7", "8"]
    assert record_of(repository / "runs", 7)["run"]["meta"]["options"]["--id"] == "7"


def test_a_queued_run_is_written_down_and_not_run(start: Start, repository: Path) -> None:
    answer = start(SCRIPT, "-q", "-P", "3", "-F", "store")

    assert answer.returncode == 0, answer.stderr
    record = record_of(repository / "store")
    assert record["run"]["status"] == "QUEUED"
    assert record["run"]["meta"]["priority"] == 3.0
    assert record["run"]["meta"]["options"]["--file_storage"] == "store"
    first = (repository / "store/1/journal.jsonl").read_text().splitlines()[0]
    assert json.loads(first)["event"] == "queued"


def test_code_that_nobody_could_get_back_is_refused_when_asked(start: Start, repository: Path) -> None:
    (repository / ".gitignore").write_text("__pycache__\n.gitignore\n")
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@example.org"]

    assert "tracked files are changed" in start(SCRIPT, "-e").stderr
    subprocess.run([*git, "commit", "-aqm", "Two"], check=True)
    (repository / "new.py").touch()
    assert "new.py is not tracked" in start(SCRIPT, "-e").stderr
    (repository / "new.py").unlink()
    assert start(SCRIPT, "-e").returncode == 0
