"""tracker push and tracker pull, as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.mirror.make_runs import make_run
from tracker.cli import main
from tracker.stores import open_store

pytestmark = pytest.mark.mongo


def tracker(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_push_and_pull_say_what_they_did(store: Path, tmp_path: Path, mongo_address: str) -> None:
    for _ in range(2):
        make_run(store, tmp_path)
    pushed = tracker("push", "--from", store, "--to", mongo_address)
    assert (pushed.exit_code, pushed.stdout) == (0, "")
    assert pushed.stderr == "run 1: pushed\nrun 2: pushed\n2 runs pushed, 0 already there\n"
    again = tracker("push", "--from", store, "--to", mongo_address)
    assert (again.exit_code, again.stderr) == (0, "0 runs pushed, 2 already there\n")
    make_run(tmp_path / "copy", tmp_path)
    pulled = tracker("pull", "1", "--from", mongo_address, "--to", tmp_path / "copy")
    assert (pulled.exit_code, pulled.stderr) == (0, "run 1: pulled as run 2\n1 run pulled, 0 already there\n")
    assert [run.id for run in open_store(str(tmp_path / "copy")).runs()] == [1, 2]


def test_a_terminal_shows_a_bar(
    store: Path, tmp_path: Path, mongo_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    make_run(store, tmp_path)
    done = tracker("push", "--from", store, "--to", mongo_address)
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.endswith("1 run pushed, 0 already there\n")
    assert "run 1: pushed" not in done.stderr


def test_trouble_is_named_and_ends_with_1(store: Path, tmp_path: Path, mongo_address: str) -> None:
    make_run(store, tmp_path)
    (store / "2").mkdir()
    done = tracker("push", "--from", store, "--to", mongo_address)
    assert done.exit_code == 1
    assert "run 2: " in done.stderr
    assert done.stderr.endswith("1 run pushed, 0 already there, 1 with trouble\n")


def test_the_defaults_are_those_of_recording(
    store: Path, tmp_path: Path, mongo_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(store, tmp_path)
    monkeypatch.setenv("TRACKER_FOLDER", str(store))
    monkeypatch.setenv("TRACKER_STORE", mongo_address)
    assert tracker("push").stderr.endswith("1 run pushed, 0 already there\n")
    assert tracker("pull").stderr == "0 runs pulled, 1 already there\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("push", "--from", "{store}", "--to", "{store}"), "is a folder: name a MongoDB by --to"),
        (("pull", "--from", "{store}"), "is a folder: name a MongoDB by --from"),
        (("push", "7", "--from", "{store}", "--to", "{address}"), "Run 7 is not in"),
        (("push", "--from", "missing", "--to", "{address}"), "missing is not there: name the folder"),
        (("pull", "7", "--from", "{address}", "--to", "new"), "Run 7 is not in"),
        (("push", "--from", "{store}", "--to", "mongodb://me:hunter2@127.0.0.1:1"), "names no database"),
        (
            (
                "push",
                "--from",
                "{store}",
                "--to",
                "mongodb://me:hunter2@127.0.0.1:1/x?serverSelectionTimeoutMS=50",
            ),
            "No MongoDB answers at mongodb://***@127.0.0.1:1/x: start it, or correct the address",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence_and_changes_nothing(
    words: tuple[str, ...],
    told: str,
    store: Path,
    tmp_path: Path,
    mongo_address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    make_run(store, tmp_path)
    done = tracker(*(word.format(store=store, address=mongo_address) for word in words))
    assert (done.exit_code, done.stdout) == (1, "")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr
    assert list(open_store(mongo_address).runs()) == []
    assert not (tmp_path / "new").exists()
