"""Images that do not fit their labels are found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from experiments.training.sanity import data_checks
from experiments.training.sanity.findings import FAILED, PASSED
from tests.training.sanity.conftest import Subjects, look


@pytest.mark.parametrize("augment", [True, False])
def test_labels_that_have_slipped_by_one_image_are_found(augment: bool, subject_of: Subjects) -> None:
    subject = subject_of(augment=augment)
    assert look("alignment", subject).outcome == PASSED
    subject.batches._labels = subject.batches._labels.roll(1)
    assert look("alignment", subject).outcome == FAILED


def test_labels_that_slip_under_augmentation_alone_are_found(subject_of: Subjects) -> None:
    subject = subject_of()
    right = subject.batches.epoch

    def slipped(*words: Any) -> Iterator[tuple[Tensor, Tensor]]:
        return ((images, labels.roll(1)) for images, labels in right(*words))

    subject.batches.epoch = slipped  # type: ignore[method-assign]
    finding = look("alignment", subject)
    assert finding.outcome == FAILED
    assert "cropped and mirrored" in finding.words


def test_pixels_that_wrap_around_are_found(subject_of: Subjects) -> None:
    subject = subject_of()
    subject.batches._padded += 100  # uint8
    assert look("alignment", subject).outcome == FAILED


def test_a_count_in_bytes_is_found(subject_of: Subjects, monkeypatch: pytest.MonkeyPatch) -> None:
    class InBytes(data_checks.Tally):
        def add(self, losses: Tensor, outputs: Tensor, labels: Tensor) -> None:
            super().add(losses, outputs, labels)
            self._correct[-1] = self._correct[-1].to(torch.uint8)

    assert look("counting", subject_of()).outcome == PASSED
    monkeypatch.setattr(data_checks, "Tally", InBytes)
    finding = look("counting", subject_of())
    assert finding.outcome == FAILED
    assert "44" in finding.words
