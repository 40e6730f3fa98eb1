"""Trainings that are checked before their first step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from experiments.training.data import Dataset
from experiments.training.sanity.checklist import CHECKS
from experiments.training.sanity.findings import Finding
from experiments.training.sanity.settings import SanitySettings
from experiments.training.sanity.subject import Subject
from experiments.training.state import TrainState, start

TINY: dict[str, Any] = {
    "depth": 8, "width": 4, "epochs": 2, "batch_size": 16, "seed": 1, "device": "cpu", "precision": "fp32",
    "images": 16, "steps": 40, "output_init": "zero",
}  # fmt: skip

Subjects = Callable[..., Subject]


def settings_of(**changes: Any) -> SanitySettings:
    """Those of a tiny training."""
    return SanitySettings(**{**TINY, **changes})


@pytest.fixture
def subject_of(dataset: Dataset) -> Subjects:
    """subject_of(lr=1.0) is a training with these changes, before its first step."""

    def make(data: Dataset = dataset, **changes: Any) -> Subject:
        settings = settings_of(**changes)
        return Subject(start(settings, data), settings, data)

    return make


def look(name: str, subject: Subject) -> Finding:
    """What the check of this name finds."""
    return CHECKS[name].look(subject)


def contents(state: TrainState) -> dict[str, Tensor]:
    """All that a training may change."""
    values = {name: value.detach().clone() for name, value in state.model.state_dict().items()}
    return {**values, "random": torch.get_rng_state()}
