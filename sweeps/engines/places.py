"""The places of a pool: how many runs go at once, on which cards, with how many threads."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, floor

from sweeps.engines.machine import places_in_memory
from sweeps.engines.options import EngineOptions
from tracker.commandline import counted
from tracker.errors import LaunchError

ROUNDING = 1e-6  # a third of a card fits three times
KEPT = 4  # runs on a card for which cores are kept, until it is known how many fit


@dataclass(eq=False)
class Group:
    """What a run is put on: a card, several, or none; and how many runs share it."""

    cards: tuple[str, ...] = ()
    capacity: int = 1
    threads: dict[str, int] = field(default_factory=dict)  # of each run that is here
    kept_for: str = ""  # the run that is to have it alone

    @property
    def free(self) -> int:
        """How many runs more it takes."""
        return 0 if self.kept_for else max(0, self.capacity - len(self.threads))


@dataclass
class Places:
    """The groups of a machine, filled evenly."""

    groups: list[Group]
    most: int  # runs at once
    threads: int  # of the next run
    cores: int
    measured: bool = False  # whether the machine is to find out how many runs fit on a card

    @property
    def taken(self) -> int:
        """How many runs there are."""
        return sum(len(group.threads) for group in self.groups)

    @property
    def free(self) -> int:
        """How many runs more may be started now."""
        free = min(sum(group.free for group in self.groups), self.most - self.taken)
        return max(0, min(free, self._in_cores()) if self.measured else free)

    def take(self, key: str, *, alone: bool = False) -> Group | None:
        """The emptiest group, with the run in it; None where there is no room.

        One that is to be `alone` has a group kept for it until that is empty.
        """
        group = self._kept_for(key) if alone else self._emptiest()
        if group is None or (alone and group.threads):
            return None
        group.threads[key] = self.threads
        return group

    def give_back(self, key: str) -> None:
        """The run is over."""
        for group in self.groups:
            group.threads.pop(key, None)
            if group.kept_for == key:
                group.kept_for = ""

    def learn(self, each: int, room: int) -> None:
        """A run takes `each` bytes on a card that has `room`: from now on as many share one as fit."""
        share = max(1, self.most // len(self.groups))
        fits = share if each <= 0 else max(1, min(share, room // each))
        for group in self.groups:
            group.capacity = fits
        self.threads = max(1, self.cores // (fits * len(self.groups)))

    def _kept_for(self, key: str) -> Group | None:
        kept = next((group for group in self.groups if group.kept_for == key), None)
        others = [group for group in self.groups if not group.kept_for]
        if kept is None and others:
            kept = min(others, key=lambda each: len(each.threads))
            kept.kept_for = key
        return kept

    def _emptiest(self) -> Group | None:
        fit = [group for group in self.groups if group.free] if self.free else []
        return min(fit, key=lambda each: len(each.threads), default=None)

    def _in_cores(self) -> int:
        """How many runs fit beside the threads that are there; an empty card is never left so."""
        handed = sum(sum(group.threads.values()) for group in self.groups)
        empty = sum(not group.threads and not group.kept_for for group in self.groups)
        return max(empty, (self.cores - handed) // self.threads)


def places(options: EngineOptions, cores: int, cards: Sequence[str], memory: int) -> Places:
    """The places that these options ask for. Raises LaunchError where the machine has not what they need."""
    check_needs(options, cores, cards)
    by_cores = max(1, cores // options.needs.cores)
    by_memory = places_in_memory(options.needs.memory, memory) or sys.maxsize
    if not cards:
        most = min(_asked(options, by_cores), by_memory)
        return Places([Group((), most)], most, max(1, cores // most), cores)
    groups = [Group(own) for own in _divided(cards, max(1, int(options.needs.gpus)))]
    each = _each(options, len(groups))
    most = min(_asked(options, len(groups) * each if each else max(len(groups), by_cores)), by_memory)
    for group in groups:
        group.capacity = each or 1
    at_once = min(most, len(groups) * (each or KEPT))
    return Places(groups, most, max(1, cores // at_once), cores, measured=each == 0)


def _asked(options: EngineOptions, carries: int) -> int:
    """Runs at once: what the machine carries, or fewer; on cores alone as many as somebody insists on."""
    insists = options.workers and options.needs.cores == 1 and not (options.per_gpu or options.needs.gpus)
    return options.workers if insists and options.workers else min(options.workers or carries, carries)


def check_needs(options: EngineOptions, cores: int, cards: Sequence[str]) -> None:
    """Raise LaunchError where this machine can never take such a run."""
    if options.needs.cores > cores:
        raise LaunchError(
            f"--cores {options.needs.cores}: this process may use {counted(cores, 'core')}; ask for fewer"
        )
    _check_cards(options, cards)


def _check_cards(options: EngineOptions, cards: Sequence[str]) -> None:
    """Raise LaunchError where cards are asked for that are not there, or that cannot be divided so."""
    gpus = options.needs.gpus
    if gpus > 1 and gpus != floor(gpus):
        raise LaunchError(f"--gpus {gpus:g}: a run takes a share of one card or whole ones; say 0.5, 1 or 2")
    if gpus >= 1 and (options.per_gpu or 1) > 1:
        raise LaunchError(
            f"--gpus {gpus:g} --per-gpu {options.per_gpu}: a run that takes whole cards shares none; "
            "leave one of the two out"
        )
    if (gpus or options.per_gpu) and not cards:
        asked = f"--gpus {gpus:g}" if gpus else f"--per-gpu {options.per_gpu}"
        raise LaunchError(
            f"{asked}: there is no graphics card on this machine that may be used; leave it out, "
            "or look at `nvidia-smi` and $CUDA_VISIBLE_DEVICES"
        )
    if gpus > len(cards):
        raise LaunchError(f"--gpus {gpus:g}: this machine has {len(cards)}; ask for fewer")


def _each(options: EngineOptions, groups: int) -> int:
    """How many runs share a card, as somebody has told; 0 where it is to be measured."""
    if options.per_gpu:
        return options.per_gpu
    if options.needs.gpus:
        return max(1, floor(1 / options.needs.gpus + ROUNDING))
    return ceil(options.workers / groups) if options.workers else 0


def _divided(cards: Sequence[str], size: int) -> list[tuple[str, ...]]:
    whole = len(cards) - len(cards) % size
    return [tuple(cards[first : first + size]) for first in range(0, whole, size)]
