"""Measuring one case after another, and what the next ones will take."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from benchmarks.speed import start_up
from benchmarks.speed.cases import Case
from benchmarks.speed.kept import Measured
from benchmarks.speed.rounds import Round, rounds_of
from benchmarks.speed.turns import SideError
from sweeps.views.forecast import Pace

START_UP = "start-up"  # its name beside those of cases


@dataclass(frozen=True)
class Task:
    """Something to measure in rounds; `what` tells it from any other."""

    name: str
    what: Mapping[str, Any]
    rounds: Callable[[int], Iterator[Mapping[str, float]]]


def task(name: str, case: Case) -> Task:
    """To measure a case."""

    def rounds(count: int) -> Iterator[Mapping[str, float]]:
        for number, found in enumerate(rounds_of(case, count), start=1):
            sys.stderr.write(
                f"  round {number} of {count}: {found.ours:.0f} against {found.other:.0f} {case.unit}, "
                f"ratio {found.ratio:.2f}, others {found.others:.2f} cores\n"
            )
            yield asdict(found)

    sides = {"ours": asdict(case.ours), "other": asdict(case.other)}
    return Task(name, _plain({**sides, "numbers": [one.name for one in fields(Round)]}), rounds)


def start_up_task() -> Task:
    """To measure how long commands take."""
    return Task(START_UP, _plain(start_up.what()), start_up.rounds)


def measure(
    tasks: Sequence[Task], count: int, known: Mapping[str, Measured], *, again: bool = False
) -> Iterator[tuple[str, Measured]]:
    """Every task with what was measured, as soon as it is; but for `again`, what is known is not measured."""
    stands = [one for one in tasks if not again and _known(one, known, count)]
    for one in stands:
        sys.stderr.write(f"{one.name}: stands in the file since {known[one.name].date}\n")
    missing = [one for one in tasks if one not in stands]
    expected = [_expected(known.get(one.name), count) for one in missing]
    pace = Pace()
    for place, one in enumerate(missing):
        left = [pace.of(seconds) for seconds in expected[place:]]
        sys.stderr.write(f"case {place + 1} of {len(missing)}: {one.name}{_left(left)}\n")
        began = time.monotonic()
        try:
            rounds = tuple(one.rounds(count))
        except SideError as error:
            raise SideError(f"{one.name} broke off: {error}") from error
        seconds = time.monotonic() - began
        pace.note(seconds, expected[place])
        yield one.name, Measured(one.what, rounds, f"{datetime.now(UTC):%Y-%m-%d}", round(seconds, 1))


def _known(one: Task, known: Mapping[str, Measured], count: int) -> bool:
    return one.name in known and known[one.name].suffices(one.what, count)


def _expected(before: Measured | None, count: int) -> float | None:
    return before.seconds / len(before.rounds) * count if before else None


def _left(seconds: Sequence[float | None]) -> str:
    """Nothing until all of them are known."""
    known = [one for one in seconds if one is not None]
    return f"; about {sum(known) / 60:.0f} min left" if len(known) == len(seconds) else ""


def _plain(what: Mapping[str, Any]) -> Mapping[str, Any]:
    """As it will be read back."""
    plain: Mapping[str, Any] = json.loads(json.dumps(what))
    return plain
