"""What a run does where a trainer is at hand: it asks to be trained, and records what it hears."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Client, Connection
from typing import Any, TypeAlias

from experiments.training.results import Result
from experiments.training.settings import SettingsError, TrainSettings

VARIABLE = "TRAIN_AT_ONCE"  # holds the address of the trainer: a socket

Tell: TypeAlias = Callable[[str], None]
Report: TypeAlias = Callable[[str, int, int], None]


class Taken:
    """A run that a trainer has taken on."""

    def __init__(self, connection: Connection, tell: Tell) -> None:
        self._connection, self._tell = connection, tell

    def results(self, run: Any) -> Iterator[Result]:
        """What becomes of the network, as it is trained; the facts go into the run's record.

        Raises SettingsError for what cannot be trained. A trainer that is gone interrupts the run.
        """
        while True:
            match _heard(self._connection, self._tell):
                case "result", result:
                    yield result
                case "facts", facts:
                    run.info["training"] = facts
                case "refused", words:
                    raise SettingsError(words)
                case "end", _:
                    return


def join(settings: TrainSettings, report: Report, tell: Tell) -> Taken | None:
    """Have the run trained; None where there is no trainer, or where it has the run train by itself.

    Raises SettingsError for what cannot be trained. A trainer that is gone interrupts the run.
    """
    address = os.environ.get(VARIABLE, "")
    if not address:
        return None
    from experiments.training import loop  # noqa: F401  # the record names the code that trains
    from experiments.training.precision import resolve_device

    try:
        connection = Client(address, "AF_UNIX")
    except OSError as error:
        why = error.strerror or error
        tell(f"there is no trainer at {VARIABLE}={address} ({why}): this run trains by itself")
        return None
    device = resolve_device(settings.device).type
    with suppress(BrokenPipeError):  # it is gone already, which is heard
        connection.send((settings.to_config(), device, os.environ.get("CUDA_VISIBLE_DEVICES")))
    while True:
        match _heard(connection, tell):
            case "progress", progress:
                report(*progress)
            case "alone", words:
                tell(words)
                return None
            case "refused", words:
                raise SettingsError(words)
            case "taken", _:
                return Taken(connection, tell)


def _heard(connection: Connection, tell: Tell) -> tuple[str, Any]:
    try:
        told: tuple[str, Any] = connection.recv()
    except (EOFError, OSError):
        tell("the trainer has ended before this run: see whether it says why, and start it again")
        raise KeyboardInterrupt from None
    return told
