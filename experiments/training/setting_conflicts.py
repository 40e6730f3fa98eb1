"""What settings may not be together (standard library only)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.training.setting_checks import NAMED_DATA, OF_BATCHNORM, SettingsError

if TYPE_CHECKING:
    from experiments.training.settings import TrainSettings


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
    if s.snapshots and s.schedule != "restarts":
        raise SettingsError("snapshots=True needs schedule=restarts: a snapshot is taken where a cycle ends")
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


def _check_probe(s: TrainSettings) -> None:
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


def changing(s: TrainSettings) -> str:
    """The setting for which steps are not all alike, so that one compiled step does not stand for them."""
    if s.trainable == "none":
        return "trainable"  # no step is made
    alike = {"pitfall": "none", "image_sides": (), "batchnorm_average": "exponential"}
    return next((name for name, value in alike.items() if getattr(s, name) != value), "")


def _check_compile(s: TrainSettings) -> None:
    name = changing(s)
    if s.compile == "on" and name:
        raise SettingsError(
            f"compile='on' needs steps that are all alike, but {name} is {getattr(s, name)!r}; "
            "use compile=auto, which does without the compiler here"
        )


def _check_resize(s: TrainSettings) -> None:
    if s.resize and s.data in NAMED_DATA:
        raise SettingsError(f"resize={s.resize} is for folders of images; with data={s.data} leave resize=0")


CONFLICTS = (
    _check_network,
    _check_batches,
    _check_schedule,
    _check_learning,
    _check_output,
    _check_probe,
    _check_memory,
    _check_compile,
    _check_resize,
)
