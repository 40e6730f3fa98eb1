"""Runs that are refused in one line, before they exist."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tracker.errors import TrackerError
from tracker.recording.sacred_fixes import import_sacred

SacredError: Any = import_sacred().utils.SacredError


class Refused(SacredError):  # type: ignore[misc]  # noqa: N818  # Sacred prints the name before the message
    """A run that is refused, in one line and with exit code 1."""

    __module__ = "builtins"  # so that Sacred prints "Refused: ..." without a module path

    def __init__(self, message: str) -> None:
        super().__init__(message, print_traceback=False)


@contextmanager
def refusals() -> Iterator[None]:
    """Inside, what a user can mend refuses the run."""
    try:
        yield
    except TrackerError as error:
        raise Refused(str(error)) from error
