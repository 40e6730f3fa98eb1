"""Runs as they are really recorded: nothing is wrong with them, whoever recorded them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tracker.doctor import examine
from tracker.journal.moments import microseconds
from tracker.journal.writer import RunJournal
from tracker.mirror.push import push


def said(address: str) -> list[str]:
    return [finding.line for finding in examine(address, datetime.now(UTC)).findings]


@pytest.mark.mongo
def test_a_run_of_stock_sacred_is_healthy_but_for_its_tuples(
    record_run: Callable[..., None], tmp_path: Path, mongo_address: str
) -> None:
    record_run(tmp_path / "runs", mongo=mongo_address)

    for address in (str(tmp_path / "runs"), mongo_address):
        assert [line.split(":")[1] for line in said(address)] == [" not plain data"] * len(said(address))


@pytest.mark.mongo
def test_a_run_of_ours_is_healthy_in_its_folder_and_when_it_is_pushed(
    tmp_path: Path, mongo_address: str
) -> None:
    (tmp_path / "a.txt").write_text("content")
    record: dict[str, Any] = {
        "experiment": {"name": "a", "sources": []},
        "config": {},
        "host": {},
        "meta": {},
    }
    journal = RunJournal.start(tmp_path / "runs", record, now=datetime.now(UTC))
    now = microseconds(datetime.now(UTC))
    journal.add_points("loss", [1, 2], [0.5, float("nan")], [now, now + 1])
    journal.note_sources([("a.txt", tmp_path / "a.txt")])
    journal.add_artifact("a.txt", tmp_path / "a.txt")
    journal.add_resource(tmp_path / "a.txt")
    journal.end("COMPLETED", datetime.now(UTC), result=float("inf"))

    push(tmp_path / "runs", mongo_address, (), lambda *_told: None)

    assert said(str(tmp_path / "runs")) == []
    assert said(mongo_address) == []
