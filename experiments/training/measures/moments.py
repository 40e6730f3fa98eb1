"""The epochs at which a measure looks, where every epoch would be too many."""

from __future__ import annotations


def is_moment(epoch: int, epochs: int, looks: int) -> bool:
    """Whether this is one of so many epochs, spread evenly over the run; the start and the end always are."""
    return epoch in (0, epochs) or epoch in {round(number * epochs / looks) for number in range(1, looks)}
