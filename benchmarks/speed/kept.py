"""What was measured, in a file that a later call goes on from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.machine import machine_words
from tracker.journal.atomic import replacing

PACKAGES = ("torch", "torchvision", "numpy", "pillow", "sacred")  # what the sides run on


class KeptError(Exception):
    """A file that cannot be gone on from; it stays as it is."""


@dataclass(frozen=True)
class Measured:
    """The rounds of a case: in each, numbers by name."""

    what: Mapping[str, Any]  # words and options that another measurement would not have
    rounds: Sequence[Mapping[str, float]]
    date: str
    seconds: float  # that measuring took

    def suffices(self, what: Mapping[str, Any], rounds: int) -> bool:
        """Whether the same was measured in at least so many rounds."""
        return self.what == what and len(self.rounds) >= rounds


def here() -> dict[str, Any]:
    """The machine and the versions, without which numbers do not stand beside each other."""
    return {"machine": machine_words(), "versions": {name: version(name) for name in PACKAGES}}


def read(path: Path, place: Mapping[str, Any]) -> dict[str, Measured]:
    """What stands in the file, by case; nothing where there is none.

    Raises KeptError where it is no such file, or is from elsewhere.
    """
    remedy = "It stays as it is: move it away, or name another file"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        of = {name: told[name] for name in place}
        found = {name: _measured(**one) for name, one in told["cases"].items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise KeptError(f"{path} cannot be read: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeptError(f"{path} is not what --json writes, or is damaged. {remedy}") from error
    for name, value in place.items():
        if of[name] != value:
            raise KeptError(f"{path} was measured with the {name} {of[name]}, and here is {value}. {remedy}")
    return found


def keep(path: Path, place: Mapping[str, Any], measured: Mapping[str, Measured]) -> None:
    """Write all of it in the file's place. Raises KeptError, and leaves the file as it was."""
    told = {**place, "cases": {name: asdict(one) for name, one in measured.items()}}
    try:
        with replacing(path) as file:
            file.write(json.dumps(told, indent=1) + "\n")
    except OSError as error:
        raise KeptError(f"{path} cannot be written: {error}") from error


def _measured(what: dict[str, Any], rounds: list[dict[str, float]], date: str, seconds: float) -> Measured:
    """Raises TypeError or ValueError where something is not what it is to be."""
    if not rounds or not all(float(number) == number for one in rounds for number in one.values()):
        raise ValueError(rounds)
    return Measured({**what}, rounds, str(date), float(seconds))
