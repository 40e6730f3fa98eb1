"""What the process of one run is told on its command line."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from tracker.errors import LaunchError
from tracker.leases.base import Holder, Lease

_NOBODY = Holder("", 0, 0)


@dataclass(frozen=True)
class Order:
    """One run to carry out."""

    key: str  # of its lease
    seen: Lease | None  # what the lease was when the run was planned; only generation and beats count
    details: Mapping[str, Any]  # of the lease
    checkpoint: Path | None  # where the run keeps its state
    command: tuple[str, ...]

    @property
    def log(self) -> Path | None:
        """The file that takes what the command prints, where anybody has said so."""
        log = self.details.get("log")
        return Path(log) if isinstance(log, str) and log else None


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise LaunchError(
            f"sweeps.runner: {message}; `python -m sweeps.runner --help` shows how it is called"
        )


def read_order(arguments: Sequence[str]) -> Order:
    """The order in these words. Raises LaunchError."""
    parser = _Parser(
        prog="python -m sweeps.runner",
        description="Carry out one run under its lease, in the store that $TRACKER_STORE names. "
        "Engines start it; by hand, `sweeps run` is what you want.",
        epilog='Example: python -m sweeps.runner --key 9f2c --seen none --details "{}" -- python toy.py',
        allow_abbrev=False,
    )
    parser.add_argument("--key", required=True, help="of the lease")
    parser.add_argument(
        "--seen", required=True, help="GENERATION:BEATS of the lease when it was free, or none"
    )
    parser.add_argument("--details", default="{}", help="what the lease says of the run, as a JSON mapping")
    parser.add_argument("--checkpoint", type=Path, help="where the run keeps its state; gone when it is done")
    parser.add_argument("command", nargs="+", metavar="-- COMMAND", help="the run's own")
    told = parser.parse_args(list(arguments))
    seen = _seen(told.key, told.seen)
    return Order(told.key, seen, _details(told.details), told.checkpoint, tuple(told.command))


def _seen(key: str, told: str) -> Lease | None:
    if told == "none":
        return None
    generation, _, beats = told.partition(":")
    if not (generation.isdecimal() and beats.isdecimal()):
        raise LaunchError(f"sweeps.runner: --seen {told}: write GENERATION:BEATS, as in 2:17, or none")
    never = datetime.fromtimestamp(0, UTC)
    return Lease(key, int(generation), int(beats), _NOBODY, never, never)


def _details(told: str) -> Mapping[str, Any]:
    try:
        details = json.loads(told)
    except ValueError as error:
        raise LaunchError(f"sweeps.runner: --details {told}: this is no JSON ({error})") from error
    if not isinstance(details, dict):
        raise LaunchError(f"sweeps.runner: --details {told}: this is no mapping")
    return details
