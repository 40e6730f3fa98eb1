"""Every check of the list passes where things are right, and fails where its mistake is made."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
import pytest
import torch

from experiments.training import sanity
from experiments.training.data import Dataset, ImageSet
from experiments.training.sanity.checklist import CHECKS, checked
from experiments.training.sanity.findings import FAILED, NOT_HERE, PASSED
from experiments.training.sanity.subject import Subject
from experiments.training.setting_checks import choices_of
from experiments.training.settings import SettingsError
from experiments.training.state import start
from tests.training.sanity.conftest import Subjects, contents, look, settings_of


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
