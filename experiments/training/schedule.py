"""The learning rate at every optimiser step of a run."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from functools import partial
from itertools import accumulate

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from experiments.training.settings import TrainSettings

WARMUP_START = 0.01  # share of the learning rate at the first step of a warm-up
DECAY = 0.1  # what a milestone multiplies the learning rate by (He et al. 2015)


def make_schedule(optimizer: Optimizer, settings: TrainSettings, total_steps: int) -> LambdaLR:
    """A scheduler to be stepped after every optimiser step, over a run of `total_steps` steps."""
    return LambdaLR(optimizer, partial(lr_share, settings, total_steps))


def lr_share(settings: TrainSettings, total_steps: int, step: int) -> float:
    """The share of the learning rate that `step` (from 0) trains with.

    One number from the step alone, never from the last learning rate, so that a warm-up cannot be mistaken
    for a base and a resumed run goes on with the same numbers.
    """
    warmup = round(settings.warmup * total_steps)
    rise = WARMUP_START + (1 - WARMUP_START) * step / warmup if step < warmup else 1.0
    return rise * SHAPES[settings.schedule](settings, total_steps, warmup, step)


def _multistep(settings: TrainSettings, total: int, _warmup: int, step: int) -> float:
    """Milestones are shares of the whole run, warm-up included."""
    passed = sum(step >= max(1, round(share * total)) for share in settings.milestones)
    return DECAY**passed


def _cosine(_settings: TrainSettings, total: int, warmup: int, step: int) -> float:
    """Half a cosine from the end of the warm-up down to 0 at the end of the run."""
    if step < warmup:
        return 1.0
    return (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup))) / 2


def _restarts(settings: TrainSettings, total: int, warmup: int, step: int) -> float:
    """A cosine in each cycle; the cycles fill the run after the warm-up (Loshchilov & Hutter 2017)."""
    if step < warmup:
        return 1.0
    begin, end = cycle_of(cycle_ends(settings, total), step)
    begin = max(begin, warmup)
    return (1 + math.cos(math.pi * (step - begin) / max(1, end - begin))) / 2


def cycle_ends(settings: TrainSettings, total: int) -> tuple[int, ...]:
    """The steps after which a cycle is over, the last one at the end of the run."""
    warmup = round(settings.warmup * total)
    lengths = list(accumulate(CYCLES[settings.cycle_growth](settings.cycles)))
    return tuple(warmup + round((total - warmup) * length / lengths[-1]) for length in lengths)


def cycle_of(ends: tuple[int, ...], step: int) -> tuple[int, int]:
    """The first step of the cycle that `step` is in, and the step after its last."""
    number = min(bisect_right(ends, step), len(ends) - 1)
    return (ends[number - 1] if number else 0), ends[number]


CYCLES: dict[str, Callable[[int], list[int]]] = {
    "none": lambda cycles: [1] * cycles,
    "arithmetic": lambda cycles: list(range(1, cycles + 1)),  # 1, 2, 3, ...
    "geometric": lambda cycles: [2**cycle for cycle in range(cycles)],  # 1, 2, 4, ...
}


def _constant(_settings: TrainSettings, _total: int, _warmup: int, _step: int) -> float:
    return 1.0


SHAPES: dict[str, Callable[[TrainSettings, int, int, int], float]] = {
    "multistep": _multistep,
    "cosine": _cosine,
    "restarts": _restarts,
    "constant": _constant,
}
