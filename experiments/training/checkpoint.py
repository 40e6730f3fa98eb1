"""The whole state of a run in one file, written at once or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from experiments.training import saved
from experiments.training.settings import TrainSettings
from experiments.training.state import TrainState

FORMAT = "sacred-grove checkpoint 2"
# Settings that may differ on the way back: they say where to compute and what to report. Of precision, what
# it was resolved to is compared instead.
FREE = {
    *("device", "data_dir", "eval_batch_size", "fold_batchnorm", "compile", "precision"),
    *("log_every", "checkpoint", "checkpoint_every"),
}


class CheckpointError(Exception):
    """A file that cannot be written, or that a run cannot go on from; names the file and the remedy."""


def save(path: str | Path, state: TrainState) -> None:
    """Write the state in the place of what the file held; a crash leaves the old file as it was.

    To be called between epochs, which is when an EpochResult arrives. Raises CheckpointError.
    """
    path = Path(path)
    if state.step != state.epoch * state.steps_per_epoch:
        raise CheckpointError(
            f"{path}: step {state.step} is inside an epoch; save when an EpochResult arrives"
        )
    beside = path.with_name(path.name + ".part")  # one name, so that what a crash leaves is written over
    try:
        saved.write(path, beside, _contents(state))
    except (OSError, RuntimeError) as error:
        raise CheckpointError(
            f"{path} cannot be written ({_first_line(error)}); free some space or choose another checkpoint"
        ) from error


def restore(path: str | Path, state: TrainState) -> None:
    """Put a started run where the saved one was; changes nothing when it refuses.

    Raises CheckpointError for a file that is damaged, is no checkpoint, or belongs to another run; also for
    one of other code, which is found out in the middle: the state is of no use then.
    """
    path = Path(path)
    found = _read(path)
    _check_same_run(path, found, state)
    try:
        _put_back(found, state)
    except (RuntimeError, ValueError, LookupError, TypeError) as error:
        raise CheckpointError(
            f"{path} does not fit this code ({_first_line(error)}); delete it to start anew, or use the code "
            "that wrote it"
        ) from error


def _put_back(found: dict[str, Any], state: TrainState) -> None:
    state.model.load_state_dict(found["model"])
    if state.optimizer is not None and state.schedule is not None:
        state.optimizer.load_state_dict(found["optimizer"])
        state.schedule.load_state_dict(found["schedule"])
    if state.average is not None:
        state.average.load_state_dict(found["average"])
    state.snapshots = found["snapshots"]
    state.memory = found.get("memory", {})  # not there before anything could be measured
    torch.set_rng_state(found["random"])
    if state.device.type == "cuda" and found["random_cuda"] is not None:
        torch.cuda.set_rng_state(found["random_cuda"], state.device)
    state.epoch, state.step = found["epoch"], found["step"]


def _contents(state: TrainState) -> dict[str, Any]:
    """The state as tensors, numbers and text only, which torch reads without running code."""
    return {
        "format": FORMAT,
        "settings": state.settings.to_config(),
        "precision": state.precision,
        "split_hash": state.split_hash,
        "epoch": state.epoch,
        "step": state.step,
        "model": state.model.state_dict(),
        "optimizer": state.optimizer.state_dict() if state.optimizer else None,
        "schedule": state.schedule.state_dict() if state.schedule else None,
        "average": state.average.state_dict() if state.average else None,
        "snapshots": list(state.snapshots),
        "memory": state.memory,
        "random": torch.get_rng_state(),
        "random_cuda": torch.cuda.get_rng_state(state.device) if state.device.type == "cuda" else None,
    }


def _read(path: Path) -> dict[str, Any]:
    try:
        found = saved.read(path)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({_first_line(error)}); check the name") from error
    except saved.DamagedError as error:
        raise CheckpointError(
            f"{path} is damaged or no checkpoint; delete it to start anew, or name another file"
        ) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not a checkpoint of this training ({FORMAT}); name another file")
    return found


def _check_same_run(path: Path, found: dict[str, Any], state: TrainState) -> None:
    differences = [
        f"{name} is {_shown(there)} there, {_shown(here)} here"
        for name, there, here in _compared(found, state)
        if there != here
    ]
    if differences:
        raise CheckpointError(
            f"{path} belongs to another run: {'; '.join(differences)}; "
            "use the settings of that run, or another checkpoint file for this one"
        )


def _compared(found: dict[str, Any], state: TrainState) -> list[tuple[str, Any, Any]]:
    """Name, saved value and present value of everything that changes numbers.

    A setting of every training that the file does not know was not there yet when it was written: what the
    setting is by default is what the run had.
    """
    there = {**TrainSettings().to_config(), **found["settings"]}
    here = state.settings.to_config()
    names = sorted((there.keys() | here.keys()) - FREE)
    return [
        *((name, there.get(name), here.get(name)) for name in names),
        ("precision", found["precision"], state.precision),
        ("the split of the images", found["split_hash"], state.split_hash),
    ]


def _shown(value: Any) -> str:
    return "not known" if value is None else repr(value)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
