"""What a network learns, and what it must not, is checked."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from experiments.training.sanity.findings import FAILED, NOT_HERE, PASSED
from tests.training.sanity.conftest import Subjects, look


def test_a_softmax_before_the_loss_keeps_a_batch_from_being_learnt(subject_of: Subjects) -> None:
    finding = look("by_heart", subject_of(pitfall="softmax_before_loss"))
    assert finding.outcome == FAILED
    assert finding.numbers["loss"] > 0.74  # the floor with four classes


@pytest.mark.parametrize("changes", [{"label_smoothing": 0.1}, {"loss": "absolute"}, {"dropout": 0.3}])
def test_a_batch_is_learnt_by_heart_with_what_keeps_the_loss_up(
    changes: dict[str, Any], subject_of: Subjects
) -> None:
    finding = look("by_heart", subject_of(**changes))
    assert finding.outcome == PASSED, finding.words


def test_a_rate_that_is_far_too_high_learns_nothing_by_heart(subject_of: Subjects) -> None:
    subject = subject_of(lr=100.0, steps=10)
    assert look("by_heart", subject).outcome == FAILED
    assert look("gradients", subject).outcome == FAILED


def test_what_learns_in_part_need_not_learn_by_heart(subject_of: Subjects) -> None:
    subject = subject_of(trainable="batchnorm", output_init="torch")
    assert look("by_heart", subject).outcome == NOT_HERE
    assert look("beats_zeros", subject).outcome == PASSED


def test_a_network_that_ignores_its_images_does_not_beat_zeros(subject_of: Subjects) -> None:
    subject = subject_of()
    subject.model.register_forward_pre_hook(lambda _model, inputs: (torch.zeros_like(inputs[0]),))
    finding = look("beats_zeros", subject)
    assert finding.outcome == FAILED
    assert finding.numbers["real"] == finding.numbers["zeros"]


def test_labels_that_leak_into_zeros_are_found(subject_of: Subjects) -> None:
    """A network that knows an image by its place in the batch learns from nothing."""

    class Leaking(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner
            self.places = nn.Parameter(torch.zeros(16, 4))

        def forward(self, images: Tensor) -> Tensor:
            outputs: Tensor = self.inner(images)
            return outputs + 10 * self.places

    subject = subject_of()
    subject.state.model = Leaking(subject.model)
    subject.state.trainable = frozenset(name for name, _ in subject.model.named_parameters())
    finding = look("on_zeros", subject)
    assert finding.outcome == FAILED
    assert "below" in finding.words


def test_a_high_start_from_zeros_is_found(subject_of: Subjects) -> None:
    subject = subject_of()
    with torch.no_grad():
        subject.model.get_parameter("output.bias")[0] = 3.0
    assert look("on_zeros", subject).outcome == FAILED


def test_a_first_tensor_that_is_not_finite_is_named_with_its_step(subject_of: Subjects) -> None:
    subject = subject_of(norm="none", lr=1e30, output_init="he_normal")
    finding = look("finite", subject)
    assert finding.outcome == FAILED
    assert finding.words == "step 2: stages.0.0.conv1 is the first module that is not finite"
    assert look("by_heart", subject).outcome == look("beats_zeros", subject).outcome == FAILED
