"""A score is exact, however its images were cut into batches."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from experiments.training.score import Score, Tally


def tally(losses: Tensor, sizes: int) -> Tally:
    """A tally of losses in batches; of every batch the first answer is right."""
    counted = Tally()
    for batch in torch.split(losses, sizes):
        labels = torch.zeros(len(batch), dtype=torch.int64)
        outputs = torch.zeros(len(batch), 3)
        outputs[1:, 2] = 1.0
        counted.add(batch, outputs, labels)
    return counted


def test_a_mean_does_not_lose_small_losses_beside_a_large_one() -> None:
    losses = torch.cat([torch.tensor([2.0**25]), torch.ones(1000)])
    assert tally(losses, 10).score().loss == (2**25 + 1000) / 1001


def test_batches_weigh_as_much_as_they_have_images() -> None:
    losses = torch.arange(7.0)
    assert [tally(losses, size).score().loss for size in (1, 2, 3, 7)] == [3.0] * 4


def test_right_answers_are_counted_exactly() -> None:
    score = tally(torch.ones(1000), 2).score()
    assert (score.correct, score.images, score.accuracy) == (500, 1000, 50.0)


def test_a_score_can_begin_at_a_batch() -> None:
    counted = tally(torch.arange(6.0), 2)
    assert len(counted) == 3
    assert counted.score(since=1) == Score(loss=3.5, correct=2, images=4)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_the_first_loss_that_is_not_finite_is_found(bad: float) -> None:
    losses = torch.ones(9)
    assert tally(losses, 4).first_non_finite() is None
    losses[[5, 7]] = bad
    assert tally(losses, 4).first_non_finite() == 5
