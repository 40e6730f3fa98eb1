"""What a sweep shows while it goes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sweeps.driving.account import Account
from sweeps.driving.policy import Ending
from sweeps.driving.progress import SweepProgress
from sweeps.engines.base import Event, Task
from sweeps.exit_codes import DONE, FAILED, KILLED, MOVED_ON
from sweeps.planning.job import Expected, Job
from sweeps.planning.plan import Plan, PlannedCell
from sweeps.planning.tickets import Ticket
from sweeps.views.view import View
from sweeps.views.words import what

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def job(key: str, seconds: float | None = 10.0, nodes: tuple[str, ...] = ("rate",)) -> Job:
    settings = {"experiment": "full", "depth": 8, "lr": float(key[1:]) / 10}
    return Job(key, settings, 1, ("python",), nodes, "planned", expected=Expected(seconds))


def ticket(of: Job) -> Ticket:
    return Ticket(of, Task(of.key, ("true",), Path("logs") / f"{of.key}.log"), what(of, {}), 1)


def view(jobs: list[Job], states: Mapping[str, str] = {}) -> View:
    grid = [
        PlannedCell(node, one.settings["lr"], {}, one.seed, states.get(one.key, "planned"), one.key)
        for one in jobs
        for node in one.nodes
    ]
    shared = {"experiment": "full", "depth": 8}
    plan = Plan(Path("q.yaml"), "runs", "runs", NOON, tuple(jobs), tuple(grid), shared)
    return View(plan, {}, frozenset(), frozenset())


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def shown(terminal: bool, clock: Clock, width: int = 200) -> tuple[SweepProgress, Account, io.StringIO]:
    out = io.StringIO()
    account = Account(clock)
    console = Console(file=out, force_terminal=terminal, width=width, height=40, color_system=None)
    return SweepProgress(console, account), account, out


def ended(screen: SweepProgress, of: Job, code: int | None, seconds: float = 5.0, words: str = "") -> None:
    event = Event(of.key, "ended", code, seconds)
    screen.ended(ticket(of), event, Ending(code, words), again=False)


def test_elsewhere_every_event_is_a_line_with_counts(clock: Clock) -> None:
    screen, _, out = shown(False, clock)
    jobs = [job("k1"), job("k2")]
    with screen:
        screen.planned(view(jobs))
        screen.started(ticket(jobs[0]), Event("k1", "started", where="card 0"))
        ended(screen, jobs[0], FAILED, words="ValueError: [no]")

    lines = [line[9:] for line in out.getvalue().splitlines()]
    assert lines[1].startswith("started    ")
    assert lines[1].endswith("for rate  card 0  [0 of 2 done, 1 running, 1 left]")
    assert lines[2].startswith("FAILED     ")
    assert lines[3:] == ["ValueError: [no]", "its log: logs/k1.log"]


def test_the_settings_of_all_runs_are_said_once(clock: Clock) -> None:
    screen, _, out = shown(False, clock)
    screen.planned(view([job("k1")]))
    screen.planned(view([job("k1")]))

    assert out.getvalue() == "the same in all runs: experiment=full depth=8\n"


def test_a_terminal_shows_questions_runs_and_the_last_error(clock: Clock) -> None:
    screen, _, out = shown(True, clock)
    jobs = [job("k1"), job("k2"), job("k3", nodes=("rate", "other"))]
    with screen:
        screen.planned(view(jobs))
        screen.started(ticket(jobs[1]), Event("k2", "started", where="card 0"))
        screen.started(ticket(jobs[2]), Event("k3", "queued", where="job 7"))
        ended(screen, jobs[0], FAILED, words="ValueError: no")
        clock.now += 60
        screen.tick()

    picture = out.getvalue()
    assert "rate" in picture
    assert "other" in picture
    assert "(60 s)" in picture
    assert "waits" in picture
    assert "last error: experiment=full depth=8 lr=0.1 seed=1: ValueError: no" in picture
    assert "its log: logs/k1.log" in picture


def test_a_terminal_tells_the_speed_and_the_end(clock: Clock) -> None:
    screen, account, _ = shown(True, clock)
    jobs = [job(f"k{number}") for number in range(1, 6)]
    screen.planned(view(jobs))
    for one in jobs[:2]:
        screen.started(ticket(one), Event(one.key, "started"))
    clock.now += 20
    ended(screen, jobs[0], DONE, seconds=20.0)

    assert account.per_hour() == 180
    # runs take twice what was expected: one has 0 of its 20 s left, three take 20 s each, two at once
    assert account.seconds_left() == 40


def test_where_no_run_tells_how_long_one_takes_no_end_is_told(clock: Clock) -> None:
    _, account, _ = shown(False, clock)
    account.view = view([job("k1", None)])

    assert account.seconds_left() is None
    assert account.per_hour() is None


def test_a_run_that_another_launcher_was_quicker_with_is_no_failure(clock: Clock) -> None:
    screen, account, out = shown(False, clock)
    screen.planned(view([job("k1")]))
    ended(screen, job("k1"), MOVED_ON)

    assert "elsewhere" in out.getvalue()
    assert not account.failed


@pytest.mark.parametrize(("code", "word"), [(KILLED, "KILLED"), (None, "lost"), (FAILED, "FAILED")])
def test_every_end_has_its_word(clock: Clock, code: int | None, word: str) -> None:
    screen, _, out = shown(False, clock)
    screen.planned(view([job("k1")]))
    ended(screen, job("k1"), code)

    assert f" {word} " in out.getvalue()


def test_a_job_is_named_by_what_sets_it_apart() -> None:
    shared: Mapping[str, Any] = {"experiment": "full", "depth": 8}

    assert what(job("k2"), shared) == "lr=0.2 seed=1"
