"""The loop yields what happened, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from typing import TypeVar

import pytest
import torch

from experiments.training.data import Dataset
from experiments.training.loop import start, train
from experiments.training.results import EpochResult, Measured, StepResult, Table, TestResult, Warned
from experiments.training.settings import SettingsError, TrainSettings

MakeSettings = Callable[..., TrainSettings]
MakeDataset = Callable[..., Dataset]
Kind = TypeVar("Kind")


def of_kind(kind: type[Kind], results: Iterable[object]) -> list[Kind]:
    return [result for result in results if isinstance(result, kind)]


def test_an_epoch_is_one_result_and_the_test_set_comes_once_at_the_end(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    results = list(train(start(make_settings(epochs=3), dataset), dataset))
    results = [result for result in results if not isinstance(result, Warned)]
    assert [type(result) for result in results] == [EpochResult] * 3 + [Measured, Table, TestResult]
    epochs = of_kind(EpochResult, results)
    assert [(result.epoch, result.step) for result in epochs] == [(1, 4), (2, 8), (3, 12)]
    assert {(result.train_images, result.validation_images) for result in epochs} == {(64, 24)}
    tested = of_kind(TestResult, results)[0]
    assert (tested.step, tested.images) == (12, 30)
    assert tested.accuracy == 100 * tested.correct / 30


def test_the_test_images_are_not_touched_before_the_end(
    make_settings: MakeSettings, make_dataset: MakeDataset
) -> None:
    dataset = make_dataset()
    results = train(start(make_settings(), dataset), dataset)
    next(results), next(results)
    dataset.test.images[:] = 0  # too late to matter for training, early enough for the test
    blackened = next(results)
    untouched = make_dataset()
    usual = list(train(start(make_settings(), untouched), untouched))[-1]
    assert blackened != usual


def test_steps_are_reported_every_k_steps_with_the_mean_since_the_last(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    every = of_kind(StepResult, train(start(make_settings(log_every=1), dataset), dataset))
    assert [(result.step, result.epoch) for result in every] == [(k, (k + 3) // 4) for k in range(1, 9)]

    results = list(train(start(make_settings(log_every=2), dataset), dataset))
    pairs = of_kind(StepResult, results)
    assert [result.step for result in pairs] == [2, 4, 6, 8]
    means = [(one.loss + two.loss) / 2 for one, two in zip(every[::2], every[1::2], strict=True)]
    assert [result.loss for result in pairs] == pytest.approx(means)
    epoch = of_kind(EpochResult, results)[0]
    assert epoch.train_loss == pytest.approx(sum(means[:2]) / 2)
    assert epoch.train_accuracy == pytest.approx(sum(result.accuracy for result in pairs[:2]) / 2)


def test_a_report_never_reaches_back_into_the_epoch_before(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    every = of_kind(StepResult, train(start(make_settings(log_every=1), dataset), dataset))
    thirds = of_kind(StepResult, train(start(make_settings(log_every=3), dataset), dataset))
    assert [(result.step, result.epoch) for result in thirds] == [(3, 1), (6, 2)]
    assert thirds[1].loss == pytest.approx((every[4].loss + every[5].loss) / 2)  # steps 5 and 6


def test_the_reported_rate_is_the_one_that_the_last_step_used(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    settings = make_settings(log_every=1, milestones=(0.5,))
    results = list(train(start(settings, dataset), dataset))
    assert [result.lr for result in of_kind(StepResult, results)] == pytest.approx([0.1] * 4 + [0.01] * 4)
    assert [result.lr for result in of_kind(EpochResult, results)] == pytest.approx([0.1, 0.01])


def test_training_learns(make_settings: MakeSettings, dataset: Dataset) -> None:
    tested = list(train(start(make_settings(epochs=12, lr=0.02, schedule="cosine"), dataset), dataset))[-1]
    assert isinstance(tested, TestResult)
    assert tested.accuracy > 60  # 25 by chance


def test_every_epoch_has_an_order_of_its_own(make_settings: MakeSettings, dataset: Dataset) -> None:
    state = start(make_settings(trainable="none", augment=False), dataset)
    seen: list[list[float]] = []
    state.model.register_forward_pre_hook(
        # gradients are on for training alone, not for the batches that the gap is taken on
        lambda _model, inputs: (
            seen.append(inputs[0].sum((1, 2, 3)).tolist()) if torch.is_grad_enabled() else None
        )
    )
    list(train(state, dataset))
    assert len(seen) == 8
    one, two = list(chain(*seen[:4])), list(chain(*seen[4:]))
    assert one != two
    assert len(set(one) & set(two)) > 32  # the same images, but for a few that the last batch left out


def test_training_images_alone_are_augmented(make_settings: MakeSettings, dataset: Dataset) -> None:
    def images_seen(augment: bool, training: bool) -> set[float]:
        state = start(make_settings(trainable="none", augment=augment), dataset)
        seen: set[float] = set()
        # the gap, which is taken on training images as they are, does neither
        counts = torch.is_grad_enabled if training else torch.is_inference_mode_enabled
        state.model.register_forward_pre_hook(
            lambda _model, inputs: seen.update(inputs[0].sum((1, 2, 3)).tolist()) if counts() else None
        )
        list(train(state, dataset))
        return seen

    assert len(images_seen(augment=False, training=True)) <= 70
    assert len(images_seen(augment=True, training=True)) > 100
    assert images_seen(augment=False, training=False) == images_seen(augment=True, training=False)


def test_without_a_validation_split_there_is_no_validation(
    make_settings: MakeSettings, make_dataset: MakeDataset
) -> None:
    dataset = make_dataset(validation=0)
    result = next(iter(train(start(make_settings(), dataset), dataset)))
    assert isinstance(result, EpochResult)
    assert (result.validation_loss, result.validation_accuracy, result.validation_images) == (None, None, 0)


def test_a_split_smaller_than_a_batch_is_refused(
    make_settings: MakeSettings, make_dataset: MakeDataset
) -> None:
    with pytest.raises(SettingsError, match=r"batch_size=16 is more than the 15 training images .* smaller"):
        start(make_settings(), make_dataset(train=15))


def test_batchnorm_never_sees_a_last_batch_of_one(
    make_settings: MakeSettings, make_dataset: MakeDataset
) -> None:
    dataset = make_dataset(train=33)  # two batches of 16, one image over
    state = start(make_settings(epochs=1), dataset)
    sizes = []
    layer = state.model.get_submodule("stem")
    layer.register_forward_hook(
        lambda module, inputs, _output: sizes.append(len(inputs[0])) if module.training else None
    )
    result = next(iter(train(state, dataset)))
    assert sizes[:2] == [16, 16]
    assert 1 not in sizes
    assert isinstance(result, EpochResult)
    assert result.train_images == 32


def test_label_smoothing_is_for_training_alone(make_settings: MakeSettings, dataset: Dataset) -> None:
    plain, smooth = (
        start(make_settings(epochs=1, label_smoothing=smoothing, trainable="none"), dataset)
        for smoothing in (0.0, 0.5)
    )
    one, two = next(train(plain, dataset)), next(train(smooth, dataset))
    assert isinstance(one, EpochResult)
    assert isinstance(two, EpochResult)
    assert one.train_loss != two.train_loss
    assert one.validation_loss == two.validation_loss


def test_channels_last_is_a_layout_and_not_another_network(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    def first_loss(channels_last: bool) -> float:
        state = start(make_settings(channels_last=channels_last, log_every=1), dataset)
        weight = state.model.get_parameter("stem.conv.weight")
        assert weight.is_contiguous(memory_format=torch.channels_last) == channels_last
        result = next(train(state, dataset))
        assert isinstance(result, StepResult)
        return result.loss

    assert first_loss(True) == pytest.approx(first_loss(False), rel=1e-5)
