"""A clock that is set while a run goes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.losses_record import our_record
from benchmarks.losses_scene import Scene
from tests.faults.conftest import assert_everything
from tracker.stores import open_store

# the clock of the child is off by `hours` from one second after its start on
SHIFT = """
import datetime, time

_true, _begun, _hours = time.time, time.monotonic(), {hours}

def shifted():
    return _true() + (3600.0 * _hours if time.monotonic() - _begun > {after} else 0.0)

class Shifted(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(shifted(), tz)
    @classmethod
    def utcnow(cls):
        return cls.now(datetime.timezone.utc).replace(tzinfo=None)

time.time = shifted
datetime.datetime = Shifted
"""


@pytest.mark.parametrize("hours", [-2, pytest.param(2, marks=pytest.mark.faults)])
def test_a_clock_that_jumps_costs_no_point_and_no_truth(
    make_scene: Callable[..., Scene], hours: int, tmp_path: Path
) -> None:
    (tmp_path / "shim").mkdir()
    (tmp_path / "shim/sitecustomize.py").write_text(SHIFT.format(hours=hours, after=1.5))
    scene = make_scene()
    scene.first_on_path = tmp_path / "shim"
    scene.start(points=200, pause=0.015)

    ended = scene.end()

    record = our_record(scene.store)
    assert_everything(record, ended.ledger)
    assert record.status == "COMPLETED"
    run = open_store(str(scene.store)).run(1)
    assert run.started is not None
    assert run.stopped is not None
    assert run.fault == ""
    moved = (run.stopped - run.started).total_seconds()
    assert abs(moved - hours * 3600) < 120
    facts = run.info["tracker"]
    assert 2.0 < facts["elapsed"] < 60
    times = json.loads((scene.store / "1/metrics.json").read_text())["loss"]["timestamps"]
    assert len(times) == 200
