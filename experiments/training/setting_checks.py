"""What a setting may be, and what settings may be together (standard library only)."""

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


def _check_depth(s: TrainSettings) -> None:
    if s.depth < 8 or (s.depth - 2) % 6:
        below = max(8, s.depth - (s.depth - 2) % 6)
        raise SettingsError(
            f"depth={s.depth} is not a CIFAR ResNet: it must be 6n+2, such as {below} or {below + 6}"
        )


def _check_network(s: TrainSettings) -> None:
    if s.network != "resnet" and s.shortcut != "none":
        raise SettingsError(f"network={s.network!r} has no shortcuts; say shortcut=none with it")
    if s.network == "perceptron" and s.norm == "instance":
        raise SettingsError(
            "norm='instance' has nothing to normalise in a perceptron, where an image is one pixel"
        )
    if s.network == "perceptron" and "filters" in s.measure:
        raise SettingsError("measure='filters' draws convolutions, and a perceptron has none")


def _check_batches(s: TrainSettings) -> None:
    if s.micro_batch_size and s.batch_size % s.micro_batch_size:
        raise SettingsError(
            f"micro_batch_size={s.micro_batch_size} must divide batch_size={s.batch_size}, "
            "so that every forward pass has the same number of samples"
        )
    if s.norm == "ghost" and s.forward_batch % s.ghost_size:
        raise SettingsError(
            f"ghost_size={s.ghost_size} must divide the {s.forward_batch} samples of a forward pass, "
            "so that every part of a batch counts alike"
        )


def _check_schedule(s: TrainSettings) -> None:
    shares = s.milestones
    if any(not 0 < share < 1 for share in shares) or list(shares) != sorted(set(shares)):
        raise SettingsError(
            f"milestones={list(shares)} must be rising shares of the run between 0 and 1, such as [0.5, 0.75]"
        )
    if not 0 < s.layer_lr_decay <= 1:
        raise SettingsError(f"layer_lr_decay={s.layer_lr_decay!r} must be above 0 and at most 1")
    if s.snapshots and s.schedule != "restarts":
        raise SettingsError("snapshots=True needs schedule=restarts: a snapshot is taken where a cycle ends")
    if any(side < 4 for side in s.image_sides):
        raise SettingsError(f"image_sides={list(s.image_sides)} must be sides of at least 4 pixels")
    if s.nesterov and (s.optimizer != "sgd" or s.momentum == 0):
        raise SettingsError("nesterov=True needs optimizer=sgd with a momentum above 0")


def _check_learning(s: TrainSettings) -> None:
    if s.norm not in OF_BATCHNORM and ("batchnorm" in s.trainable or s.batchnorm != "train"):
        name = "batchnorm" if s.batchnorm != "train" else "trainable"
        raise SettingsError(
            f"{name}={getattr(s, name)!r} needs BatchNorm layers, but norm={s.norm!r} has none"
        )
    if "shortcut" in s.trainable and s.shortcut not in ("B", "scaled"):
        raise SettingsError(
            f"trainable={s.trainable!r} needs shortcuts with parameters, but shortcut={s.shortcut!r} has none"
        )
    if s.trainable == "random" and s.norm in ("weight_norm", "weight_norm_mean_only", "spectral"):
        raise SettingsError(
            f"trainable='random' chooses weights of plain convolutions, but norm={s.norm!r} makes them of "
            "others; use norm=batchnorm"
        )
    if s.batchnorm_average == "cumulative" and s.norm == "mean_only":
        raise SettingsError("batchnorm_average='cumulative' is for norm=batchnorm and norm=ghost")
    if s.norm not in OF_BATCHNORM and (s.precise_images or s.test_statistics != "running"):
        name = "precise_images" if s.precise_images else "test_statistics"
        raise SettingsError(
            f"{name}={getattr(s, name)!r} needs BatchNorm layers, but norm={s.norm!r} has none"
        )
    if s.batchnorm == "frozen" and (s.precise_images or s.test_statistics == "adapted"):
        name = "precise_images" if s.precise_images else "test_statistics"
        raise SettingsError(
            f"{name}={getattr(s, name)!r} computes statistics anew, but batchnorm=frozen keeps those it has"
        )
    if s.test_severity > 5:
        raise SettingsError(f"test_severity={s.test_severity} must be from 1 to 5")
    if not 0 <= s.batchnorm_momentum <= 1:
        raise SettingsError(f"batchnorm_momentum={s.batchnorm_momentum!r} must be from 0 to 1")
    if s.calibration_batches and s.batchnorm != "frozen":
        raise SettingsError(
            f"calibration_batches={s.calibration_batches} needs batchnorm=frozen: "
            "otherwise the statistics follow every batch anyway"
        )


def _check_output(s: TrainSettings) -> None:
    learns = s.trainable in ("all", "all_but_batchnorm") or "output" in s.trainable.split("+")
    if s.output_init == "zero" and not learns and s.trainable != "none":
        raise SettingsError(
            f"output_init='zero' needs an output layer that learns, but trainable={s.trainable!r} leaves it: "
            "every answer would be the same for good; use output_init=he_normal or output_init=torch"
        )
    if s.output_bias == "base_rates" and s.loss in ("squared", "huber"):
        raise SettingsError(
            f"output_bias='base_rates' is for outputs that a softmax makes probabilities of, "
            f"but loss={s.loss!r} takes them as they are; use output_bias=zero"
        )


def _check_measures(s: TrainSettings) -> None:
    allowed = names_in("measures/table.py", "MEASURES")
    for name in s.measures:
        check_choice("measure", name, allowed if len(s.measures) > 1 else ("none", *allowed))
    if len(set(s.measures)) < len(s.measures):
        raise SettingsError(f"measure={s.measure!r} names something twice")
    if "probe" in s.measures and not s.validation:
        raise SettingsError(
            "measure='probe' asks validation images, but validation=0 holds none out; use validation=0.1"
        )


def _check_memory(s: TrainSettings) -> None:
    if not s.save_memory:
        return
    needed = {"norm": "batchnorm", "norm_place": "before", "activation": "relu", "pitfall": "none"}
    for name, value in needed.items():
        if getattr(s, name) != value:
            raise SettingsError(
                f"save_memory=True needs {name}={value}, but {name} is {getattr(s, name)!r}; leave it out"
            )
    if s.trainable == "random" or (s.batchnorm == "train" and s.trainable in ("all", "all_but_batchnorm")):
        raise SettingsError(
            f"save_memory=True saves nothing with trainable={s.trainable!r} and batchnorm={s.batchnorm!r}: "
            "it needs frozen convolutions, such as trainable=batchnorm, or batchnorm=frozen; leave it out"
        )


def _check_data(s: TrainSettings) -> None:
    if s.data == "":
        raise SettingsError(
            "data='' must be synthetic, cifar10, or the path of a folder or zip of class folders"
        )
    if s.resize and s.data in NAMED_DATA:
        raise SettingsError(f"resize={s.resize} is for folders of images; with data={s.data} leave resize=0")


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
    _check_network,
    _check_batches,
    _check_schedule,
    _check_learning,
    _check_output,
    _check_measures,
    _check_memory,
    _check_data,
    _check_device,
)
