"""What became of a run that was to be brought from one store to another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tracker.journal.folders import run_names
from tracker.stores.base import id_from, id_order, unknown_run


@dataclass(frozen=True, slots=True)
class Transfer:
    """One run: what it is called here and there, and whether anything had to be written."""

    run: str
    arrived: str = ""  # its name where it went
    written: bool = False
    trouble: str = ""  # why it did not arrive as a whole


Report = Callable[
    [Transfer, int, int], None
]  # after each run: what became of it, how many are done, of how many


def silent(_transfer: Transfer, _done: int, _total: int) -> None:
    """Reports nothing."""


def run_folders(store: Path) -> list[str]:
    """The names of the folders that runs may be in, in the order of their ids. Raises StoreError."""
    return sorted(run_names(store), key=lambda name: id_order(id_from(name)))


def chosen(runs: Iterable[str], known: list[str], shown: str) -> list[str]:
    """The runs that were named, or all. Raises UnknownRunError."""
    named = list(dict.fromkeys(runs))
    for name in named:
        if name not in known:
            raise unknown_run(id_from(name), [id_from(other) for other in known], shown)
    return named or known
