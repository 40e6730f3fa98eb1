"""A checkpoint is written at once or not at all; a wrong one is refused in a sentence."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
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
from experiments.training.settings import TrainSettings

MakeSettings = Callable[..., TrainSettings]
MakeDataset = Callable[..., Dataset]


def saved(settings: TrainSettings, dataset: Dataset, path: Path, epochs: int = 1) -> TrainState:
    state = start(settings, dataset)
    list(islice(train(state, dataset), epochs))
    checkpoint.save(path, state)
    return state


def leaf_types(value: Any) -> Iterator[type]:
    if isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaf_types(item)
    else:
        yield type(value)


def test_the_file_is_tensors_numbers_and_text(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    saved(make_settings(optimizer="adam"), dataset, tmp_path / "run.pt")
    held = torch.load(tmp_path / "run.pt", weights_only=True)
    assert set(leaf_types(held)) <= {Tensor, int, float, str, bool, type(None)}
    assert (held["epoch"], held["settings"]["optimizer"]) == (1, "adam")


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


def older(path: Path, *names: str) -> None:
    """Let the checkpoint be one of before these settings were there."""
    held = torch.load(path, weights_only=True)
    for name in names:
        del held["settings"][name]
    torch.save(held, path)


def test_a_checkpoint_of_before_a_setting_was_there_goes_on_with_its_default(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    saved(make_settings(), dataset, tmp_path / "run.pt")
    older(tmp_path / "run.pt", "output_init", "output_bias", "image_sides")
    state = start(make_settings(), dataset)
    checkpoint.restore(tmp_path / "run.pt", state)
    assert state.epoch == 1


def test_a_checkpoint_of_before_a_setting_was_there_is_refused_with_another_value(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    saved(make_settings(), dataset, tmp_path / "run.pt")
    older(tmp_path / "run.pt", "output_init")
    with pytest.raises(CheckpointError, match="output_init is 'he_normal' there, 'zero' here"):
        checkpoint.restore(tmp_path / "run.pt", start(make_settings(output_init="zero"), dataset))


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
        fold_batchnorm=False,
        compile="on",
        log_every=2,
        checkpoint="x",
        checkpoint_every=5,
    )
    if torch.cuda.is_available():
        pytest.skip("auto is another device here, with another precision perhaps")
    state = start(settings, dataset)
    checkpoint.restore(tmp_path / "run.pt", state)
    assert state.epoch == 1
