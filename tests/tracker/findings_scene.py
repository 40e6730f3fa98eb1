"""Findings of the questions whether it matters what learns."""

from __future__ import annotations

from typing import Any

from tests.statistics.conftest import DIVERGED, NOON, Laboratory, Skills, make_question
from tracker.findings import Finding
from tracker.questions.question import Question

__all__ = ["BN_ONLY", "DIVERGED", "FULL", "NOON", "Laboratory", "Skills", "a_question", "finding"]

FULL, BN_ONLY = (63.1, 64.2, 62.0), (31.0, 30.2, 31.8)


def a_question(**fields: Any) -> Question:
    """Whether BatchNorm alone does as well as all that learns, unless the fields say otherwise."""
    given = {"parameter": "train", "values": ("full", "bn_only"), "baseline": "full"}
    return make_question(**{**given, **fields})


def finding(question: Question, skills: Skills) -> Finding:
    """What follows from runs with these skills."""
    return Laboratory().record(question, skills).answer(question)[0]
