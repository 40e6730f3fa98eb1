"""Real runs of a Sacred experiment that is not ours, whose ledger says what was acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.losses_record import Record
from benchmarks.losses_scene import Ledger, Scene
from tests.faults.sweep_scene import KILLS, SweepScene
from tests.mirror.nx import OwnServer

LAST_SECOND = 1.0  # what kill -9 may cost


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the kills of sweeps have hit."""
    if not KILLS:
        return
    terminalreporter.section(f"{KILLS.total()} kills of sweeps hit what was alive")
    for (victim, moment), count in sorted(KILLS.items()):
        terminalreporter.write_line(f"{count:4}  {victim:<8}  while {moment}")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OwnServer]:
    """A server that the test kills and starts again."""
    found = OwnServer(tmp_path / "server")
    found.start()
    yield found
    found.kill()


@pytest.fixture
def make_scene(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    """make_scene(on_server=True, store=folder) gives a place for runs, whose processes end with the test."""
    made: list[Scene] = []

    def make(on_server: bool = False, store: Path | None = None) -> Scene:
        made.append(Scene(tmp_path / f"scene-{len(made)}", "ours", on_server, store))
        return made[-1]

    yield make
    for scene in made:
        scene.close()


@pytest.fixture
def make_sweep(tmp_path: Path) -> Iterator[Callable[..., SweepScene]]:
    """make_sweep(address, seeds=2, nap=0.3) gives a sweep, whose processes end with the test."""
    made: list[SweepScene] = []

    def make(*arguments: Any, **options: Any) -> SweepScene:
        made.append(SweepScene(tmp_path / f"sweep-{len(made)}", *arguments, **options))
        return made[-1]

    yield make
    for scene in made:
        scene.close()


def assert_everything(record: Record, ledger: Ledger) -> None:
    """Every point and line that was acknowledged is there exactly once, in order."""
    assert_all_but_the_last_second(record, ledger, spared=0.0)


def assert_all_but_the_last_second(record: Record, ledger: Ledger, spared: float = LAST_SECOND) -> None:
    """The same for what was acknowledged longer ago than `spared`; nothing stands there twice or torn."""
    everything = (*ledger.points, *ledger.lines)
    until = max((moment for moment, _ in everything), default=0.0) - spared
    points = {step for moment, step in ledger.points if moment <= until}
    lines = {step for moment, step in ledger.lines if moment <= until}

    assert record.torn == ()
    assert list(record.steps) == list(range(len(record.steps)))
    assert points <= set(record.steps)
    assert lines <= record.lines
