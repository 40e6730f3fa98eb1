"""The settings of one training run, checked as a whole when they are made (standard library only)."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, get_args, get_origin, get_type_hints

SHORTCUTS = ("A", "B", "none")
NORMS = ("batchnorm", "weight_norm")
TRAINABLE = ("all", "batchnorm", "all_but_batchnorm", "output", "none")
BATCHNORM_MODES = ("train", "frozen")
BATCHNORM_INITS = ("one", "uniform")
OPTIMIZERS = ("sgd", "adam", "adamw")
SCHEDULES = ("multistep", "cosine", "constant")
LR_RULES = ("none", "linear", "sqrt")
PRECISIONS = ("auto", "fp32", "bf16")

REFERENCE_BATCH = (
    128  # the batch at which `lr` is meant, for the rules that scale it (He et al.; Goyal et al.)
)
LARGEST_SEED = 2**32 - 1  # what numpy's legacy generator takes, which Sacred seeds


class SettingsError(ValueError):
    """A setting that cannot be trained with; the message names it and says what is allowed."""


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Everything that decides a run's numbers, and where it computes them.

    The name of a field is its name on the command line, in the run's configuration and in the tree.
    """

    # data
    data: str = "synthetic"  # synthetic | cifar10 | path of a folder or zip of class folders
    data_dir: str = "data"  # where downloads and decoded arrays are kept
    resize: int = 0  # side in pixels to resize a folder's images to; 0 refuses images that are not 32x32
    subset: int = 0  # training images, stratified by class, before the split; 0 takes all
    test_subset: int = 0  # test images, stratified by class; 0 takes all
    validation: float = 0.1  # share of the training images held out
    split_seed: int = 0  # decides subset and split; the same for every seed of a question
    augment: bool = True  # pad-4 crop and horizontal flip

    # network
    depth: int = 20  # 6n+2
    width: int = 16  # channels of the first stage
    shortcut: str = "B"
    norm: str = "batchnorm"
    batchnorm_init: str = "one"  # the scale at the start: one, or uniform in [0, 1]

    # what learns
    trainable: str = "all"
    batchnorm: str = "train"  # frozen: normalises with its statistics, which stay as they are
    calibration_batches: int = 0  # forward passes that set the statistics before they are frozen

    # optimisation
    epochs: int = 160
    batch_size: int = 128  # samples per optimiser step
    micro_batch_size: int = 0  # samples per forward pass, which BatchNorm sees; 0: the same as batch_size
    optimizer: str = "sgd"
    lr: float = 0.1
    lr_rule: str = "none"  # how lr follows batch_size, seen from a batch of 128
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 1e-4
    schedule: str = "multistep"
    milestones: tuple[float, ...] = (0.5, 0.75)  # shares of the run at which lr is divided by ten
    warmup: float = 0.0  # share of the run over which lr rises from a hundredth
    label_smoothing: float = 0.0

    # how it is computed
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    channels_last: bool = True
    eval_batch_size: int = 500

    # what is reported and kept
    log_every: int = 0  # steps between training points; 0 reports once an epoch
    checkpoint: str = ""  # file that holds the whole state; a run that finds it goes on from there
    checkpoint_every: int = 1  # epochs

    def __post_init__(self) -> None:
        for check in _CHECKS:
            check(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], known: Sequence[str] = ()) -> TrainSettings:
        """The settings in a plain dict, as a command line or a stored run has them.

        Raises SettingsError for an unknown name, a wrong type or an impossible value. `known` are the names
        to suggest for an unknown one; all of them by default.
        """
        hints = get_type_hints(cls)
        for name in config:
            if name not in hints:
                raise SettingsError(_unknown(name, known or list(hints)))
        return cls(**{name: _typed(name, value, hints[name]) for name, value in config.items()})

    def to_config(self) -> dict[str, Any]:
        """The settings as plain JSON, the inverse of `from_config`."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values}

    @property
    def normalisation_batch(self) -> int:
        """Samples in one forward pass: what BatchNorm's statistics are made of."""
        return self.micro_batch_size or self.batch_size

    @property
    def scaled_lr(self) -> float:
        """The learning rate of an optimiser step after `lr_rule`."""
        ratio = self.batch_size / REFERENCE_BATCH
        return self.lr * {"none": 1.0, "linear": ratio, "sqrt": math.sqrt(ratio)}[self.lr_rule]


def _unknown(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" did you mean '{close[0]}'?" if close else ""
    return f"there is no setting '{name}':{hint} known settings: {', '.join(known)}"


def _typed(name: str, value: Any, kind: Any) -> Any:
    """The value as the field's type; whole floats pass as integers and integers as floats."""
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            raise SettingsError(f"{name}={value!r} must be a list of numbers, such as [0.5, 0.75]")
        return tuple(_typed(name, item, get_args(kind)[0]) for item in value)
    plain = not isinstance(value, bool)
    if kind is float and plain and isinstance(value, int | float):
        return float(value)
    if kind is int and plain and isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, kind) and (plain or kind is bool):
        return value
    words = {int: "a whole number", float: "a number", bool: "True or False", str: "text"}
    trap = ""
    if kind is float and isinstance(value, str) and _reads_as_finite(value):
        trap = f"; YAML reads {value} as text, write {float(value)!r}"
    raise SettingsError(f"{name}={value!r} must be {words[kind]}, not {type(value).__name__}{trap}")


