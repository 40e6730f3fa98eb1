"""One thing that is wrong in a store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with what, whom it harms, and what to do about it."""

    check: str  # the name of the check, by which findings are counted
    place: str  # "run 7"
    what: str  # "heartbeat is text, not a date"
    harm: str  # "breaks Omniboard's table"
    remedy: str  # what a user can do; for what can be mended, what --fix does
    harmful: bool = True  # a store with harmless findings alone is healthy
    mend: Callable[[], object] | None = None
    mended: bool = False

    @property
    def line(self) -> str:
        """The finding in one line."""
        if self.mended:
            return f"{self.place}: {self.what}; --fix {self.remedy}: done"
        start = "--fix " if self.mend else ""
        return f"{self.place}: {self.what}: {self.harm}; {start}{self.remedy}"

    def mend_now(self) -> Finding:
        """The finding after its mend, or with the reason where its files cannot be written.

        Raises StoreError where a server cannot be written.
        """
        if self.mend is None:
            return self
        try:
            self.mend()
        except OSError as error:
            trouble = f"it cannot be mended ({error.strerror}): see its permissions, and ask again"
            return replace(self, remedy=trouble, mend=None, harmful=True)  # it was asked for
        return replace(self, mended=True)
