"""The settings of one training run, checked as a whole when they are made (standard library only)."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self, get_args, get_origin, get_type_hints

from experiments.training.setting_checks import CHECKS, SettingsError
from experiments.training.setting_conflicts import CONFLICTS

__all__ = ["SettingsError", "TrainSettings"]

REFERENCE_BATCH = 128  # the batch that `lr` is meant for, where a rule scales it (He et al.; Goyal et al.)


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
    label_noise: float = 0.0  # share of the training images that get the label of another class
    imbalance: float = 1.0  # how many times as many training images the first class has as the last

    # network
    network: str = "resnet"  # or vgg, or perceptron, which have no shortcuts
    depth: int = 20  # 6n+2
    width: int = 16  # channels of the first stage
    shortcut: str = "B"
    norm: str = "batchnorm"
    norm_place: str = "before"  # of the activation; after it; or preactivation
    ghost_size: int = 32  # samples that norm=ghost sees at a time
    groups: int = 0  # of channels for norm=group; 0: 32, or fewer in narrow layers
    activation: str = "relu"
    dropout: float = 0.0  # share of channels dropped inside a block
    weight_init: str = "he_normal"  # of the convolutions
    output_init: str = "he_normal"  # of the output layer's weights
    output_bias: str = "uniform"  # as torch starts it; or zero, or base_rates: the classes' log frequencies
    batchnorm_init: str = "one"  # the scale at the start: one, or uniform in [0, 1]
    batchnorm_momentum: float = 0.1  # weight of the newest batch in the running statistics
    batchnorm_average: str = "exponential"  # or cumulative: every batch so far counts alike

    # what learns
    trainable: str = "all"
    batchnorm: str = "train"  # frozen: normalises with its statistics, which stay as they are
    calibration_batches: int = 0  # forward passes that set the statistics before they are frozen

    # what the network is tested with
    precise_images: int = 0  # training images that BatchNorm's statistics are computed over at the end
    test_statistics: str = "running"  # or batch: of the test batch; or adapted: of all test images
    test_batch_size: int = 0  # 0: eval_batch_size; matters where the statistics are those of the batch
    test_corruption: str = "none"
    test_severity: int = 3  # of the corruption, from 1 to 5
    test_views: str = "one"  # of each image, whose probabilities are averaged

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
    cycles: int = 3  # of schedule=restarts
    cycle_growth: str = "geometric"  # or arithmetic (1, 2, 3, ...), or none
    snapshots: bool = False  # keep the network at the end of every cycle, and test them together
    layer_lr_decay: float = 1.0  # what lr is multiplied by from each layer to the one before it
    average: str = "none"  # of the weights: ema, or swa; its BatchNorm statistics are computed anew
    average_decay: float = 0.999  # of ema
    average_from: float = 0.75  # share of the run after which swa begins
    loss: str = "cross_entropy"  # that training makes small
    label_smoothing: float = 0.0
    image_sides: tuple[
        int, ...
    ] = ()  # progressive resizing: one after the other, for equal shares of the run

    # a known mistake, made on purpose
    pitfall: str = "none"

    # how it is computed
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    channels_last: bool = True
    compile: str = "auto"  # training steps by torch's compiler: on, off, or where the run is long enough
    save_memory: bool = False  # keep less for the backward pass where convolutions or BatchNorm are frozen
    eval_batch_size: int = 128  # whose activations fit a processor's cache
    fold_batchnorm: bool = True  # in evaluation, into the convolutions before it

    # what is reported and kept
    measure: str = "none"  # beside the skill: one of MEASURES, or several joined by +
    log_every: int = 0  # steps between training points; 0 reports once an epoch
    checkpoint: str = ""  # file that holds the whole state; a run that finds it goes on from there
    checkpoint_every: int = 1  # epochs

    def __post_init__(self) -> None:
        for check in (*CHECKS, *CONFLICTS):
            check(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], known: Sequence[str] = ()) -> Self:
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
    def sources(self) -> dict[str, str]:
        """Where images come from, by the setting that says so."""
        return {"data": self.data}

    @property
    def forward_batch(self) -> int:
        """Samples in one forward pass."""
        return self.micro_batch_size or self.batch_size

    @property
    def normalisation_batch(self) -> int:
        """Samples that BatchNorm's statistics are made of."""
        return self.ghost_size if self.norm == "ghost" else self.forward_batch

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of what is measured beside the skill."""
        return () if self.measure == "none" else tuple(self.measure.split("+"))

    @property
    def scaled_lr(self) -> float:
        """The learning rate of an optimiser step after `lr_rule`."""
        ratio = self.batch_size / REFERENCE_BATCH
        return self.lr * {"none": 1.0, "linear": ratio, "sqrt": math.sqrt(ratio)}[self.lr_rule]


def _unknown(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.7)
    hint = f" did you mean {' or '.join(map(repr, close))}?" if close else ""
    return f"there is no setting '{name}':{hint} print_config shows all {len(known)}"


def _typed(name: str, value: Any, kind: Any) -> Any:
    """The value as the field's type; whole floats pass as integers and integers as floats."""
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            example = [0.5, 0.75] if get_args(kind)[0] is float else [16, 24, 32]
            raise SettingsError(f"{name}={value!r} must be a list of numbers, such as {example}")
        return tuple(_typed(name, item, get_args(kind)[0]) for item in value)
    plain = not isinstance(value, bool)
    if kind is float and plain and isinstance(value, int | float):
        return float(value)
    if kind is int and plain and isinstance(value, float) and value.is_integer() and "seed" not in name:
        return int(value)  # but Sacred seeds with what was given, and takes whole numbers alone
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
