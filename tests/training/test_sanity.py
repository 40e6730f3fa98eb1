"""Every check of the list passes where things are right, and fails where its mistake is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from experiments.training import sanity
from experiments.training.data import Dataset, ImageSet
from experiments.training.sanity import data_checks
from experiments.training.sanity.checklist import CHECKS, checked
from experiments.training.sanity.findings import FAILED, NOT_HERE, PASSED, Finding
from experiments.training.sanity.layers import idle_biases
from experiments.training.sanity.settings import SanitySettings
from experiments.training.sanity.subject import Subject
from experiments.training.setting_checks import choices_of
from experiments.training.settings import SettingsError
from experiments.training.state import TrainState, start

TINY: dict[str, Any] = {
    "depth": 8, "width": 4, "epochs": 2, "batch_size": 16, "seed": 1, "device": "cpu", "precision": "fp32",
    "images": 16, "steps": 40, "output_init": "zero",
}  # fmt: skip

Subjects = Callable[..., Subject]


def settings_of(**changes: Any) -> SanitySettings:
    return SanitySettings(**{**TINY, **changes})


@pytest.fixture
def subject_of(dataset: Dataset) -> Subjects:
    """subject_of(lr=1.0) is a training with these changes, before its first step."""

    def make(data: Dataset = dataset, **changes: Any) -> Subject:
        settings = settings_of(**changes)
        return Subject(start(settings, data), settings, data)

    return make


def look(name: str, subject: Subject) -> Finding:
    return CHECKS[name].look(subject)


def contents(state: TrainState) -> dict[str, Tensor]:
    values = {name: value.detach().clone() for name, value in state.model.state_dict().items()}
    return {**values, "random": torch.get_rng_state()}


def test_a_training_without_mistakes_passes_every_check(subject_of: Subjects) -> None:
    findings = dict(checked(subject_of()))
    assert {name: one.words for name, one in findings.items() if one.outcome != PASSED} == {}
    assert list(findings) == list(CHECKS)


CAUGHT_BY = {
    "freeze_after_step": "frozen_stays",
    "momentum_zero": "statistics_follow",
    "validate_in_train_mode": "modes",
    "shared_layer": "layers_of_their_own",
    "three_passes": "one_pass",
    "untracked_statistics": "one_image",
    "softmax_before_loss": "raw_outputs",
    "gradients_never_cleared": "gradients_cleared",
    "wrong_view": "view_order",
}
RIGHT_WAYS = {"none", "one_pass"}


def test_every_known_mistake_has_a_check() -> None:
    assert {*CAUGHT_BY, *RIGHT_WAYS} == set(choices_of("pitfall"))


@pytest.mark.parametrize(("pitfall", "check"), CAUGHT_BY.items())
def test_a_known_mistake_is_caught_by_its_check(pitfall: str, check: str, subject_of: Subjects) -> None:
    finding = look(check, subject_of(pitfall=pitfall, steps=3))
    assert finding.outcome == FAILED, finding.words


@pytest.mark.parametrize("check", set(CAUGHT_BY.values()))
def test_three_views_in_one_pass_are_no_mistake(check: str, subject_of: Subjects) -> None:
    assert look(check, subject_of(pitfall="one_pass", steps=3)).outcome == PASSED


# ---------------------------------------------------------------------------------------------------
# Learning


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


# ---------------------------------------------------------------------------------------------------
# The start


def test_the_output_layer_of_he_et_al_starts_too_high_and_its_remedy_works(subject_of: Subjects) -> None:
    assert look("loss_at_start", subject_of(output_init="he_normal")).outcome == FAILED
    assert "output_init=zero" in CHECKS["loss_at_start"].remedy
    assert look("loss_at_start", subject_of(output_init="zero")).outcome == PASSED


def test_a_long_tail_asks_for_the_base_rates_and_is_content_with_them(
    subject_of: Subjects, make_dataset: Callable[..., Dataset]
) -> None:
    wide = make_dataset(train=200)
    rows = np.flatnonzero((wide.train.labels == 0) | (np.arange(200) < 30))
    tail = replace(wide, train=wide.train.rows(rows))
    subject = subject_of(tail)
    assert look("base_rates", subject).outcome == FAILED
    content = subject_of(tail, output_bias="base_rates")
    assert look("base_rates", content).outcome == look("loss_at_start", content).outcome == PASSED
    assert look("loss_at_start", content).numbers["expected"] < 1.3


@pytest.mark.parametrize("loss", ["squared", "huber"])
def test_outputs_that_are_no_probabilities_have_no_base_rates(loss: str, subject_of: Subjects) -> None:
    subject = subject_of(loss=loss)
    assert look("base_rates", subject).outcome == look("on_zeros", subject).outcome == NOT_HERE
    assert look("loss_at_start", subject).outcome == PASSED


def test_a_bias_whose_mean_goes_at_once_is_told_from_one_that_has_an_effect(subject_of: Subjects) -> None:
    subject = subject_of()
    assert look("conv_bias", subject).words == "no convolution has a bias"
    conv = nn.Conv2d(3, 4, 3, padding=1)
    subject.model.get_submodule("stem").conv = conv
    finding = look("conv_bias", subject)
    assert finding.outcome == FAILED
    assert "stem.conv" in finding.words


@pytest.mark.parametrize(
    ("norm", "train", "idle"),
    [
        (nn.BatchNorm2d(8), True, True),
        (nn.BatchNorm2d(8), False, False),
        (nn.GroupNorm(2, 8), True, False),
        (nn.InstanceNorm2d(8), True, True),
        (nn.Identity(), True, False),
    ],
)
def test_a_bias_is_idle_exactly_where_its_gradient_is_nothing(
    norm: nn.Module, train: bool, idle: bool
) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 8, 3)
    model = nn.Sequential(conv, norm, nn.ReLU()).train()
    norm.train(train)
    images = torch.randn(8, 3, 8, 8)
    (model(images) * torch.randn(8, 8, 6, 6)).sum().backward()
    assert conv.bias is not None
    assert conv.bias.grad is not None
    assert (conv.bias.grad.abs().max().item() < 1e-4) == idle
    assert (idle_biases(model, images)[0] == ["0"]) == idle


def test_an_activation_between_makes_a_bias_useful() -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.BatchNorm2d(8)).train()
    assert idle_biases(model, torch.randn(4, 3, 8, 8)) == ([], ["0"])


def test_frozen_statistics_follow_nothing(subject_of: Subjects) -> None:
    frozen = subject_of(batchnorm="frozen", calibration_batches=2)
    assert look("statistics_follow", frozen).outcome == NOT_HERE
    assert look("one_image", frozen).outcome == PASSED


# ---------------------------------------------------------------------------------------------------
# The layers


def test_a_layer_of_dead_units_is_named(subject_of: Subjects) -> None:
    subject = subject_of(steps=2)
    with torch.no_grad():
        subject.model.get_parameter("stages.1.0.norm1.bias").fill_(-100.0)
    finding = look("dead_units", subject)
    assert finding.outcome == FAILED
    assert finding.numbers["share"] == 1
    assert "stages.1.0.conv2" in finding.words
    assert look("gradients", subject).outcome == FAILED


def test_one_image_at_a_time_does_not_make_units_look_dead(subject_of: Subjects) -> None:
    assert look("dead_units", subject_of(batch_size=1, images=4, steps=2)).outcome == PASSED


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_outputs_that_vanish_or_explode_are_named(scale: float, subject_of: Subjects) -> None:
    subject = subject_of(norm="none", steps=2)
    with torch.no_grad():
        subject.model.get_parameter("stages.0.0.conv1.weight").mul_(scale)
    finding = look("activations", subject)
    assert finding.outcome == FAILED
    assert "stages.0.0.conv1" in finding.words


def test_every_layer_has_its_numbers(subject_of: Subjects) -> None:
    layers = subject_of(steps=2).by_heart.layers
    assert [layer.name for layer in layers][:2] == ["stem.conv", "stem.norm"]
    assert all(layer.std > 0 for layer in layers[:-1])
    assert all(layer.gradient > 0 and layer.weight > 0 and layer.update > 0 for layer in layers)


# ---------------------------------------------------------------------------------------------------
# The data


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


# ---------------------------------------------------------------------------------------------------
# The list


def test_checking_leaves_no_trace(subject_of: Subjects) -> None:
    subject = subject_of(pitfall="freeze_after_step", norm="batchnorm", dropout=0.2, steps=3)
    before = contents(subject.state)
    learning = {name: value.requires_grad for name, value in subject.model.named_parameters()}
    list(checked(subject))
    after = contents(subject.state)
    assert [name for name in before if not torch.equal(before[name], after[name])] == []
    assert {name: value.requires_grad for name, value in subject.model.named_parameters()} == learning


@pytest.mark.parametrize(
    "changes",
    [
        *({"norm": norm} for norm in choices_of("norm") if norm != "ghost"),
        {"norm": "ghost", "ghost_size": 4, "batch_size": 32},
        {"norm": "ghost", "ghost_size": 12, "batch_size": 24},
        {"micro_batch_size": 5, "batch_size": 10},
        {"trainable": "none"},
        {"trainable": "random", "output_init": "torch"},
        {"loss": "squared", "optimizer": "adam", "image_sides": (8, 16)},
        {"norm_place": "preactivation", "precision": "bf16", "average": "ema", "lr_rule": "linear"},
    ],
)
def test_any_settings_can_be_checked(changes: dict[str, Any], subject_of: Subjects) -> None:
    findings = dict(checked(subject_of(**{**changes, "steps": 2})))
    assert set(findings) == set(CHECKS)


def test_no_step_is_begun_when_the_time_is_over(dataset: Dataset) -> None:
    settings = settings_of(seconds=5.0, images=16)
    clock = count(0.0, 4.0)
    subject = Subject(start(settings, dataset), settings, dataset, spent=lambda: next(clock))
    finding = look("by_heart", subject)
    assert finding.outcome == NOT_HERE
    assert "give it more seconds" in finding.words
    assert len(subject.by_heart.losses) == 1
    assert look("gradients_cleared", subject).outcome == NOT_HERE


def test_every_check_says_what_a_failure_means_and_what_to_try() -> None:
    assert all(check.means and check.remedy and check.look for check in CHECKS.values())
    assert sanity.__doc__


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"steps": 1}, "at least 2"), ({"images": 1}, "at least 2"), ({"seconds": 0.0}, "above 0")],
)
def test_checks_that_could_see_nothing_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        settings_of(**changes)


def test_the_batch_is_drawn_from_all_training_images(dataset: Dataset) -> None:
    settings = settings_of(images=70)
    subject = Subject(start(settings, dataset), settings, dataset)
    chosen: ImageSet = subject.chosen
    assert len(chosen.labels) == 64  # whole passes of sixteen
    assert sorted(np.unique(chosen.labels)) == [0, 1, 2, 3]
