"""A run that goes on from a checkpoint is the run that was never interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from experiments.training import checkpoint
from experiments.training.checkpoint import CheckpointError
from experiments.training.data import Dataset
from experiments.training.loop import TrainState, start, train
from experiments.training.results import EpochResult, Result
from experiments.training.settings import TrainSettings

MakeSettings = Callable[..., TrainSettings]
MakeDataset = Callable[..., Dataset]

VARIANTS: dict[str, dict[str, Any]] = {
    "full": {"nesterov": True, "schedule": "cosine", "warmup": 0.4},
    "adam": {"optimizer": "adam", "lr": 0.01, "milestones": (0.5,)},
    "adamw": {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.1, "schedule": "cosine"},
    "bn_only": {"trainable": "batchnorm", "batchnorm_init": "uniform"},
    "frozen": {"batchnorm": "frozen", "calibration_batches": 2, "trainable": "all_but_batchnorm", "lr": 0.01},
    "weight_norm": {"norm": "weight_norm", "lr": 0.01, "micro_batch_size": 8},
    "bf16": {"precision": "bf16", "label_smoothing": 0.1},
    "nothing": {"trainable": "none"},
}


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """Nested dicts and lists as one dict by path."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {path: leaf for key, item in pairs for path, leaf in flat(item, f"{name}/{key}").items()}
    return {name: value}


def everything(state: TrainState) -> dict[str, Any]:
    return flat(
        {
            "model": dict(state.model.state_dict()),
            "modes": {name: module.training for name, module in state.model.named_modules()},
            "learning": {name: parameter.requires_grad for name, parameter in state.model.named_parameters()},
            "optimizer": state.optimizer.state_dict() if state.optimizer else {},
            "schedule": state.schedule.state_dict() if state.schedule else {},
            "random": torch.get_rng_state(),
            "position": [state.epoch, state.step],
        }
    )


def assert_same(one: dict[str, Any], two: dict[str, Any]) -> None:
    assert one.keys() == two.keys()
    for name, value in one.items():
        same = torch.equal(value, two[name]) if isinstance(value, Tensor) else value == two[name]
        assert same, name


def interrupted(
    settings: TrainSettings, dataset: Dataset, path: Path, epochs: int
) -> tuple[TrainState, list[Result]]:
    """A run that was left after some epochs, then started again; its state and the results since then."""
    first = start(settings, dataset)
    for result in train(first, dataset):
        if isinstance(result, EpochResult):
            checkpoint.save(path, first)
            if result.epoch == epochs:
                break
    torch.rand(7)  # whatever the process draws before it is started again
    second = start(settings, dataset)
    checkpoint.restore(path, second)
    return second, list(train(second, dataset))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_resumed_run_is_bitwise_the_uninterrupted_one(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path, variant: str
) -> None:
    settings = make_settings(epochs=3, log_every=3, **VARIANTS[variant])
    whole = start(settings, dataset)
    expected = list(train(whole, dataset))
    resumed, results = interrupted(settings, dataset, tmp_path / "run.pt", epochs=1)
    assert len(results) == len(expected) - 2  # the first epoch was one step result, one epoch result
    assert results == expected[2:]
    assert_same(everything(whole), everything(resumed))


