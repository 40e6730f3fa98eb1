"""Signs of life of a lease, given beside the work."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tracker.errors import StoreError
from tracker.leases.base import RENEWED_EVERY, Lease, Leases


class Pulse(threading.Thread):
    """Renews a lease until it is over; calls `wake` when that is lost, or somebody asks to stop.

    A store that does not answer changes nothing: only another holder does.
    """

    def __init__(
        self, leases: Leases, lease: Lease, wake: Callable[[], None], every: float = RENEWED_EVERY
    ) -> None:
        super().__init__(name="pulse", daemon=True)  # one that waits for a server keeps nobody
        self.lease = lease
        self.lost = False
        self._leases, self._wake, self._every = leases, wake, every
        self._over = threading.Event()

    @property
    def asked(self) -> bool:
        """Whether the run is to end."""
        return self.lost or self.lease.stop

    def run(self) -> None:
        """Beat."""
        while not self._over.wait(self._every):
            try:
                renewed = self._leases.renew(self.lease)
            except StoreError:
                continue
            if self._over.is_set():
                return
            if renewed is None:
                self.lost = True
                self._wake()
                return
            self.lease = renewed
            if renewed.stop:
                self._wake()

    def end(self) -> Lease:
        """No more of them; the lease as it stood last."""
        self._over.set()
        self.join(timeout=1.0)
        return self.lease
