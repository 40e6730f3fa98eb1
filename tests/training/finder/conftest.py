"""Settings of tiny searches, and what follows from their trials."""

from __future__ import annotations

from typing import Any

from experiments.training.finder.search import Diverged, Trial, Tried
from experiments.training.finder.settings import FinderSettings
from experiments.training.finder.suggestion import Suggestion, suggest

TINY: dict[str, Any] = {"depth": 8, "width": 4, "epochs": 2, "batch_size": 16, "seed": 1, "steps": 12}


def settings_of(**changes: Any) -> FinderSettings:
    """Those of a tiny search."""
    return FinderSettings(**{**TINY, "device": "cpu", "precision": "fp32", **changes})


def found(settings: FinderSettings, trials: list[Trial]) -> Suggestion:
    """What a search with these trials suggests."""
    curve = [trial for trial in trials if isinstance(trial, Tried)]
    diverged = next((trial for trial in trials if isinstance(trial, Diverged)), None)
    return suggest(curve, diverged, settings)