def test_a_run_that_stopped_after_its_last_epoch_is_only_tested(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    settings = make_settings()
    expected = list(train(start(settings, dataset), dataset))
    _, results = interrupted(settings, dataset, tmp_path / "run.pt", epochs=2)
    assert results == expected[-1:]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_same_seed_gives_the_same_run_bitwise(
    make_settings: MakeSettings, dataset: Dataset, precision: str
) -> None:
    def run(seed: int) -> tuple[list[Result], dict[str, Any]]:
        state = start(make_settings(seed=seed, log_every=1, precision=precision), dataset)
        return list(train(state, dataset)), everything(state)

    one, again, other = run(5), run(5), run(6)
    assert not torch.equal(one[1]["/random"], other[1]["/random"])
    assert one[0] == again[0]
    assert_same(one[1], again[1])
    assert one[0][0] != other[0][0]


def test_random_numbers_go_on_where_they_were(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    state = start(make_settings(), dataset)
    torch.rand(5)  # as a network with dropout would
    checkpoint.save(tmp_path / "run.pt", state)
    expected = torch.rand(5)
    again = start(make_settings(), dataset)
    checkpoint.restore(tmp_path / "run.pt", again)
    assert torch.equal(torch.rand(5), expected)


# ---------------------------------------------------------------------------------------------------
# The file


def saved(settings: TrainSettings, dataset: Dataset, path: Path, epochs: int = 1) -> TrainState:
    state = start(settings, dataset)
    list(islice(train(state, dataset), epochs))
    checkpoint.save(path, state)
    return state


def test_the_file_is_tensors_numbers_and_text(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    saved(make_settings(optimizer="adam"), dataset, tmp_path / "run.pt")
    held = flat(torch.load(tmp_path / "run.pt", weights_only=True))
    assert {type(value) for value in held.values()} <= {Tensor, int, float, str, bool, tuple, type(None)}
    assert held["/epoch"] == 1
    assert held["/settings/optimizer"] == "adam"


def test_a_missing_folder_is_made(make_settings: MakeSettings, dataset: Dataset, tmp_path: Path) -> None:
    saved(make_settings(), dataset, tmp_path / "deep" / "down" / "run.pt")
    assert [path.name for path in (tmp_path / "deep" / "down").iterdir()] == ["run.pt"]


def test_a_place_that_cannot_be_written_is_one_sentence(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointError, match=r"file/run\.pt cannot be written .*another checkpoint"):
        saved(make_settings(), dataset, tmp_path / "file" / "run.pt")


def test_a_state_inside_an_epoch_is_not_saved(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    state = start(make_settings(log_every=1), dataset)
    next(train(state, dataset))
    with pytest.raises(CheckpointError, match="step 1 is inside an epoch; save when an EpochResult arrives"):
        checkpoint.save(tmp_path / "run.pt", state)
    assert list(tmp_path.iterdir()) == []


def test_a_diverged_state_does_not_replace_a_good_one(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    state = start(make_settings(), dataset)
    results = train(state, dataset)
    next(results)
    with torch.no_grad():
        state.model.get_parameter("stem.conv.weight").fill_(float("nan"))
    list(results)
    with pytest.raises(CheckpointError, match="inside an epoch"):
        checkpoint.save(tmp_path / "run.pt", state)


KILLED = """
import os, signal, sys
import torch
from experiments.training import checkpoint

class State:
    epoch = step = steps_per_epoch = 0

def half_a_write(contents, file):
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)

checkpoint._contents = lambda state: {}
torch.save = half_a_write
checkpoint.save(sys.argv[1], State())
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 on this system")
def test_a_kill_in_the_middle_of_writing_leaves_the_old_checkpoint(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "run.pt"
    state = saved(make_settings(), dataset, path)
    before = path.read_bytes()
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=Path.cwd(), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2  # what the kill left lies beside it

    fresh = start(make_settings(), dataset)
    checkpoint.restore(path, fresh)
    assert fresh.epoch == 1
    checkpoint.save(path, state)
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]


def test_a_full_disk_leaves_the_old_checkpoint(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.pt"
    state = saved(make_settings(), dataset, path)
    before = path.read_bytes()

    def full(_contents: object, file: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(CheckpointError, match=r"run\.pt cannot be written .*No space left.*free some space"):
        checkpoint.save(path, state)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, -1])
def test_a_truncated_file_is_refused_and_changes_nothing(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path, kept: float
) -> None:
    path = tmp_path / "run.pt"
    saved(make_settings(), dataset, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept) if kept == 0.5 else int(kept)])
    state = start(make_settings(), dataset)
    before = {name: value.clone() for name, value in state.model.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"run\.pt is damaged or no checkpoint; delete it"):
        checkpoint.restore(path, state)
    assert state.epoch == 0
    assert all(torch.equal(before[name], value) for name, value in state.model.state_dict().items())


def test_a_file_with_a_flipped_bit_is_refused(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "run.pt"
    state = saved(make_settings(), dataset, path)
    content = bytearray(path.read_bytes())
    weight = (
        state.model.get_parameter("stages.2.0.conv2.weight")
        .detach()
        .contiguous(memory_format=torch.channels_last)
    )
    place = content.find(weight.permute(0, 2, 3, 1).numpy().tobytes())
    assert place > 0
    content[place + 100] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.restore(path, start(make_settings(), dataset))


def test_a_file_of_something_else_is_refused(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    state = start(make_settings(), dataset)
    torch.save(state.model.state_dict(), tmp_path / "weights.pt")
    with pytest.raises(CheckpointError, match=r"weights\.pt is not a checkpoint of this training"):
        checkpoint.restore(tmp_path / "weights.pt", state)
    (tmp_path / "note.pt").write_text("hello")
    with pytest.raises(CheckpointError, match=r"note\.pt is damaged or no checkpoint"):
        checkpoint.restore(tmp_path / "note.pt", state)


def test_a_file_that_would_run_code_is_refused(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    torch.save({"format": checkpoint.FORMAT, "settings": Path("/")}, tmp_path / "run.pt")
    with pytest.raises(CheckpointError, match="damaged or no checkpoint"):
        checkpoint.restore(tmp_path / "run.pt", start(make_settings(), dataset))


def test_a_missing_file_is_one_sentence(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match=r"run\.pt cannot be read .*check the name"):
        checkpoint.restore(tmp_path / "run.pt", start(make_settings(), dataset))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lr": 0.2}, "lr is 0.1 there, 0.2 here"),
        ({"epochs": 3}, "epochs is 2 there, 3 here"),
        ({"seed": 2}, "seed is 1 there, 2 here"),
        ({"milestones": (0.5,)}, r"milestones is \[0.5, 0.75\] there, \[0.5\] here"),
        ({"precision": "bf16"}, "precision is 'fp32' there, 'bf16' here"),
        ({"width": 8, "depth": 14}, "depth is 8 there, 14 here; width is 4 there, 8 here"),
    ],
)
def test_a_checkpoint_of_other_settings_is_refused_with_the_differences(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    saved(make_settings(), dataset, tmp_path / "run.pt")
    with pytest.raises(
        CheckpointError, match=rf"run\.pt belongs to another run: {message}; use the settings"
    ):
        checkpoint.restore(tmp_path / "run.pt", start(make_settings(**changes), dataset))


def test_a_checkpoint_of_other_images_is_refused(
    make_settings: MakeSettings, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    saved(make_settings(), make_dataset(split_hash="abc"), tmp_path / "run.pt")
    with pytest.raises(CheckpointError, match="the split of the images is 'abc' there, 'def' here"):
        checkpoint.restore(tmp_path / "run.pt", start(make_settings(), make_dataset(split_hash="def")))


def test_where_and_what_is_reported_may_change_on_the_way_back(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    saved(make_settings(), dataset, tmp_path / "run.pt")
    settings = make_settings(
        device="auto",
        data_dir="elsewhere",
        eval_batch_size=7,
        log_every=2,
        checkpoint="x",
        checkpoint_every=5,
    )
    if torch.cuda.is_available():
        pytest.skip("auto is another device here, with another precision perhaps")
    state = start(settings, dataset)
    checkpoint.restore(tmp_path / "run.pt", state)
    assert state.epoch == 1
