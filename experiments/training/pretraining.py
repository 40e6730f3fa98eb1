"""A network trained once, then shared by every run that wants the same."""

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
from experiments.training.settings import SettingsError, TrainSettings
from experiments.training.state import TrainState
from experiments.training.taking_over import Weights

FOLDER = "pretrained"  # in data_dir
FORMAT = "sacred-grove pretrained 1"

Tell: TypeAlias = Callable[[str], None]  # hears a line now and then


@dataclass(frozen=True)
class Pretrained:
    """A network with how it came about."""

    weights: Weights
    about: Mapping[str, Any]  # plain JSON
    hash: str  # of everything that made it
    cached: bool  # whether it was there already

    @property
    def facts(self) -> dict[str, Any]:
        """What the record of a run says of it."""
        return {"hash": self.hash, "cached": self.cached, **self.about}


def pretrained(settings: TrainSettings, source: Dataset, tell: Tell) -> Pretrained:
    """The network that these settings make of a source, from the cache in data_dir, or trained and put there.

    Of several programs that want the same, one trains and the others wait, where the file system has locks.
    The test images of the source are never looked at. Raises SettingsError, DataError.
    """
    made_of = _made_of(settings, source)
    hash = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
    place = Path(settings.data_dir).expanduser() / FOLDER / f"{hash[:32]}.pt"
    if found := _read(place, hash):
        return found
    with ExitStack() as until_done:
        with _told_where(place.parent):
            waiting = partial(tell, "another run pretrains the same network: waiting for it")
            held = until_done.enter_context(alone(place.with_suffix(".lock"), waiting))
        if found := _read(place, hash):
            return found
        going = place.with_suffix(".state") if held else None
        state, last = _train(settings, source, tell, going)
        weights = {name: value.cpu() for name, value in state.model.state_dict().items()}
        about = {**made_of, **_reached(last)}
        with _told_where(place.parent):
            beside = place.with_suffix(f".{os.uname().nodename}-{os.getpid()}.part")
            saved.write(place, beside, {"format": FORMAT, "hash": hash, "weights": weights, "about": about})
        if going:
            going.unlink(missing_ok=True)
    return Pretrained(weights, about, hash, cached=False)


@contextmanager
def _told_where(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, checkpoint.CheckpointError) as error:
        raise DataError(
            f"the pretrained network cannot be kept in {folder}: {error}; set data_dir to a folder with room"
        ) from error


def _read(place: Path, hash: str) -> Pretrained | None:
    """The network in a file, or None where there is none, or it is damaged or another one."""
    try:
        found = saved.read(place)
    except (OSError, saved.DamagedError):
        return None
    if not isinstance(found, dict) or (found.get("format"), found.get("hash")) != (FORMAT, hash):
        return None
    return Pretrained(found["weights"], found["about"], hash, cached=True)


def _made_of(settings: TrainSettings, source: Dataset) -> dict[str, Any]:
    """Everything that decides the numbers of the network, as plain JSON."""
    device, precision = resolve(settings.device, settings.precision)
    config = settings.to_config()
    return {
        "settings": {name: value for name, value in config.items() if name not in FREE},
        "data": source.name,
        "classes": list(source.classes),
        "split_hash": source.split_hash,
        "mean": list(source.mean),
        "std": list(source.std),
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
    settings: TrainSettings, source: Dataset, tell: Tell, going: Path | None
) -> tuple[TrainState, EpochResult]:
    """The trained state and its last epoch; goes on from the file that an interrupted training has left."""
    state, last = _begun(settings, source, going), None
    for result in loop.train(state, source):
        if isinstance(result, Diverged):
            raise SettingsError(
                f"the pretraining diverged at step {result.step}: try a source_lr below {settings.lr:g}"
            )
        if not isinstance(result, EpochResult):
            continue
        last = result
        tell(f"pretraining, epoch {result.epoch}/{settings.epochs}: {_told(result)}")
        if result.epoch == settings.epochs:
            break  # what comes now looks at the test images
        if going:
            with _told_where(going.parent):
                checkpoint.save(going, state)
    assert last is not None  # an epoch at least was left to do
    return state, last


def _begun(settings: TrainSettings, source: Dataset, going: Path | None) -> TrainState:
    state = loop.start(settings, source)
    if going and going.exists():
        try:
            checkpoint.restore(going, state)
        except checkpoint.CheckpointError:
            return loop.start(settings, source)
    return state


def _reached(last: EpochResult) -> dict[str, Any]:
    return {
        "train_images": last.train_images,
        "validation_images": last.validation_images,
        "validation_accuracy": last.validation_accuracy,
        "validation_loss": last.validation_loss,
        "threads": torch.get_num_threads(),
    }


def _told(result: EpochResult) -> str:
    if result.validation_accuracy is None:
        return f"train accuracy {result.train_accuracy:.4g}"
    return f"validation accuracy {result.validation_accuracy:.4g}"
