"""The settings of several networks that are trained apart (standard library only)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields

from experiments.training.setting_checks import LARGEST_SEED, SettingsError
from experiments.training.settings import TrainSettings

# what a single network may be tested with, and members are not
OF_ONE = {
    "average": "none",
    "snapshots": False,
    "measure": "none",
    "precise_images": 0,
    "test_statistics": "running",
    "test_views": "one",
}


@dataclass(frozen=True, kw_only=True)
class EnsembleSettings(TrainSettings):
    """The settings of every member, and how many members there are."""

    members: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.members < 1:
            raise SettingsError(f"members={self.members} must be at least 1")
        for name, value in OF_ONE.items():
            if getattr(self, name) != value:
                raise SettingsError(
                    f"{name}={getattr(self, name)!r} is for the testing of one network, but members are "
                    f"tested as their last step leaves them: leave {name}={value!r}"
                )

    def member(self, number: int) -> TrainSettings:
        """The settings of a member, counted from 1; its seed is no other member's, in this run or another."""
        shared = {field.name: getattr(self, field.name) for field in fields(TrainSettings)}
        return TrainSettings(**{**shared, "seed": member_seed(self.seed, number)})


def member_seed(seed: int, number: int) -> int:
    """The seed of a member, far from those of other runs: neighbours would share members otherwise."""
    digest = hashlib.sha256(f"member {number} of seed {seed}".encode()).digest()
    return int.from_bytes(digest[:8]) % (LARGEST_SEED + 1)
