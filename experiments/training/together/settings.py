"""The settings of several networks that are trained apart (standard library only)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields

from experiments.training.setting_checks import LARGEST_SEED, SettingsError
from experiments.training.settings import TrainSettings


@dataclass(frozen=True, kw_only=True)
class EnsembleSettings(TrainSettings):
    """The settings of every member, and how many members there are."""

    members: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.members < 1:
            raise SettingsError(f"members={self.members} must be at least 1")

    def member(self, number: int) -> TrainSettings:
        """The settings of a member, counted from 1; its seed is no other member's, in this run or another."""
        shared = {field.name: getattr(self, field.name) for field in fields(TrainSettings)}
        return TrainSettings(**{**shared, "seed": member_seed(self.seed, number)})


def member_seed(seed: int, number: int) -> int:
    """The seed of a member, far from those of other runs: neighbours would share members otherwise."""
    digest = hashlib.sha256(f"member {number} of seed {seed}".encode()).digest()
    return int.from_bytes(digest[:8]) % (LARGEST_SEED + 1)
