"""The lease of a launcher: its sign of life in the store, and the way to ask it to stop."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from sweeps.exit_codes import DONE, FAILED
from tracker.errors import StoreError
from tracker.leases.base import RENEWED_EVERY, Holder, Leases, Outcome

PREFIX = "launcher-"  # of the keys of launchers' leases


class Launcher:
    """Holds a lease of its own while it is used as a context, even where the store is away for a while."""

    def __init__(self, leases: Leases, key: str, holder: Holder, details: Mapping[str, Any]) -> None:
        self.key = key
        self._leases = leases
        self._lease = leases.take(key, None, holder, details)
        self._begun = self._beaten = time.monotonic()

    def asked_to_stop(self) -> bool:
        """Gives a sign of life when one is due, and tells whether somebody has asked for the end."""
        if self._lease is not None and time.monotonic() - self._beaten >= RENEWED_EVERY / 2:
            self._beaten = time.monotonic()
            with suppress(StoreError):
                self._lease = self._leases.renew(self._lease)
        return self._lease is not None and self._lease.stop

    def __enter__(self) -> Launcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lease is not None:
            seconds = time.monotonic() - self._begun
            with suppress(StoreError):
                self._leases.settle(
                    self._lease, Outcome(FAILED if error else DONE, seconds, datetime.now(UTC))
                )
