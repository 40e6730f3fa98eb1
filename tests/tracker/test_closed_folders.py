"""Folders that belong to somebody else: told in one sentence, and nothing in them is changed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tracker.cli import main
from tracker.errors import StoreError
from tracker.journal.layout import SOURCES
from tracker.journal.writer import RunJournal
from tracker.recording.places import check_folder

LONG_AGO = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOBODY = 65534

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")


@contextmanager
def as_nobody() -> Iterator[None]:
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def ask(*words: str) -> Result:
    CliRunner().invoke(main, [word for word in words if word != "--fix"])  # imports what only root may read
    with as_nobody():
        return CliRunner().invoke(main, words)


@pytest.fixture
def store() -> Iterator[Path]:
    """Runs 1 and 2 that are done, in a folder that everybody may read; pytest's own is closed."""
    folder = Path(tempfile.mkdtemp(prefix="tracker-closed-"))
    folder.chmod(0o755)
    for _ in range(2):
        record(folder).end("COMPLETED", LONG_AGO)
    yield folder
    shutil.rmtree(folder)


def record(store: Path) -> RunJournal:
    return RunJournal.start(store, {"experiment": {"name": "tiny", "sources": []}}, now=LONG_AGO)


def contents(store: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in store.rglob("*") if path.is_file()}


def test_a_run_that_is_closed_hides_no_other(store: Path) -> None:
    (store / "1").chmod(0o700)

    assert "\n2\ttiny\tdone" in ask("runs", "--store", str(store)).stdout
    shown = " ".join(ask("show", "1", "--store", str(store)).stdout.split())
    assert "run.json cannot be read (Permission denied)" in shown
    answer = ask("doctor", "--store", str(store))
    assert answer.exit_code == 1
    assert "run.json cannot be read (Permission denied): readers see less" in answer.stdout


def dead(store: Path) -> None:
    record(store)


def torn(store: Path) -> None:
    with (store / "1/journal.jsonl").open("ab") as file:
        file.write(b'{"ev')


def disagreeing(store: Path) -> None:
    (store / "1/run.json").unlink()


def left_over(store: Path) -> None:
    (store / SOURCES).mkdir(exist_ok=True)
    (store / SOURCES / ".x.py.7").touch()
    os.utime(store / SOURCES / ".x.py.7", (0, 0))


def deserted(store: Path) -> None:
    (store / "3").mkdir()
    os.utime(store / "3", (0, 0))


@pytest.mark.parametrize("harm", [dead, torn, disagreeing, left_over, deserted])
def test_the_doctor_mends_nothing_where_it_may_not_write(harm: object, store: Path) -> None:
    assert callable(harm)
    harm(store)
    before, rescued = contents(store), set(Path(tempfile.gettempdir()).glob("tracker-rescue-*"))

    answer = ask("doctor", "--store", str(store), "--fix")

    assert answer.exit_code == 1
    assert "0 mended" in answer.output
    assert "cannot be mended (Permission denied): see its permissions" in answer.output
    assert contents(store) == before
    assert not set(Path(tempfile.gettempdir()).glob("tracker-rescue-*")) - rescued


def test_the_doctor_mends_the_rest_where_one_run_may_not_be_written(store: Path) -> None:
    (store / "1/run.json").unlink()
    (store / "2/run.json").unlink()
    (store / "2").chmod(0o777)

    answer = ask("doctor", "--store", str(store), "--fix")

    assert answer.exit_code == 1
    assert "run 1: " in answer.output
    assert "cannot be mended (Permission denied)" in answer.output
    assert "1 mended" in answer.output
    assert (store / "2/run.json").exists()


def test_a_run_is_refused_below_a_folder_that_is_closed(store: Path) -> None:
    (store / "1").chmod(0o700)
    check_folder(str(store / "1/mine"))

    with as_nobody(), pytest.raises(StoreError, match=r"runs cannot be written here \(Permission denied\)"):
        check_folder(str(store / "1/mine"))
