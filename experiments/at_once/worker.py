"""The process that trains one group of runs at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from experiments.training.settings import SettingsError, TrainSettings

if TYPE_CHECKING:
    from experiments.training.data import Dataset


def train_group(runs: Sequence[tuple[Connection, TrainSettings]], cards: str | None, *, must: bool) -> None:
    """Train these runs, and tell each what becomes of it. To be the target of a process: loads torch.

    Where it is not faster, which is measured first, they train by themselves, unless they `must` not.
    """
    if cards is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = cards
    import torch

    from experiments.training.data import DataError

    audience = Audience([connection for connection, _ in runs])
    try:
        _train(audience, [settings for _, settings in runs], must=must)
    except (DataError, SettingsError) as error:
        audience.tell_all("refused", str(error))
    except torch.OutOfMemoryError:
        audience.tell_all(
            "refused",
            f"out of memory: the card has no room for {len(runs)} seeds at once; start fewer, or one",
        )
    except KeyboardInterrupt:
        return  # the runs hear that nobody is there any more


class Audience:
    """Those who record the runs; one that has gone away hears nothing more, and harms nobody."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._connections = list(connections)
        self._gone: set[int] = set()

    def tell(self, number: int, what: str, content: Any) -> None:
        """Tell one of them, counted from 0."""
        if number in self._gone:
            return
        try:
            self._connections[number].send((what, content))
        except OSError:
            self._gone.add(number)

    def tell_all(self, what: str, content: Any) -> None:
        """Tell each."""
        for number in range(len(self._connections)):
            self.tell(number, what, content)

    def listens(self, number: int) -> bool:
        """Whether that one is still there, as far as anybody knows."""
        return number not in self._gone


def _train(audience: Audience, runs: Sequence[TrainSettings], *, must: bool) -> None:
    from experiments.recorded import facts_of
    from experiments.training import loop
    from experiments.training.at_once.loop import train_at_once
    from experiments.training.data import load_dataset

    dataset = load_dataset(runs[0], lambda *progress: audience.tell_all("progress", progress))
    if not must and (why_not := _in_vain(runs, dataset)):
        audience.tell_all("alone", why_not)
        return
    states = [loop.start(settings, dataset) for settings in runs]
    seeds = [settings.seed for settings in runs]
    audience.tell_all("taken", None)
    for number, state in enumerate(states):
        facts = facts_of(state, dataset, resumed=False)
        audience.tell(number, "facts", {**facts, "at_once": seeds})
    for number, result in train_at_once(states, dataset, audience.listens):
        audience.tell(number, "result", result)
    audience.tell_all("end", None)


def _in_vain(runs: Sequence[TrainSettings], dataset: Dataset) -> str:
    """Why these runs had better not be trained at once; "" where it is faster than one after the other."""
    import torch

    from experiments.training.at_once.pace import pace

    try:
        alone, together = pace(runs[:1], dataset), pace(runs, dataset)
    except torch.OutOfMemoryError:
        return f"{len(runs)} seeds at once do not fit into the card's memory: this run trains by itself"
    if together > alone:
        return ""
    return (
        f"{len(runs)} seeds at once train {together:.0f} images a second together, one alone {alone:.0f}: "
        "this run trains by itself"
    )
