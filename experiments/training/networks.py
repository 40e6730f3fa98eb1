"""Networks that are trained once, then shared by every run that wants the same."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import torch

from experiments import training
from experiments.training import checkpoint, loop, saved
from experiments.training.alone import alone
from experiments.training.checkpoint import FREE
from experiments.training.data import DataError, Dataset
from experiments.training.precision import resolve
from experiments.training.results import Diverged, EpochResult
from experiments.training.settings import TrainSettings
from experiments.training.state import TrainState
from experiments.training.taking_over import Weights

FOLDER = "networks"  # in data_dir
FORMAT = "sacred-grove network 1"

Tell: TypeAlias = Callable[[str], None]  # hears a line now and then


class DivergedError(Exception):
    """A training whose loss stopped being finite, so that there is no network."""

    def __init__(self, result: Diverged) -> None:
        super().__init__(f"the training diverged at step {result.step}")
        self.result = result


@dataclass(frozen=True)
class TrainedNetwork:
    """A network with how it came about."""

    weights: Weights
    about: Mapping[str, Any]  # plain JSON
    hash: str  # of everything that made it
    cached: bool  # whether it was there already

    @property
    def facts(self) -> dict[str, Any]:
        """What the record of a run says of it."""
        return {"hash": self.hash, "cached": self.cached, **self.about}


def trained_network(settings: TrainSettings, dataset: Dataset, name: str, tell: Tell) -> TrainedNetwork:
    """The network that these settings make of a data set, kept in data_dir, or trained now and put there.

    Of several programs that want the same, one trains and the others wait, where the file system has locks.
    The test images are never looked at. `tell` hears of every epoch, under a `name`.
    Raises DivergedError, SettingsError, DataError.
    """
    made_of = _made_of(settings, dataset)
    hash = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
    place = Path(settings.data_dir).expanduser() / FOLDER / f"{hash[:32]}.pt"
    if found := _read(place, hash):
        return found
    with ExitStack() as until_done:
        with _told_where(place.parent):
            waiting = partial(tell, "another run trains the same network: waiting for it")
            held = until_done.enter_context(alone(place.with_suffix(".lock"), waiting))
        if found := _read(place, hash):
            return found
        going = place.with_suffix(".state") if held else None
        state, last = _train(settings, dataset, partial(_tell_epoch, tell, name), going)
        weights = {name: value.cpu() for name, value in state.model.state_dict().items()}
        about = {**made_of, **_reached(last)}
        with _told_where(place.parent):
            beside = place.with_suffix(f".{os.uname().nodename}-{os.getpid()}.part")
            saved.write(place, beside, {"format": FORMAT, "hash": hash, "weights": weights, "about": about})
        if going:
            going.unlink(missing_ok=True)
    return TrainedNetwork(weights, about, hash, cached=False)


@contextmanager
def _told_where(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, checkpoint.CheckpointError) as error:
        raise DataError(
            f"the trained network cannot be kept in {folder}: {error}; set data_dir to a folder with room"
        ) from error


def _read(place: Path, hash: str) -> TrainedNetwork | None:
    """The network in a file, or None where there is none, or it is damaged or another one."""
    try:
        found = saved.read(place)
    except (OSError, saved.DamagedError):
        return None
    if not isinstance(found, dict) or (found.get("format"), found.get("hash")) != (FORMAT, hash):
        return None
    return TrainedNetwork(found["weights"], found["about"], hash, cached=True)


def _made_of(settings: TrainSettings, dataset: Dataset) -> dict[str, Any]:
    """Everything that decides the numbers of the network, as plain JSON."""
    device, precision = resolve(settings.device, settings.precision)
    config = settings.to_config()
    return {
        "settings": {name: value for name, value in config.items() if name not in FREE},
        "data": dataset.name,
        "classes": list(dataset.classes),
        "split_hash": dataset.split_hash,
        "mean": list(dataset.mean),
        "std": list(dataset.std),
        "device": device.type,
        "precision": precision,
        "torch": str(torch.__version__),
        "code": _code(),
    }


def _code() -> str:
    """A hash of the code that trains."""
    folder = Path(training.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder)} {path.stat().st_size} ".encode() + path.read_bytes())
    return digest.hexdigest()


def _train(
    settings: TrainSettings, dataset: Dataset, tell: Callable[[EpochResult, int], None], going: Path | None
) -> tuple[TrainState, EpochResult]:
    """The trained state and its last epoch; goes on from the file that an interrupted training has left."""
    state, last = _begun(settings, dataset, going), None
    for result in loop.train(state, dataset):
        if isinstance(result, Diverged):
            raise DivergedError(result)
        if not isinstance(result, EpochResult):
            continue
        last = result
        tell(result, settings.epochs)
        if result.epoch == settings.epochs:
            break  # what comes now looks at the test images
        if going:
            with _told_where(going.parent):
                checkpoint.save(going, state)
    assert last is not None  # an epoch at least was left to do
    return state, last


def _begun(settings: TrainSettings, dataset: Dataset, going: Path | None) -> TrainState:
    state = loop.start(settings, dataset)
    if going and going.exists():
        try:
            checkpoint.restore(going, state)
        except checkpoint.CheckpointError:
            return loop.start(settings, dataset)
    return state


def _reached(last: EpochResult) -> dict[str, Any]:
    return {
        "train_images": last.train_images,
        "validation_images": last.validation_images,
        "validation_accuracy": last.validation_accuracy,
        "validation_loss": last.validation_loss,
        "threads": torch.get_num_threads(),
    }


def _tell_epoch(tell: Tell, name: str, result: EpochResult, epochs: int) -> None:
    reached = f"train accuracy {result.train_accuracy:.4g}"
    if result.validation_accuracy is not None:
        reached = f"validation accuracy {result.validation_accuracy:.4g}"
    tell(f"{name}, epoch {result.epoch}/{epochs}: {reached}")
