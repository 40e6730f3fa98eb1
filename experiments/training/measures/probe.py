"""How well simple classifiers do on the features that a network hands to its output layer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize, one_hot

from experiments.training.batches import Batches
from experiments.training.evaluate import forward
from experiments.training.measures.look import Look
from experiments.training.models.resnet import ResNet
from experiments.training.modes import evaluating
from experiments.training.results import Measured
from experiments.training.state import batches_of

# Decided beforehand and the same for every network, so that the validation images choose nothing.
PROBE_IMAGES = 10_000  # training images at most, which the classifiers learn from
RIDGE = 0.01  # penalty per image on standardised features
NEIGHBOURS = 10  # that vote on an image's class

CHUNK = 1000  # images whose neighbours are looked for at once

Features = tuple[Tensor, Tensor]  # float64 (n, features), int64 (n,)


def probe(look: Look) -> Iterator[Measured]:
    """The validation accuracy of a linear classifier and of the nearest neighbours."""
    train, validation = _features(look, _training_images(look)), _features(look, look.validation)
    classes = len(look.dataset.classes)
    numbers = {
        "probe.linear_accuracy": linear_accuracy(train, validation, classes),
        "probe.knn_accuracy": neighbours_accuracy(train, validation, classes),
    }
    yield Measured(look.state.step, numbers)


def linear_accuracy(train: Features, test: Features, classes: int) -> float:
    """The percentage that ridge regression onto the classes gets right, in closed form."""
    features, labels = train
    mean, spread = features.mean(dim=0), features.std(dim=0)
    spread = torch.where(spread > 0, spread, torch.ones_like(spread))  # a dead feature says nothing
    known, asked = (_with_constant((values - mean) / spread) for values in (features, test[0]))
    penalty = RIDGE * len(known) * torch.eye(known.shape[1], dtype=known.dtype)
    penalty[-1, -1] = 0  # the constant is free
    targets = one_hot(labels, classes).to(known.dtype)
    weights = torch.linalg.solve(known.T @ known + penalty, known.T @ targets)
    return _percentage((asked @ weights).argmax(1), test[1])


def neighbours_accuracy(train: Features, test: Features, classes: int) -> float:
    """The percentage that a vote of the nearest training images, by the cosine, gets right."""
    known, asked = normalize(train[0]), normalize(test[0])
    answers = []
    for chunk in torch.split(asked, CHUNK):
        nearest = (chunk @ known.T).topk(min(NEIGHBOURS, len(known))).indices
        answers.append(one_hot(train[1][nearest], classes).sum(dim=1).argmax(1))
    return _percentage(torch.cat(answers), test[1])


def _percentage(answers: Tensor, labels: Tensor) -> float:
    return 100 * (answers == labels).double().mean().item()


def _with_constant(features: Tensor) -> Tensor:
    return torch.cat([features, features.new_ones(len(features), 1)], dim=1)


def _training_images(look: Look) -> Batches:
    """Training images spread evenly over their order, so that all classes are there."""
    images = look.dataset.train
    count = min(len(images.labels), PROBE_IMAGES)
    rows = np.linspace(0, len(images.labels) - 1, count).round().astype(np.int64)
    return batches_of(look.dataset, images.rows(rows), look.state.settings, look.state.device)


def _features(look: Look, batches: Batches) -> Features:
    """What the output layer would see in eval mode, of images that are not augmented."""
    model, precision = look.state.model, look.state.precision
    features, labels = [], []
    assert isinstance(model, ResNet)
    with evaluating(model), torch.inference_mode():
        for images, answers in batches.in_order(look.state.settings.eval_batch_size):
            seen = forward(model.features, images, precision)
            features.append(seen.cpu().double())
            labels.append(answers.cpu())
    return torch.cat(features), torch.cat(labels)
