"""The settings of a search for a learning rate (standard library only)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from experiments.training.setting_checks import SettingsError, check_choice
from experiments.training.settings import TrainSettings
from experiments.training.tables import names_in

FEWEST_STEPS = 10  # with which a curve has a shape


@dataclass(frozen=True, kw_only=True)
class FinderSettings(TrainSettings):
    """The settings of the training that a rate is looked for, with those of the search.

    The training's own rate, its length and its schedule have no use here.
    """

    lowest_lr: float = 1e-5  # of the first step; each step multiplies it by the same number
    highest_lr: float = 10.0  # of the last step
    steps: int = 100
    loss_smoothing: float = 0.8  # weight of what was before in the smoothed loss; 0 leaves losses as they are
    diverged_at: float = 4.0  # times the lowest smoothed loss, at which the search is over
    rule: str = "tenth_of_minimum"  # that suggests; the other one, steepest, depends more on single batches

    def __post_init__(self) -> None:
        super().__post_init__()
        for check in CHECKS:
            check(self)

    def rate(self, step: int) -> float:
        """The setting `lr` that `step` (from 0) is made with."""
        share: float = (self.highest_lr / self.lowest_lr) ** (step / (self.steps - 1))
        return self.lowest_lr * share


def _check_range(s: FinderSettings) -> None:
    for name in ("lowest_lr", "highest_lr"):
        if not (getattr(s, name) > 0 and math.isfinite(getattr(s, name))):
            raise SettingsError(f"{name}={getattr(s, name)!r} must be a finite number above 0")
    if s.lowest_lr >= s.highest_lr:
        raise SettingsError(f"lowest_lr={s.lowest_lr!r} must be below highest_lr={s.highest_lr!r}")


def _check_curve(s: FinderSettings) -> None:
    if s.steps < FEWEST_STEPS:
        raise SettingsError(f"steps={s.steps!r} must be at least {FEWEST_STEPS}")
    if not 0 <= s.loss_smoothing < 1:
        raise SettingsError(f"loss_smoothing={s.loss_smoothing!r} must be from 0 up to, but not including, 1")
    if not (s.diverged_at > 1 and math.isfinite(s.diverged_at)):
        raise SettingsError(f"diverged_at={s.diverged_at!r} must be a finite number above 1")
    check_choice("rule", s.rule, names_in("finder/suggestion.py", "RULES"))


def _check_something_learns(s: FinderSettings) -> None:
    if s.trainable == "none":
        raise SettingsError("trainable='none': where nothing learns there is no learning rate to find")


CHECKS = (_check_range, _check_curve, _check_something_learns)
