"""Looking at a network tells what it is, changes nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import replace
from statistics import mean
from typing import TypeVar

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from experiments.training.data import Dataset, ImageSet
from experiments.training.evaluate import mode_gap
from experiments.training.loop import start, train
from experiments.training.results import EpochResult, TestResult
from experiments.training.settings import TrainSettings
from experiments.training.state import batches_of, fixed_batch

MakeSettings = Callable[..., TrainSettings]
MakeDataset = Callable[..., Dataset]
Kind = TypeVar("Kind")


def of_kind(kind: type[Kind], results: Iterable[object]) -> list[Kind]:
    return [result for result in results if isinstance(result, kind)]


def test_the_batchnorm_gap_is_there_where_batch_statistics_are_used(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    def gap(**changes: object) -> float | None:
        result = next(train(start(make_settings(**changes), dataset), dataset))
        assert isinstance(result, EpochResult)
        return result.batchnorm_gap

    assert isinstance(gap(), float)
    assert gap(batchnorm="frozen") is None
    assert gap(norm="weight_norm", lr=0.01) is None


@pytest.mark.parametrize("size", [16, 2])
def test_the_batchnorm_gap_is_train_mode_minus_eval_mode_loss(
    make_settings: MakeSettings, make_dataset: MakeDataset, size: int
) -> None:
    dataset = make_dataset(train=64)
    state = start(make_settings(micro_batch_size=size), dataset)
    result = next(train(state, dataset))
    training = batches_of(dataset, dataset.train, state.settings, state.device)
    chunks = list(training.epoch(size, 1, 0, False))
    evaluated, trained = copy.deepcopy(state.model).eval(), copy.deepcopy(state.model).train()
    with torch.no_grad():
        in_train_mode = mean(float(cross_entropy(trained(images), labels)) for images, labels in chunks)
        images, labels = (torch.cat(parts) for parts in zip(*chunks, strict=True))
        in_eval_mode = float(cross_entropy(evaluated(images), labels))
    assert isinstance(result, EpochResult)
    assert abs(in_train_mode - in_eval_mode) > 1e-3  # so that its sign is more than chance
    assert result.batchnorm_gap == pytest.approx(in_train_mode - in_eval_mode, rel=1e-4)


def test_statistics_of_two_images_are_further_from_the_running_ones_than_those_of_64(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    settings = make_settings(batch_size=64, lr=0.02)
    state = start(settings, dataset)
    training = batches_of(dataset, dataset.train, settings, state.device)
    images, _ = next(training.epoch(64, 1, 0, False))
    for _ in range(50):
        state.model(images)

    def gap(size: int) -> float:
        batch = fixed_batch(training, replace(settings, micro_batch_size=size))
        return abs(mode_gap(state.model, *batch, state.precision) or 0.0)

    assert gap(2) > 10 * gap(64)


@pytest.mark.parametrize(
    ("images", "batch_size", "micro_batch_size", "shape"),
    [
        (70, 16, 0, (4, 16)),
        (70, 16, 2, (35, 2)),
        (600, 128, 2, (128, 2)),
        (600, 100, 0, (2, 100)),
        (600, 300, 0, (1, 300)),
    ],
)
def test_the_fixed_batch_is_whole_chunks_of_what_batchnorm_sees(
    make_settings: MakeSettings,
    make_dataset: MakeDataset,
    images: int,
    batch_size: int,
    micro_batch_size: int,
    shape: tuple[int, int],
) -> None:
    dataset = make_dataset(train=images)
    settings = make_settings(batch_size=batch_size, micro_batch_size=micro_batch_size)
    batch = batches_of(dataset, dataset.train, settings, torch.device("cpu"))
    found, labels = fixed_batch(batch, settings)
    assert found.shape == (*shape, 3, 16, 16)
    assert labels.shape == shape
    assert found[0].is_contiguous(memory_format=torch.channels_last)


def test_the_fixed_batch_is_not_augmented(make_settings: MakeSettings, dataset: Dataset) -> None:
    settings = make_settings()
    training = batches_of(dataset, dataset.train, settings, torch.device("cpu"))
    (as_they_are, _labels), *_ = training.in_order(len(training))
    known = {image.numpy().tobytes() for image in as_they_are}
    chunks, _ = fixed_batch(training, settings)
    assert {image.numpy().tobytes() for image in chunks.flatten(0, 1)} <= known


def test_everything_is_in_train_mode_again_after_a_look(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state = start(make_settings(), dataset)
    for _ in train(state, dataset):
        assert all(module.training for module in state.model.modules())


def test_looking_changes_no_tensor_and_no_random_number(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state = start(make_settings(), dataset)
    results = train(state, dataset)
    next(results), next(results)
    before = {name: tensor.clone() for name, tensor in state.model.state_dict().items()}
    random = torch.get_rng_state()
    *_, last = results
    assert isinstance(last, TestResult)
    assert all(torch.equal(before[name], tensor) for name, tensor in state.model.state_dict().items())
    assert torch.equal(random, torch.get_rng_state())


def test_batchnorm_counts_training_batches_alone(make_settings: MakeSettings, dataset: Dataset) -> None:
    # validation, the gap or the test in train mode would count too
    state = start(make_settings(), dataset)
    list(train(state, dataset))
    counts = {
        int(module.num_batches_tracked)
        for module in state.model.modules()
        if isinstance(module, nn.BatchNorm2d) and module.num_batches_tracked is not None
    }
    assert counts == {8}


def test_the_size_of_evaluation_batches_does_not_matter(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    def tested(size: int) -> TestResult:
        settings = make_settings(epochs=1, eval_batch_size=size)
        return of_kind(TestResult, train(start(settings, dataset), dataset))[0]

    whole, parts = tested(500), tested(7)
    assert whole.correct == parts.correct
    assert whole.loss == pytest.approx(parts.loss, rel=1e-6)


def losses_of_orders(settings: TrainSettings, dataset: Dataset) -> list[list[float]]:
    """Validation and test losses of a run, with these images class by class, then with them mixed."""
    found = []
    for mixed in (False, True):
        sets = {"validation": dataset.validation, "test": dataset.test}
        for name, images in sets.items():
            order = np.argsort(images.labels, kind="stable")
            sets[name] = images.rows(np.random.default_rng(0).permutation(order) if mixed else order)
        results = list(train(start(settings, dataset), replace(dataset, **sets)))
        validated = [result.validation_loss or 0.0 for result in of_kind(EpochResult, results)]
        found.append([*validated, *(result.loss for result in of_kind(TestResult, results))])
    return found


def test_the_order_of_the_images_does_not_matter_in_evaluation(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    by_class, mixed = losses_of_orders(make_settings(eval_batch_size=6), dataset)
    assert by_class == pytest.approx(mixed, rel=1e-6)


def test_the_order_of_the_images_would_matter_in_train_mode(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    settings = make_settings(eval_batch_size=6, pitfall="validate_in_train_mode")
    by_class, mixed = losses_of_orders(settings, dataset)
    assert by_class[0] != pytest.approx(mixed[0], rel=1e-2)


def test_an_answer_goes_with_its_image(make_settings: MakeSettings, dataset: Dataset) -> None:
    state = start(make_settings(), dataset)
    list(train(state, dataset))
    images, _labels = next(iter(batches_of(dataset, dataset.test, state.settings, state.device).in_order(30)))
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        state.model.eval()
        assert torch.equal(state.model(images)[order], state.model(images[order]))
        state.model.train()
        assert not torch.equal(state.model(images)[:15], state.model(images[:15]))  # normalised by others


@pytest.mark.parametrize(
    "changes", [{"test_statistics": "batch"}, {"test_statistics": "adapted"}, {"precise_images": 24}]
)
def test_statistics_of_a_part_of_the_images_are_not_those_of_one_class(
    changes: dict[str, object], make_settings: MakeSettings, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_class = replace(dataset, train=_by_class(dataset.train), test=_by_class(dataset.test))
    state = start(make_settings(epochs=1, test_batch_size=8, compile="off", **changes), by_class)
    spreads: list[float] = []

    def spread(_layer: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        spreads.append(float(inputs[0].mean(dim=(1, 2, 3)).std()))

    state.model.register_forward_pre_hook(spread)
    for _ in train(state, by_class):
        pass

    # the classes differ in grey; a batch of one class has a spread of 0.03
    assert min(spreads) > 0.2


def _by_class(images: ImageSet) -> ImageSet:
    """The images as a folder has them."""
    return images.rows(np.argsort(images.labels, kind="stable"))
