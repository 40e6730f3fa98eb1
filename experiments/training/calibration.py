"""Whether a network is right as often as it is sure."""

from __future__ import annotations

import torch
from torch import Tensor

BINS = 15  # of equal width from no confidence to full (Guo et al. 2017)


def calibration_error(answers: Tensor, labels: Tensor) -> float:
    """The expected calibration error in percent, of logarithms of probabilities (n, classes).

    Images are sorted into bins by the probability of the answer given; the error is the mean, over images, of
    how far that probability and the share of right answers are apart in the image's bin.
    """
    confidences, given = answers.double().exp().max(dim=1)
    bins = (confidences * BINS).ceil().long().clamp(1, BINS) - 1
    surplus = (given == labels).double() - confidences
    apart = torch.zeros(BINS, dtype=torch.float64, device=answers.device).index_add_(0, bins, surplus)
    return 100 * float(apart.abs().sum()) / len(labels)
