"""Only what shall learn changes; micro-batches add up to their batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from experiments.training import checkpoint
from experiments.training.data import Dataset
from experiments.training.loop import TrainState, start, train
from experiments.training.results import EpochResult, Measured, Table, TestResult
from experiments.training.settings import TrainSettings
from experiments.training.state import batches_of, first_images, fixed_batch

MakeSettings = Callable[..., TrainSettings]
MakeDataset = Callable[..., Dataset]
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def tensors(state: TrainState) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in state.model.state_dict().items()}


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    return {name for name, tensor in before.items() if not torch.equal(tensor, after[name])}


def names_changed_by_training(settings: TrainSettings, dataset: Dataset) -> tuple[TrainState, set[str]]:
    state = start(settings, dataset)
    before = tensors(state)
    list(train(state, dataset))
    return state, changed(before, tensors(state))


def is_statistic(name: str) -> bool:
    return name.endswith(STATISTICS)


def statistics(state: TrainState) -> set[str]:
    return {name for name in state.model.state_dict() if is_statistic(name)}


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("trainable", ["all", "batchnorm", "all_but_batchnorm", "output", "none"])
def test_training_changes_what_learns_and_the_statistics(
    make_settings: MakeSettings, dataset: Dataset, trainable: str, optimizer: str
) -> None:
    settings = make_settings(trainable=trainable, optimizer=optimizer, weight_decay=0.01, epochs=1)
    state, names = names_changed_by_training(settings, dataset)
    assert names == state.trainable | statistics(state)


def test_a_batchnorm_only_run_leaves_all_other_weights_bitwise(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    _, names = names_changed_by_training(make_settings(trainable="batchnorm"), dataset)
    assert names
    assert all(".norm" in name for name in names)
    assert not any("conv" in name.split(".")[-2] or name.startswith("output") for name in names)


def test_frozen_batchnorm_keeps_scale_shift_and_statistics_bitwise(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    settings = make_settings(
        trainable="all_but_batchnorm", batchnorm="frozen", calibration_batches=2, lr=0.01
    )
    state, names = names_changed_by_training(settings, dataset)
    assert names == state.trainable
    assert not any(".norm" in name for name in names)


def test_frozen_statistics_with_a_learning_scale_stay_too(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    settings = make_settings(batchnorm="frozen", calibration_batches=2, lr=0.01)
    state, names = names_changed_by_training(settings, dataset)
    assert names == state.trainable
    assert "stem.norm.weight" in names


@pytest.mark.parametrize("average", ["ema", "swa"])
def test_frozen_statistics_stay_when_weights_are_averaged(
    average: str, make_settings: MakeSettings, dataset: Dataset
) -> None:
    settings = make_settings(
        batchnorm="frozen", calibration_batches=2, lr=0.01, average=average, average_from=0.0
    )
    state, names = names_changed_by_training(settings, dataset)
    assert names == state.trainable


def test_frozen_statistics_come_back_from_a_checkpoint(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    settings = make_settings(batchnorm="frozen", calibration_batches=2, lr=0.01)
    state = start(settings, dataset)
    calibrated = tensors(state)
    next(train(state, dataset))
    checkpoint.save(tmp_path / "run.pt", state)
    again = start(settings, dataset)
    for buffer in again.model.buffers():
        buffer.zero_()
    checkpoint.restore(tmp_path / "run.pt", again)
    list(train(again, dataset))
    assert not changed(calibrated, tensors(again)) & statistics(again)


def test_calibration_sets_the_statistics_from_so_many_batches(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    def stem(batches: int) -> Tensor:
        settings = make_settings(batchnorm="frozen", calibration_batches=batches)
        return start(settings, dataset).model.get_buffer("stem.norm.running_mean")

    assert torch.equal(stem(0), torch.zeros(4))
    assert not torch.equal(stem(1), torch.zeros(4))
    assert not torch.equal(stem(1), stem(2))
    # more batches than one epoch has: it goes on with the next
    assert not torch.equal(stem(4), stem(6))


def test_the_optimiser_holds_what_learns_and_nothing_else(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state = start(make_settings(trainable="batchnorm"), dataset)
    names = {parameter: name for name, parameter in state.model.named_parameters()}
    assert state.optimizer is not None
    held = {names[parameter] for group in state.optimizer.param_groups for parameter in group["params"]}
    assert held == state.trainable
    list(train(state, dataset))
    assert all(
        (parameter.grad is not None) == (name in state.trainable)
        for name, parameter in state.model.named_parameters()
    )


def test_a_network_where_nothing_learns_is_still_evaluated(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state = start(make_settings(trainable="none", batchnorm="frozen"), dataset)
    assert (state.optimizer, state.schedule, state.trainable) == (None, None, frozenset())
    results = list(train(state, dataset))
    assert [type(result) for result in results] == [EpochResult, EpochResult, Measured, Table, TestResult]
    one, two, *_ = results
    assert isinstance(one, EpochResult)
    assert isinstance(two, EpochResult)
    assert one.lr == 0.0
    assert one.validation_loss == two.validation_loss


def weights_after_one_step(
    make_settings: MakeSettings, dataset: Dataset, **changes: Any
) -> dict[str, Tensor]:
    settings = make_settings(epochs=1, batch_size=64, weight_decay=0.0, momentum=0.0, **changes)
    state = start(settings, dataset)
    before = tensors(state)
    list(train(state, dataset))
    assert state.step == 1
    return {name: state.model.state_dict()[name] - before[name] for name in sorted(state.trainable)}


def difference(one: dict[str, Tensor], two: dict[str, Tensor]) -> float:
    """The largest difference of any weight's step, as a share of the largest step."""
    largest = max(float(step.abs().max()) for step in one.values())
    return max(float((one[name] - two[name]).abs().max()) for name in one) / largest


