"""Images grow in training, and are looked at in several ways in the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from experiments.training.batches import Batches
from experiments.training.data import Dataset
from experiments.training.evaluate import evaluate
from experiments.training.loop import start, train
from experiments.training.resizing import sized
from experiments.training.results import TestResult
from experiments.training.settings import TrainSettings
from experiments.training.state import batches_of
from experiments.training.views import VIEWS, over_views

MakeSettings = Callable[..., TrainSettings]


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
