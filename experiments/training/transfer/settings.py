"""The settings of a run that starts from a pretrained network (standard library only)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from experiments.training.setting_checks import NAMED_DATA, SettingsError, check_choice, choices_of
from experiments.training.settings import TrainSettings

SAME = "same"  # the source is the data set of the target

# What the pretraining takes over: the network, how images are split, where it computes.
SHARED = (
    "data_dir", "validation", "split_seed", "augment",
    "depth", "width", "shortcut", "norm", "norm_place", "ghost_size", "groups", "activation", "dropout",
    "weight_init", "batchnorm_init",
    "seed", "device", "precision", "channels_last", "eval_batch_size", "fold_batchnorm",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TransferSettings(TrainSettings):
    """The settings of the training on the target, with those of the source and of the pretraining on it."""

    # the source, which the network is pretrained on
    source: str = SAME  # as data; or synthetic, cifar10, a path
    source_classes: int = (
        5  # the first so many classes; 0 takes all. The target has the rest of the same data
    )
    source_subset: int = 0  # training images, stratified by class; 0 takes all
    source_epochs: int = 160
    source_batch_size: int = 128
    source_lr: float = 0.1

    # the target, in training, validation and test alike
    target_corruption: str = "none"
    target_severity: int = 3  # of the corruption, from 1 to 5

    def __post_init__(self) -> None:
        super().__post_init__()
        for check in CHECKS:
            check(self)
        _ = self.pretraining

    @property
    def within_one_source(self) -> bool:
        """Whether source and target are parts of the same data."""
        return self.source in (SAME, self.data)

    @property
    def sources(self) -> dict[str, str]:
        """Where images come from, by the setting that says so."""
        return super().sources if self.within_one_source else {**super().sources, "source": self.source}

    @property
    def pretraining(self) -> TrainSettings:
        """The settings of the pretraining: the same network, SGD with momentum 0.9 and a cosine schedule."""
        data = self.data if self.within_one_source else self.source
        return TrainSettings(
            **{name: getattr(self, name) for name in SHARED},
            data=data,
            resize=0 if data in NAMED_DATA else self.resize,
            subset=self.source_subset,
            epochs=self.source_epochs,
            batch_size=self.source_batch_size,
            lr=self.source_lr,
            schedule="cosine",
        )

    @property
    def classes_of_source(self) -> slice:
        """The classes to pretrain with."""
        return slice(self.source_classes or None)

    @property
    def classes_of_target(self) -> slice:
        """The classes to train further with: those that the pretraining has not seen, where there are any."""
        return slice(self.source_classes, None) if self.within_one_source else slice(None)


def _check_source(s: TransferSettings) -> None:
    at_least = {"source_subset": 0, "source_epochs": 1, "source_batch_size": 1}
    for name, low in at_least.items():
        if getattr(s, name) < low:
            raise SettingsError(f"{name}={getattr(s, name)!r} must be at least {low}")
    if s.source_classes < 0 or s.source_classes == 1:
        raise SettingsError(f"source_classes={s.source_classes} must be at least 2, or 0 for all classes")
    if not (s.source_lr > 0 and math.isfinite(s.source_lr)):
        raise SettingsError(f"source_lr={s.source_lr!r} must be a finite number above 0")
    if s.source == "":
        raise SettingsError(f"source='' must be {SAME}, {', '.join(NAMED_DATA)}, or the path of images")
    if s.within_one_source and not s.source_classes and s.source_subset != s.subset:
        raise SettingsError(
            f"source_subset={s.source_subset} must be subset={s.subset} where all classes are both "
            "source and target: else some images that validate were pretrained with"
        )
    if s.norm == "ghost" and s.source_batch_size % s.ghost_size:
        raise SettingsError(f"ghost_size={s.ghost_size} must divide source_batch_size={s.source_batch_size}")


def _check_target(s: TransferSettings) -> None:
    check_choice("target_corruption", s.target_corruption, choices_of("test_corruption"))
    if not 1 <= s.target_severity <= 5:
        raise SettingsError(f"target_severity={s.target_severity} must be from 1 to 5")
    if s.target_corruption != "none" and s.test_corruption != "none":
        raise SettingsError(
            f"test_corruption={s.test_corruption!r}: target_corruption={s.target_corruption!r} changes the "
            "test images already; set one of them to none"
        )


CHECKS = (_check_source, _check_target)
