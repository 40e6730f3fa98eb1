"""Checks of what is given to the network: images, labels, their order, how answers are counted."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from experiments.training.batches import PAD
from experiments.training.data.dataset import Images
from experiments.training.modes import unchanged
from experiments.training.sanity.findings import Finding, failed, judged, not_here, passed
from experiments.training.sanity.subject import Subject
from experiments.training.score import Tally

MANY = 300  # right answers: more than a byte holds


def alignment(subject: Subject) -> Finding:
    """Every image that the loader gives, cropped and mirrored too, is the one that its label belongs to."""
    plain = _levels(subject, subject.batch[0])
    labels = subject.batch[1].cpu().numpy()
    strange = int((~_same(plain, subject.chosen.images) | (labels != subject.chosen.labels)).sum())
    if strange:
        return failed(f"{strange} of {len(labels)} images are not the ones that the data set has there")
    if min(plain.shape[1:3]) <= 2 * PAD:
        return passed(f"{len(labels)} images are those of the data set, each with its label")
    settings, known = subject.settings, _crops(subject.chosen.images, subject.chosen.labels)
    images, answers = next(subject.batches.epoch(len(labels), settings.seed, 0, settings.augment))
    middles = _levels(subject, images)[:, PAD:-PAD, PAD:-PAD]
    wrong = sum(
        int(label) not in known.get(middle.tobytes(), set())
        for middle, label in zip(middles, answers.cpu().numpy(), strict=True)
    )
    how = "cropped and mirrored" if settings.augment else "in the order of training"
    if wrong:
        return failed(f"{wrong} of {len(answers)} images, {how}, are not among those of their label")
    return passed(f"{len(answers)} images, as they are and {how}, each with its label")


def view_order(subject: Subject) -> Finding:
    """The first layer sees the image that the loader has given, pixel for pixel."""
    seen: list[Tensor] = []
    first = next(layer for layer in subject.model.modules() if isinstance(layer, nn.Conv2d))
    hook = first.register_forward_pre_hook(lambda _layer, inputs: seen.append(inputs[0].detach()))
    try:
        with unchanged(subject.model):
            subject.model(subject.batch[0])
    finally:
        hook.remove()
    given = subject.batch[0]
    if seen[0].shape != given.shape:
        return not_here(f"the first layer sees {tuple(seen[0].shape)}, which is no image of the loader")
    same = _same(_levels(subject, seen[0]), _levels(subject, given))
    strange = int((~same).sum())
    return judged(strange == 0, f"{strange} of {len(given)} images reach the first layer changed")


def counting(subject: Subject) -> Finding:
    """More right answers than a byte holds are counted exactly, as training counts them."""
    classes = len(subject.dataset.classes)
    labels = torch.arange(MANY, dtype=torch.int64) % classes
    tally = Tally()
    tally.add(torch.zeros(MANY), torch.eye(classes)[labels], labels)
    counted = tally.score().correct
    return judged(counted == MANY, f"of {MANY} right answers {counted} are counted")


def _levels(subject: Subject, images: Tensor) -> Images:
    """uint8 (n, H, W, 3) of normalised images (n, 3, H, W)."""
    mean, std = np.array(subject.dataset.mean), np.array(subject.dataset.std)
    pixels = images.detach().float().cpu().numpy().transpose(0, 2, 3, 1)
    levels: Images = np.clip(np.round((pixels * std + mean) * 255), 0, 255).astype(np.uint8)
    return levels


def _same(one: Images, other: Images) -> npt.NDArray[np.bool_]:
    """Which images are the same."""
    same: npt.NDArray[np.bool_] = (one == other).all(axis=(1, 2, 3))
    return same


def _crops(images: Images, labels: npt.NDArray[np.int64]) -> dict[bytes, set[int]]:
    """The middle of every crop and mirror image that there can be, with the labels it may have."""
    height, width = (side - 2 * PAD for side in images.shape[1:3])
    known: dict[bytes, set[int]] = {}
    moves = range(2 * PAD + 1)
    for down, right, mirrored in itertools.product(moves, moves, (False, True)):
        source = images[:, :, ::-1] if mirrored else images
        windows = source[:, down : down + height, right : right + width]
        for window, label in zip(windows, labels, strict=True):
            known.setdefault(window.tobytes(), set()).add(int(label))
    return known
