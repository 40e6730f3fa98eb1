"""Which runs can be trained at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from experiments.training.settings import SettingsError, TrainSettings

# what a wide network can do; everything else works at once as it does alone
ABLE: dict[str, tuple[object, ...]] = {
    "norm": ("batchnorm", "group", "layer", "instance", "none"),
    "shortcut": ("A", "B", "none"),
    "trainable": (
        "all", "batchnorm", "batchnorm_scale", "batchnorm_shift", "all_but_batchnorm", "output", "shortcut",
        "shortcut+output", "batchnorm+output", "batchnorm+shortcut+output", "none",
    ),
    "dropout": (0.0,),
    "snapshots": (False,),
    "pitfall": ("none",),
    "measure": ("none",),
    "checkpoint": ("",),
    "save_memory": (False,),
    "compile": ("auto", "off"),
}  # fmt: skip


def check_alone(settings: TrainSettings) -> None:
    """Raise SettingsError for settings whose seeds have to be trained one after the other."""
    for name, values in ABLE.items():
        value = getattr(settings, name)
        if value not in values:
            able = ", ".join(map(repr, values))
            raise SettingsError(
                f"{name}={value!r} cannot be trained for several seeds at once, which takes {name}={able}; "
                "train the seeds one after the other"
            )


def check_together(runs: Sequence[TrainSettings]) -> None:
    """Raise SettingsError for runs that cannot be trained at once."""
    first = runs[0]
    for settings in runs:
        check_alone(settings)
        if replace(settings, seed=first.seed) != first:
            name = _first_difference(settings, first)
            raise SettingsError(
                f"only seeds of one setting can be trained at once, but {name} is {getattr(first, name)!r} "
                f"with seed={first.seed} and {getattr(settings, name)!r} with seed={settings.seed}"
            )
    seeds = [settings.seed for settings in runs]
    if twice := [seed for seed in seeds if seeds.count(seed) > 1]:
        raise SettingsError(f"seed={twice[0]} is given twice: every run has a seed of its own")


def _first_difference(one: TrainSettings, other: TrainSettings) -> str:
    names = (field.name for field in fields(other) if field.name != "seed")
    return next(name for name in names if getattr(one, name, None) != getattr(other, name))
