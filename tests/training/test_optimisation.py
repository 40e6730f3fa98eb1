"""Cycles, layer-wise rates, averages, snapshots, losses, resizing, views do what they are called after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from experiments.training import checkpoint
from experiments.training.batches import Batches
from experiments.training.data import Dataset, ImageSet
from experiments.training.data.mislabel import long_tailed, with_wrong_labels
from experiments.training.evaluate import evaluate
from experiments.training.loop import TrainState, start, train
from experiments.training.losses import LOSSES
from experiments.training.norms import batchnorm_layers
from experiments.training.resizing import sized
from experiments.training.results import EpochResult, TestResult
from experiments.training.schedule import cycle_ends, lr_share
from experiments.training.setting_checks import choices_of
from experiments.training.settings import SettingsError, TrainSettings
from experiments.training.state import batches_of
from experiments.training.views import VIEWS, over_views
from tests.training.conftest import numbers_of

MakeSettings = Callable[..., TrainSettings]


def shares(steps: int, **changes: object) -> list[float]:
    settings = TrainSettings(schedule="restarts", **changes)  # type: ignore[arg-type]
    return [lr_share(settings, steps, step) for step in range(steps)]


# ---------------------------------------------------------------------------------------------------
# Cycles


@pytest.mark.parametrize(
    ("growth", "cycles", "steps", "restarts"),
    [("geometric", 4, 15, [0, 1, 3, 7]), ("arithmetic", 4, 10, [0, 1, 3, 6]), ("none", 3, 9, [0, 3, 6])],
)
def test_cycles_restart_where_their_growth_says(
    growth: str, cycles: int, steps: int, restarts: list[int]
) -> None:
    found = shares(steps, cycles=cycles, cycle_growth=growth)
    assert [step for step, share in enumerate(found) if share == 1] == restarts


def test_arithmetic_cycles_have_the_known_rates() -> None:
    found = shares(6, cycles=3, cycle_growth="arithmetic")
    assert found == pytest.approx([1, 1, 0.5, 1, 0.75, 0.25])


def test_geometric_cycles_are_torchs_warm_restarts() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=4, T_mult=2)
    expected = []
    for _ in range(28):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    assert shares(28, cycles=3) == pytest.approx(expected)


def test_the_last_cycle_ends_with_the_run_and_a_warm_up_comes_before_the_first() -> None:
    settings = TrainSettings(schedule="restarts", cycles=2, cycle_growth="none", warmup=0.2)
    assert cycle_ends(settings, 100) == (60, 100)
    found = [lr_share(settings, 100, step) for step in range(100)]
    assert found[19] < found[20] == 1 == found[60]


# ---------------------------------------------------------------------------------------------------
# Layer-wise learning rates


def test_earlier_layers_learn_more_slowly(make_settings: MakeSettings, dataset: Dataset) -> None:
    state = start(make_settings(layer_lr_decay=0.5, lr=0.4), dataset)
    assert state.optimizer is not None
    rates = [group["lr"] for group in state.optimizer.param_groups]
    assert rates == pytest.approx([0.4 * 0.5**distance for distance in (4, 3, 2, 1, 0)])
    first = state.optimizer.param_groups[0]["params"]
    assert {id(parameter) for parameter in first} == {id(p) for p in state.model.stem.parameters()}
    results = list(train(state, dataset))
    assert results[0].lr == pytest.approx(0.4)  # type: ignore[union-attr]


def test_one_rate_for_all_is_one_group(make_settings: MakeSettings, dataset: Dataset) -> None:
    state = start(make_settings(), dataset)
    assert state.optimizer is not None
    assert len(state.optimizer.param_groups) == 1


# ---------------------------------------------------------------------------------------------------
# Averages of weights


def weights(state: TrainState) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in state.model.named_parameters()}


def until_the_last_epoch(state: TrainState, dataset: Dataset) -> list[dict[str, Tensor]]:
    """The weights after every epoch, before what closes the run."""
    found = []
    for result in train(state, dataset):
        if isinstance(result, EpochResult):
            found.append(weights(state))
    return found


def test_swa_tests_the_mean_of_the_last_epochs(make_settings: MakeSettings, dataset: Dataset) -> None:
    state = start(make_settings(epochs=4, average="swa", average_from=0.5), dataset)
    epochs = until_the_last_epoch(state, dataset)
    for name, value in weights(state).items():
        torch.testing.assert_close(value, (epochs[2][name] + epochs[3][name]) / 2)


def test_an_average_has_statistics_of_its_own(make_settings: MakeSettings, dataset: Dataset) -> None:
    state = start(make_settings(epochs=2, average="ema", average_decay=0.5), dataset)
    list(train(state, dataset))
    conv, layer = state.model.get_submodule("stem.conv"), batchnorm_layers(state.model)["stem.norm"]
    training = batches_of(dataset, dataset.train, state.settings, state.device)
    outputs = conv(next(iter(training.in_order(1000)))[0])
    torch.testing.assert_close(layer.running_mean, outputs.mean(dim=(0, 2, 3)), atol=1e-5, rtol=0)


def test_an_average_leaves_training_as_it_is(make_settings: MakeSettings, dataset: Dataset) -> None:
    plain = until_the_last_epoch(start(make_settings(), dataset), dataset)
    averaged = until_the_last_epoch(start(make_settings(average="ema"), dataset), dataset)
    assert all(torch.equal(plain[-1][name], averaged[-1][name]) for name in plain[-1])


@pytest.mark.parametrize(
    "changes",
    [
        {"average": "ema", "average_decay": 0.9},
        {"average": "swa", "average_from": 0.0},
        {"schedule": "restarts", "cycles": 2, "snapshots": True},
    ],
)
def test_a_run_that_goes_on_ends_as_if_it_had_never_stopped(
    changes: dict[str, object], make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    settings = make_settings(epochs=4, **changes)
    expected = list(train(start(settings, dataset), dataset))
    state = start(settings, dataset)
    for result in train(state, dataset):
        if isinstance(result, EpochResult) and result.epoch == 2:
            checkpoint.save(tmp_path / "half.pt", state)
            break
    again = start(settings, dataset)
    checkpoint.restore(tmp_path / "half.pt", again)
    assert list(train(again, dataset)) == expected[2:]


# ---------------------------------------------------------------------------------------------------
# Snapshots


def test_snapshots_are_taken_where_cycles_end_and_answer_together(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    settings = make_settings(epochs=3, schedule="restarts", cycles=2, snapshots=True)
    state = start(settings, dataset)
    results = list(train(state, dataset))
    assert numbers_of(results)["ensemble.networks"] == len(state.snapshots) == 2
    test = batches_of(dataset, dataset.test, settings, state.device)
    ((images, labels),) = test.in_order(1000)
    probabilities = []
    for snapshot in state.snapshots:
        state.model.load_state_dict(snapshot)
        probabilities.append(state.model.eval()(images).softmax(dim=1))
    right = (torch.stack(probabilities).mean(dim=0).argmax(dim=1) == labels).double().mean()
    assert numbers_of(results)["ensemble.accuracy"] == pytest.approx(100 * right.item())


def test_one_snapshot_is_the_network_itself(make_settings: MakeSettings, dataset: Dataset) -> None:
    settings = make_settings(schedule="restarts", cycles=1, snapshots=True)
    results = list(train(start(settings, dataset), dataset))
    tested = results[-1]
    assert isinstance(tested, TestResult)
    numbers = numbers_of(results)
    assert numbers["ensemble.accuracy"] == tested.accuracy
    assert numbers["ensemble.loss"] == pytest.approx(tested.loss, rel=1e-5)


def test_snapshots_without_cycles_are_refused() -> None:
    with pytest.raises(SettingsError, match="snapshots=True needs schedule=restarts"):
        TrainSettings(snapshots=True)


# ---------------------------------------------------------------------------------------------------
# Losses, labels


def test_losses_of_a_right_and_of_a_wrong_answer_have_their_known_values() -> None:
    outputs, labels = torch.tensor([[10.0, 0.0], [10.0, 0.0]]), torch.tensor([0, 1])
    assert LOSSES["cross_entropy"](outputs, labels, 0.0).tolist() == pytest.approx([0.0, 10.0], abs=1e-3)
    assert LOSSES["squared"](outputs, labels, 0.0).tolist() == pytest.approx([81.0, 101.0])
    assert LOSSES["absolute"](outputs, labels, 0.0).tolist() == pytest.approx([0.0, 2.0], abs=1e-3)
    assert LOSSES["huber"](outputs, labels, 0.0).tolist() == pytest.approx([8.5, 10.0])


def test_cross_entropy_is_torchs_with_its_smoothing() -> None:
    outputs, labels = torch.randn(6, 4), torch.arange(6) % 4
    expected = cross_entropy(outputs, labels, reduction="none", label_smoothing=0.1)
    assert torch.equal(LOSSES["cross_entropy"](outputs, labels, 0.1), expected)


@pytest.mark.parametrize("loss", choices_of("loss"))
def test_every_loss_trains(loss: str, make_settings: MakeSettings, dataset: Dataset) -> None:
    results = list(train(start(make_settings(loss=loss, lr=0.02), dataset), dataset))
    assert isinstance(results[-1], TestResult)


def test_wrong_labels_are_as_many_as_asked_for_and_never_right() -> None:
    images = ImageSet(np.zeros((1000, 2, 2, 3), np.uint8), np.arange(1000) % 10)
    noisy = with_wrong_labels(images, 0.2, 10, seed=1)
    wrong = noisy.labels != images.labels
    assert wrong.sum() == 200
    assert set(noisy.labels) == set(range(10))
    assert np.array_equal(noisy.labels, with_wrong_labels(images, 0.2, 10, seed=1).labels)
    assert not np.array_equal(noisy.labels, with_wrong_labels(images, 0.2, 10, seed=2).labels)


def test_a_long_tail_falls_by_the_same_factor_from_class_to_class() -> None:
    labels = np.arange(10_000) % 10
    counts = np.bincount(labels[long_tailed(labels, 100.0, 10)])
    assert (counts[0], counts[-1]) == (1000, 10)
    assert counts[1:] / counts[:-1] == pytest.approx([100 ** (-1 / 9)] * 9, abs=0.03)


# ---------------------------------------------------------------------------------------------------
# Sizes and views of images


def test_sides_follow_each_other_for_equal_shares_of_the_run(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state = start(make_settings(epochs=3, image_sides=(8, 12, 16)), dataset)
    found = []
    for step in range(state.total_steps):
        state.step = step
        found.append(sized(torch.zeros(2, 3, 16, 16), state).shape[2])
    assert found == [8] * 4 + [12] * 4 + [16] * 4


def test_a_run_with_growing_images_is_evaluated_at_full_size(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    results = list(train(start(make_settings(image_sides=(8, 16)), dataset), dataset))
    assert isinstance(results[-1], TestResult)


def predict(images: Tensor) -> Tensor:
    """Outputs that depend on where in the image something is."""
    weights = torch.linspace(-1, 1, images[0].numel()).view(images[0].shape)
    total = (images * weights).sum(dim=(1, 2, 3))
    return torch.stack([total, -total], dim=1)


def test_one_view_is_the_plain_answer() -> None:
    images = torch.randn(4, 3, 8, 8)
    assert torch.equal(over_views(predict, images, "one"), predict(images))


@pytest.mark.parametrize("views", ["flip", "flip+shift"])
def test_with_flips_an_image_and_its_mirror_image_get_the_same_answer(views: str) -> None:
    images = torch.randn(4, 3, 8, 8)
    found, mirrored = over_views(predict, images, views), over_views(predict, images.flip(3), views)
    assert torch.allclose(found, mirrored) is (views == "flip")  # shifts go diagonally
    assert not torch.allclose(predict(images), predict(images.flip(3)))


def test_a_crop_shows_the_middle_at_full_size() -> None:
    images = torch.zeros(1, 3, 32, 32)
    images[:, :, 2:30, 2:30] = 1
    _, crop = VIEWS["crop"]
    assert torch.equal(crop(images), torch.ones(1, 3, 32, 32))
    assert crop(torch.randn(1, 3, 8, 8)).shape == (1, 3, 8, 8)
    ramp = torch.arange(32.0).expand(1, 3, 32, 32)
    torch.testing.assert_close(crop(ramp).mean(), ramp.mean())
    assert len(VIEWS["flip+shift+crop"]) == 8


def test_views_average_probabilities() -> None:
    images = torch.randn(4, 3, 8, 8)
    expected = (predict(images).softmax(1) + predict(images.flip(3)).softmax(1)) / 2
    torch.testing.assert_close(over_views(predict, images, "flip").exp(), expected)


def test_a_probability_that_vanishes_leaves_a_finite_loss() -> None:
    images = torch.full((2, 3, 8, 8), 100.0)
    assert over_views(lambda view: 10 * predict(view), images, "flip").isfinite().all()


def test_views_are_for_evaluation_and_keep_its_invariances(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state = start(make_settings(), dataset)
    test: Batches = batches_of(dataset, dataset.test, state.settings, state.device)
    one = evaluate(state.model, test, 30, "fp32", "flip+shift")
    other = evaluate(state.model, test, 7, "fp32", "flip+shift")
    assert (one.correct, one.images) == (other.correct, other.images)
    assert one.loss == pytest.approx(other.loss, abs=1e-6)
