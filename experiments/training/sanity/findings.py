"""What a check may find: it passes, it fails, or it does not apply (standard library only)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PASSED, FAILED, NOT_HERE = "passed", "failed", "does not apply"
OUTCOMES = (PASSED, FAILED, NOT_HERE)


@dataclass(frozen=True)
class Finding:
    """The outcome of one check, what was seen in words, and in numbers by name."""

    outcome: str
    words: str
    numbers: Mapping[str, float] = field(default_factory=dict)


def passed(words: str, **numbers: float) -> Finding:
    """Things are as they should be."""
    return Finding(PASSED, words, numbers)


def failed(words: str, **numbers: float) -> Finding:
    """Things are not as they should be."""
    return Finding(FAILED, words, numbers)


def not_here(reason: str) -> Finding:
    """With these settings nothing can be said, and why."""
    return Finding(NOT_HERE, reason)


def judged(good: bool, words: str, **numbers: float) -> Finding:
    """Passed or failed, in the same words."""
    return Finding(PASSED if good else FAILED, words, numbers)
