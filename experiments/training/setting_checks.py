"""What a setting may be, whatever the others are (standard library only)."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.training.tables import names_in

if TYPE_CHECKING:
    from experiments.training.settings import TrainSettings

OF_BATCHNORM = ("batchnorm", "ghost")  # the norms whose layers are BatchNorm's
PRECISIONS = ("auto", "fp32", "bf16")
DEVICES = ("auto", "cpu", "cuda", "mps")
NAMED_DATA = ("synthetic", "cifar10")  # anything else is a path

TABLES = {  # settings that choose from a table: its file, its name
    "network": ("models/__init__.py", "NETWORKS"),
    "shortcut": ("models/shortcuts.py", "SHORTCUTS"),
    "norm": ("norms/table.py", "NORMS"),
    "norm_place": ("models/blocks.py", "BLOCKS"),
    "activation": ("models/design.py", "ACTIVATIONS"),
    "weight_init": ("models/initialisation.py", "WEIGHT_INITS"),
    "output_init": ("models/initialisation.py", "OUTPUT_INITS"),
    "output_bias": ("models/initialisation.py", "OUTPUT_BIASES"),
    "batchnorm_init": ("models/initialisation.py", "BATCHNORM_INITS"),
    "trainable": ("trainable.py", "POLICIES"),
    "test_corruption": ("data/corruption.py", "CORRUPTIONS"),
    "test_views": ("views.py", "VIEWS"),
    "optimizer": ("optimizer.py", "OPTIMIZERS"),
    "schedule": ("schedule.py", "SHAPES"),
    "cycle_growth": ("schedule.py", "CYCLES"),
    "loss": ("losses.py", "LOSSES"),
    "pitfall": ("pitfalls.py", "PITFALLS"),
}
WORDS = {  # settings of a few fixed words
    "batchnorm": ("train", "frozen"),
    "batchnorm_average": ("exponential", "cumulative"),
    "test_statistics": ("running", "batch", "adapted"),
    "average": ("none", "ema", "swa"),
    "lr_rule": ("none", "linear", "sqrt"),
    "precision": PRECISIONS,
    "compile": ("auto", "on", "off"),
}

LARGEST_SEED = 2**32 - 1  # what numpy's legacy generator takes, which Sacred seeds


class SettingsError(ValueError):
    """A setting that cannot be trained with; the message names it and says what is allowed."""


def choices_of(name: str) -> tuple[str, ...]:
    """What a setting of TABLES or WORDS may be."""
    return names_in(*TABLES[name]) if name in TABLES else WORDS[name]


def check_choice(name: str, value: str, allowed: Sequence[str]) -> None:
    """Raise SettingsError unless the value is one of those."""
    if value not in allowed:
        close = difflib.get_close_matches(str(value), allowed, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise SettingsError(f"{name}={value!r} is not one of {', '.join(allowed)}{hint}")


def _check_choices(s: TrainSettings) -> None:
    for name in (*TABLES, *WORDS):
        check_choice(name, getattr(s, name), choices_of(name))


def _check_ranges(s: TrainSettings) -> None:
    at_least: dict[str, float] = {
        "width": 1, "ghost_size": 1, "groups": 0, "epochs": 1, "batch_size": 1, "micro_batch_size": 0,
        "weight_decay": 0, "cycles": 1, "imbalance": 1, "calibration_batches": 0, "precise_images": 0,
        "eval_batch_size": 1, "test_batch_size": 0, "test_severity": 1,
        "resize": 0, "subset": 0, "test_subset": 0, "split_seed": 0, "seed": 0,
        "log_every": 0, "checkpoint_every": 1,
    }  # fmt: skip
    for name, low in at_least.items():
        if not getattr(s, name) >= low:
            raise SettingsError(f"{name}={getattr(s, name)!r} must be at least {low:g}")
    below_one = (
        "momentum", "warmup", "label_smoothing", "label_noise", "validation", "dropout", "average_decay",
        "average_from",
    )  # fmt: skip
    for name in below_one:
        if not 0 <= getattr(s, name) < 1:
            raise SettingsError(f"{name}={getattr(s, name)!r} must be from 0 up to, but not including, 1")
    if not (s.lr > 0 and math.isfinite(s.lr)):
        raise SettingsError(f"lr={s.lr!r} must be a finite number above 0")
    if not math.isfinite(s.weight_decay):
        raise SettingsError(f"weight_decay={s.weight_decay!r} must be finite")
    for name in ("seed", "split_seed"):
        if getattr(s, name) > LARGEST_SEED:
            raise SettingsError(f"{name}={getattr(s, name)!r} must be at most {LARGEST_SEED}")
    if s.test_severity > 5:
        raise SettingsError(f"test_severity={s.test_severity} must be from 1 to 5")


def _check_depth(s: TrainSettings) -> None:
    if s.depth < 8 or (s.depth - 2) % 6:
        below = max(8, s.depth - (s.depth - 2) % 6)
        raise SettingsError(
            f"depth={s.depth} is not a CIFAR ResNet: it must be 6n+2, such as {below} or {below + 6}"
        )


def _check_shares(s: TrainSettings) -> None:
    shares = s.milestones
    if any(not 0 < share < 1 for share in shares) or list(shares) != sorted(set(shares)):
        raise SettingsError(
            f"milestones={list(shares)} must be rising shares of the run between 0 and 1, such as [0.5, 0.75]"
        )
    if not 0 < s.layer_lr_decay <= 1:
        raise SettingsError(f"layer_lr_decay={s.layer_lr_decay!r} must be above 0 and at most 1")
    if not 0 <= s.batchnorm_momentum <= 1:
        raise SettingsError(f"batchnorm_momentum={s.batchnorm_momentum!r} must be from 0 to 1")


def _check_sides(s: TrainSettings) -> None:
    if any(side < 4 for side in s.image_sides):
        raise SettingsError(f"image_sides={list(s.image_sides)} must be sides of at least 4 pixels")


def _check_measures(s: TrainSettings) -> None:
    allowed = names_in("measures/table.py", "MEASURES")
    for name in s.measures:
        check_choice("measure", name, allowed if len(s.measures) > 1 else ("none", *allowed))
    if len(set(s.measures)) < len(s.measures):
        raise SettingsError(f"measure={s.measure!r} names something twice")


def _check_data(s: TrainSettings) -> None:
    if s.data == "":
        raise SettingsError(
            "data='' must be synthetic, cifar10, or the path of a folder or zip of class folders"
        )


def _check_device(s: TrainSettings) -> None:
    device_parts(s.device)


def device_parts(name: str) -> tuple[str, int]:
    """The kind of a device and its number: ("cuda", 1) for cuda:1; raises SettingsError for other words."""
    kind, colon, number = name.partition(":")
    if kind not in DEVICES or (colon and not (kind == "cuda" and number.isdecimal())):
        raise SettingsError(
            f"device={name!r} is not one of {', '.join(DEVICES)}, or cuda:1 for the second GPU"
        )
    return kind, int(number or 0)


CHECKS = (
    _check_choices,
    _check_ranges,
    _check_depth,
    _check_shares,
    _check_sides,
    _check_measures,
    _check_data,
    _check_device,
)
