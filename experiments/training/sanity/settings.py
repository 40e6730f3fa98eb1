"""The settings of a checklist (standard library only)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from experiments.training.setting_checks import SettingsError
from experiments.training.settings import TrainSettings

FEWEST_STEPS = 2  # with which a step has one before it
FEWEST_IMAGES = 2  # that can be told apart


@dataclass(frozen=True, kw_only=True)
class SanitySettings(TrainSettings):
    """The settings of the training that is checked, with those of the checks.

    How long the training is and how its rate moves have no use here: the steps are made with `lr` itself.
    """

    images: int = 32  # of the one batch that everything is looked at with
    steps: int = 100  # at most, to learn that batch by heart
    tolerance: float = 0.1  # nats between a loss and what it should be
    seconds: float = 90.0  # of computing, after which no step is begun

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, low in (("images", FEWEST_IMAGES), ("steps", FEWEST_STEPS)):
            if getattr(self, name) < low:
                raise SettingsError(f"{name}={getattr(self, name)!r} must be at least {low}")
        for name in ("tolerance", "seconds"):
            if not (getattr(self, name) > 0 and math.isfinite(getattr(self, name))):
                raise SettingsError(f"{name}={getattr(self, name)!r} must be a finite number above 0")