@pytest.mark.parametrize("changes", [{"norm": "weight_norm"}, {"batchnorm": "frozen"}])
def test_micro_batches_add_up_to_the_batch_without_batch_statistics(
    make_settings: MakeSettings, dataset: Dataset, changes: dict[str, Any]
) -> None:
    whole = weights_after_one_step(make_settings, dataset, lr=0.001, **changes)
    parts = weights_after_one_step(make_settings, dataset, lr=0.001, micro_batch_size=8, **changes)
    assert difference(whole, parts) < 1e-4


def test_micro_batches_are_not_the_batch_under_batchnorm(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    whole = weights_after_one_step(make_settings, dataset)
    parts = weights_after_one_step(make_settings, dataset, micro_batch_size=8)
    assert difference(whole, parts) > 0.05


def test_the_optimiser_has_what_the_settings_say(make_settings: MakeSettings, dataset: Dataset) -> None:
    settings = make_settings(momentum=0.8, nesterov=True, weight_decay=0.25, lr_rule="linear")
    state = start(settings, dataset)
    assert state.optimizer is not None
    group = state.optimizer.param_groups[0]
    assert (group["momentum"], group["nesterov"], group["weight_decay"]) == (0.8, True, 0.25)
    assert group["lr"] == settings.scaled_lr == pytest.approx(0.1 * 16 / 128)


def test_weight_norm_starts_from_the_data(make_settings: MakeSettings, dataset: Dataset) -> None:
    state = start(make_settings(norm="weight_norm"), dataset)
    batch = batches_of(dataset, dataset.train, state.settings, state.device)
    images = first_images(batch, state.settings)
    found: list[Tensor] = []
    state.model.get_submodule("stem.conv").register_forward_hook(
        lambda _module, _inputs, output: found.append(output)
    )
    state.model(images)
    deviation, mean = torch.std_mean(found[0], dim=(0, 2, 3), correction=0)
    torch.testing.assert_close(deviation, torch.ones(4))
    torch.testing.assert_close(mean, torch.zeros(4), atol=1e-5, rtol=0)


def test_weight_norm_starts_from_many_images_whatever_the_batch(
    make_settings: MakeSettings, make_dataset: MakeDataset
) -> None:
    dataset = make_dataset(train=600)
    settings = make_settings(norm="weight_norm", batch_size=100, micro_batch_size=1)
    batch = batches_of(dataset, dataset.train, settings, torch.device("cpu"))
    assert first_images(batch, settings).shape == (256, 3, 16, 16)


def test_calibration_sees_what_training_would_normalise(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    settings = make_settings(batchnorm="frozen", calibration_batches=3, batch_size=16, micro_batch_size=4)
    state = start(settings, dataset)
    training = batches_of(dataset, dataset.train, settings, state.device)
    images = torch.cat([images for images, _ in islice(training.epoch(4, 1, 0, True), 3)])
    mean = state.model.get_submodule("stem.conv")(images).mean(dim=(0, 2, 3))
    torch.testing.assert_close(state.model.get_buffer("stem.norm.running_mean"), mean)


def test_the_fixed_batch_holds_all_classes(make_settings: MakeSettings, make_dataset: MakeDataset) -> None:
    dataset = make_dataset(train=1200)
    order = dataset.train.labels.argsort()  # sorted by class, as folders are
    dataset = replace(dataset, train=dataset.train.rows(order))
    settings = make_settings()
    batch = batches_of(dataset, dataset.train, settings, torch.device("cpu"))
    _, labels = fixed_batch(batch, settings)
    assert labels.numel() == 256
    assert min(labels.flatten().bincount(minlength=4)) > 40


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_weight_decay_reaches_every_weight_that_learns(
    make_settings: MakeSettings, dataset: Dataset, optimizer: str
) -> None:
    state = start(make_settings(optimizer=optimizer, weight_decay=0.25), dataset)
    assert state.optimizer is not None
    assert [group["weight_decay"] for group in state.optimizer.param_groups] == [0.25]
    assert sum(len(group["params"]) for group in state.optimizer.param_groups) == len(state.trainable)


def test_adamw_shrinks_weights_directly_and_adam_through_the_gradient(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    def step(optimizer: str, weight_decay: float) -> dict[str, Tensor]:
        settings = make_settings(
            optimizer=optimizer, weight_decay=weight_decay, epochs=1, batch_size=64, lr=0.01
        )
        state = start(settings, dataset)
        list(train(state, dataset))
        return tensors(state)

    name = "output.weight"
    start_weight = start(make_settings(), dataset).model.state_dict()[name]
    decoupled = step("adamw", 0.5)[name] - step("adamw", 0.0)[name]
    torch.testing.assert_close(decoupled, -0.01 * 0.5 * start_weight, atol=1e-6, rtol=1e-4)
    coupled = step("adam", 0.5)[name] - step("adam", 0.0)[name]
    assert not torch.allclose(coupled, decoupled, atol=1e-4)
