"""A rate to train with, read off a curve of losses (standard library only)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.training.finder.search import Diverged, Tried
    from experiments.training.finder.settings import FinderSettings

START = 0.1  # share of the steps that tell where the loss begins, and how much it varies by itself
CLEAR = 3.0  # standard deviations of what noise alone makes of it, by which the loss must fall
REACH = 0.1  # share of the steps on either side that a slope is measured over, which single batches bend
LOWER = 1000.0  # what to divide the lowest rate by where even that one was too high


@dataclass(frozen=True)
class Suggestion:
    """A rate for the setting `lr`, or None with the reason."""

    lr: float | None
    by_rule: Mapping[str, float]  # what each rule would say; empty without a suggestion
    words: str


def suggest(curve: Sequence[Tried], diverged: Diverged | None, settings: FinderSettings) -> Suggestion:
    """What the rule of the settings reads off the curve."""
    lowest = _lowest(curve, settings.loss_smoothing)
    if lowest is None:
        return Suggestion(None, {}, _why_none(diverged, settings))
    by_rule = {name: rule(curve, lowest) for name, rule in RULES.items()}
    lr = by_rule[settings.rule]
    others = ", ".join(f"{name} says {rate:.3g}" for name, rate in by_rule.items() if name != settings.rule)
    words = f"lr={lr:.3g} by the rule {settings.rule} ({others})"
    return Suggestion(lr, by_rule, f"{words}; {_how_it_ended(curve, lowest, diverged)}")


def _steepest(curve: Sequence[Tried], lowest: int) -> float:
    """The rate at which the smoothed loss falls fastest, before its lowest point.

    The steps lie evenly on a scale of factors, so a fall over as many steps is one over the same factor.
    """
    reach = min(max(1, round(REACH * len(curve))), lowest // 2)

    def change(place: int) -> float:
        return curve[place + reach].smoothed - curve[place - reach].smoothed

    return curve[min(range(reach, lowest - reach + 1), key=change)].lr


def _tenth_of_minimum(curve: Sequence[Tried], lowest: int) -> float:
    """A tenth of the rate at which the smoothed loss is lowest."""
    return curve[lowest].lr / 10


RULES: dict[str, Callable[[Sequence[Tried], int], float]] = {
    "steepest": _steepest,
    "tenth_of_minimum": _tenth_of_minimum,
}


def _lowest(curve: Sequence[Tried], smoothing: float) -> int | None:
    """Where the smoothed loss is lowest; None unless it gets below its start by more than noise explains."""
    length = max(3, round(START * len(curve)))
    if len(curve) <= length:
        return None
    start = [tried.loss for tried in curve[:length]]
    of_start, of_smoothed = 1 / length, (1 - smoothing) / (1 + smoothing)  # variances of such means
    noise = stdev(start) * math.sqrt(of_start + of_smoothed)
    lowest = min(range(length, len(curve)), key=lambda place: curve[place].smoothed)
    return lowest if fmean(start) - curve[lowest].smoothed > CLEAR * noise else None


def _why_none(diverged: Diverged | None, settings: FinderSettings) -> str:
    if diverged is None:
        return (
            f"no rate from {settings.lowest_lr:g} to {settings.highest_lr:g} makes the loss fall clearly: "
            "raise highest_lr, take more steps, or look at what is wrong with the network"
        )
    if diverged.step == 1:
        where = diverged.layer or "a layer that is not known"
        return (
            f"the loss is not finite before any step was made; {where} is the first to blame: "
            "no learning rate helps this network"
        )
    return (
        f"the loss diverges at step {diverged.step} with lr={diverged.lr:.3g}, before it has fallen: "
        f"begin lower, such as lowest_lr={settings.lowest_lr / LOWER:g}"
    )


def _how_it_ended(curve: Sequence[Tried], lowest: int, diverged: Diverged | None) -> str:
    least = f"the loss is lowest at {curve[lowest].lr:.3g}"
    if diverged is not None:
        return f"{least} and diverges at {diverged.lr:.3g}"
    if lowest == len(curve) - 1:
        return f"the loss still falls at {curve[-1].lr:.3g}, so that a higher highest_lr may say more"
    return f"{least} and does not diverge up to {curve[-1].lr:.3g}"