def _reads_as_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


# ---------------------------------------------------------------------------------------------------
# Checks of values, each a sentence about one thing


def _check_choices(s: TrainSettings) -> None:
    choices = {
        "shortcut": SHORTCUTS,
        "norm": NORMS,
        "trainable": TRAINABLE,
        "batchnorm": BATCHNORM_MODES,
        "batchnorm_init": BATCHNORM_INITS,
        "optimizer": OPTIMIZERS,
        "schedule": SCHEDULES,
        "lr_rule": LR_RULES,
        "precision": PRECISIONS,
    }
    for name, allowed in choices.items():
        value = getattr(s, name)
        if value not in allowed:
            close = difflib.get_close_matches(str(value), allowed, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            raise SettingsError(f"{name}={value!r} is not one of {', '.join(allowed)}{hint}")


def _check_ranges(s: TrainSettings) -> None:
    at_least: dict[str, float] = {
        "width": 1, "epochs": 1, "batch_size": 1, "micro_batch_size": 0, "eval_batch_size": 1,
        "calibration_batches": 0, "resize": 0, "subset": 0, "test_subset": 0, "split_seed": 0, "seed": 0,
        "log_every": 0, "checkpoint_every": 1, "weight_decay": 0,
    }  # fmt: skip
    for name, low in at_least.items():
        if not getattr(s, name) >= low:
            raise SettingsError(f"{name}={getattr(s, name)!r} must be at least {low:g}")
    for name in ("momentum", "warmup", "label_smoothing", "validation"):
        if not 0 <= getattr(s, name) < 1:
            raise SettingsError(f"{name}={getattr(s, name)!r} must be from 0 up to, but not including, 1")
    if not (s.lr > 0 and math.isfinite(s.lr)):
        raise SettingsError(f"lr={s.lr!r} must be a finite number above 0")
    if not math.isfinite(s.weight_decay):
        raise SettingsError(f"weight_decay={s.weight_decay!r} must be finite")
    for name in ("seed", "split_seed"):
        if getattr(s, name) > LARGEST_SEED:
            raise SettingsError(f"{name}={getattr(s, name)!r} must be at most {LARGEST_SEED}")


def _check_depth(s: TrainSettings) -> None:
    if s.depth < 8 or (s.depth - 2) % 6:
        below = max(8, s.depth - (s.depth - 2) % 6)
        raise SettingsError(
            f"depth={s.depth} is not a CIFAR ResNet: it must be 6n+2, such as {below} or {below + 6}"
        )


def _check_batches(s: TrainSettings) -> None:
    if s.micro_batch_size and s.batch_size % s.micro_batch_size:
        raise SettingsError(
            f"micro_batch_size={s.micro_batch_size} must divide batch_size={s.batch_size}, "
            "so that every forward pass has the same number of samples"
        )
    if s.norm == "batchnorm" and s.batchnorm == "train" and s.normalisation_batch == 1:
        name = "micro_batch_size" if s.micro_batch_size else "batch_size"
        raise SettingsError(
            f"{name}=1: BatchNorm cannot train on one sample at a time; "
            "use at least 2, or batchnorm=frozen, or norm=weight_norm"
        )


def _check_schedule(s: TrainSettings) -> None:
    shares = s.milestones
    if any(not 0 < share < 1 for share in shares) or list(shares) != sorted(set(shares)):
        raise SettingsError(
            f"milestones={list(shares)} must be rising shares of the run between 0 and 1, such as [0.5, 0.75]"
        )
    if s.nesterov and (s.optimizer != "sgd" or s.momentum == 0):
        raise SettingsError("nesterov=True needs optimizer=sgd with a momentum above 0")


def _check_learning(s: TrainSettings) -> None:
    if s.norm != "batchnorm" and (
        s.trainable in ("batchnorm", "all_but_batchnorm") or s.batchnorm != "train"
    ):
        name = "batchnorm" if s.batchnorm != "train" else "trainable"
        raise SettingsError(
            f"{name}={getattr(s, name)!r} needs BatchNorm layers, but norm={s.norm!r} has none"
        )
    if s.calibration_batches and s.batchnorm != "frozen":
        raise SettingsError(
            f"calibration_batches={s.calibration_batches} needs batchnorm=frozen: "
            "otherwise the statistics follow every batch anyway"
        )
    if s.data == "":
        raise SettingsError(
            "data='' must be synthetic, cifar10, or the path of a folder or zip of class folders"
        )


_CHECKS = (_check_choices, _check_ranges, _check_depth, _check_batches, _check_schedule, _check_learning)
