"""What every store of runs promises."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Protocol

from tracker.errors import UnknownRunError
from tracker.journal.layout import id_from
from tracker.run import Run, Series

__all__ = ["Artifacts", "RunStore", "Store", "id_from", "id_order", "unknown_run"]

SHOWN = 3  # ids that a message about an unknown run names


class Store(Protocol):
    """Runs on disk or on a server, only read; every method raises StoreError where it cannot."""

    address: str  # to be printed: without credentials

    def runs(self) -> Iterator[Run]:
        """Every run by id, numbers before names; a run that is hard to read comes with its `fault`."""

    def run(self, id: int | str) -> Run:
        """The run with this id, where 7 and "7" are the same; raises UnknownRunError."""

    def metrics(self, run: Run) -> tuple[str, ...]:
        """The names of the run's metrics, sorted."""

    def series(self, run: Run, name: str) -> Series:
        """All points of one metric; none where the run has no such metric, or it cannot be read."""

    def values(self, runs: Iterable[Run], name: str, reduction: str) -> dict[int | str, float]:
        """One metric of many runs, reduced as `tracker.run.reduced` says: run id -> number.

        A run without such a number is left out.
        """


class Artifacts(Protocol):
    """The files that runs left; every method raises StoreError where it cannot."""

    def artifacts(self, run: Run) -> tuple[str, ...]:
        """The names of the run's artifacts, sorted."""

    def artifact(self, run: Run, name: str) -> IO[bytes]:
        """One artifact as a file to read and to close; it need not lie on this machine."""


class RunStore(Store, Artifacts, Protocol):
    """Runs with the files they left."""


def id_order(id: int | str) -> tuple[bool, int | str]:
    """Sorts ids: numbers first, then names."""
    return isinstance(id, str), id


def unknown_run(id: int | str, known: Sequence[int | str], address: str) -> UnknownRunError:
    """The error for an id that the store does not hold, with those most like it."""
    if not known:
        return UnknownRunError(f"Run {id} is not in {address}, which holds no runs yet.")
    near = ", ".join(str(other) for other in _nearest(id, known))
    count = f"{len(known)} run{'s' * (len(known) > 1)}"
    return UnknownRunError(f"Run {id} is not in {address}, which holds {count}; nearest: {near}.")


def _nearest(id: int | str, known: Sequence[int | str]) -> list[int | str]:
    numbers = [other for other in known if isinstance(other, int)]
    if isinstance(id, int) and numbers:
        return sorted(sorted(numbers, key=lambda other: abs(other - id))[:SHOWN])
    alike = difflib.get_close_matches(str(id), [str(other) for other in known], n=SHOWN)
    return [id_from(text) for text in alike] or list(known[-SHOWN:])
