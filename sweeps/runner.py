"""The process of one run: holds its lease, starts its command, and ends it in order.

python -m sweeps.runner --key KEY --seen GENERATION:BEATS|none [--details JSON] [--checkpoint FILE] -- COMMAND

The store is $TRACKER_STORE. The exit code is one of sweeps.exit_codes.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sweeps.exit_codes import CANNOT_START, DONE, MOVED_ON, STOPPED
from sweeps.running.order import Order, read_order
from sweeps.running.outcomes import exit_code, size, words
from sweeps.running.processes import LEFT, Command, Ended, die_with_parent
from sweeps.running.pulse import Pulse
from sweeps.running.wishes import Wishes, hear_no_more
from tracker.address import is_mongo
from tracker.errors import LaunchError, StoreError
from tracker.leases import open_leases
from tracker.leases.base import Lease, Leases, Outcome
from tracker.leases.holder import this_process
from tracker.settings import CHECKPOINT_VARIABLE, LEASE_VARIABLE, STORE_VARIABLE

GRACE = 20.0  # seconds that a run has to record its own end before it is killed
PATIENCE = 20.0  # seconds that a server may be away when a run begins or ends
RETRY = 0.5  # seconds between two attempts at it
LONG = 60.0  # seconds between two looks when nobody calls

T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one run; the exit code says what became of it."""
    parent = os.getppid()
    wishes = Wishes()
    die_with_parent(parent, signal.SIGTERM)
    try:
        order = read_order(sys.argv[1:] if arguments is None else arguments)
        address = os.environ.get(STORE_VARIABLE, "")
        if not address:
            raise LaunchError(f"sweeps.runner: ${STORE_VARIABLE} is empty: it names the store of the lease")
        patience = PATIENCE if is_mongo(address) else 0.0
        return Runner(order, open_leases(address), wishes, patience).run()
    except (LaunchError, StoreError) as error:
        _say(str(error))
        return CANNOT_START
    finally:
        hear_no_more()


class Runner:
    """One run from its lease to its outcome."""

    def __init__(self, order: Order, leases: Leases, wishes: Wishes, patience: float) -> None:
        self._order, self._leases, self._wishes, self._patience = order, leases, wishes, patience
        self._deadline: float | None = None  # when a command that was asked to end is killed

    def run(self) -> int:
        """Take the lease, carry out the command, settle. Raises StoreError where no lease can be had."""
        command = Command(self._order.command, environment(self._order, os.environ))
        try:
            lease = None if self._wishes.asked else self._take()
        except StoreError:
            command.give_up()
            raise
        if lease is None:
            command.give_up()
            return STOPPED if self._wishes.asked else MOVED_ON
        return self._carry_out(command, lease)

    def _take(self) -> Lease | None:
        order, holder = self._order, this_process()
        return self._patiently(
            lambda: self._leases.take(order.key, order.seen, holder, order.details),
            lambda: self._wishes.asked,
        )

    def _carry_out(self, command: Command, lease: Lease) -> int:
        begun, printed_before = time.monotonic(), size(self._order.log)
        try:
            command.begin()
        except OSError as error:
            said = f"{self._order.command[0]} cannot be started: {error.strerror}"
            _say(said)
            return self._settle(lease, Outcome(CANNOT_START, 0.0, datetime.now(UTC), words=said))
        pulse = Pulse(self._leases, lease, self._wishes.wake)
        pulse.start()
        ended = self._wait(command, pulse)
        command.clear(LEFT if self._deadline is None else self._deadline - time.monotonic())
        code = exit_code(ended.code, asked=self._deadline is not None, lost=pulse.lost)
        said = "" if code in (DONE, STOPPED) else words(ended.code, self._order.log, printed_before)
        if code == DONE:
            _remove(self._order.checkpoint)
        lease, seconds = pulse.end(), time.monotonic() - begun
        return self._settle(lease, Outcome(code, seconds, datetime.now(UTC), ended.memory, words=said))

    def _wait(self, command: Command, pulse: Pulse) -> Ended:
        """Until the command has ended; ask it to when somebody wants that, and kill it after a grace."""
        while (ended := command.ended()) is None:
            now = time.monotonic()
            if self._deadline is None and (self._wishes.asked or pulse.asked):
                self._deadline = now + GRACE
                command.ask()
            elif self._deadline is not None and now >= self._deadline:
                command.kill()
            until = LONG if self._deadline is None else self._deadline - now
            self._wishes.sleep(until if until > 0 else RETRY)
        return ended

    def _settle(self, lease: Lease, outcome: Outcome) -> int:
        """Note the outcome, if the store can be reached; the exit code tells it anyway."""
        try:
            self._patiently(lambda: self._leases.settle(lease, outcome), lambda: False)
        except StoreError as error:
            _say(f"the end of this run is not noted in its lease: {error}")
        return outcome.exit_code

    def _patiently(self, ask: Callable[[], T], enough: Callable[[], bool]) -> T:
        """The answer of the store, asked again for a while when its server is away. Raises StoreError."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return ask()
            except StoreError:
                if time.monotonic() >= deadline or enough():
                    raise
            time.sleep(RETRY)


def environment(order: Order, inherited: Mapping[str, str]) -> dict[str, str]:
    """What the command finds in its environment."""
    told = {**inherited, LEASE_VARIABLE: order.key}
    told.pop(CHECKPOINT_VARIABLE, None)
    return told if order.checkpoint is None else {**told, CHECKPOINT_VARIABLE: str(order.checkpoint)}


def _remove(checkpoint: Path | None) -> None:
    """The state of a run that is done, with what lies beside it."""
    if checkpoint is None or not checkpoint.parent.is_dir():
        return
    name = checkpoint.name
    for path in checkpoint.parent.iterdir():
        if path.name == name or path.name.startswith((f"{name}.", f".{name}.")):
            path.unlink(missing_ok=True)


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")


if __name__ == "__main__":
    sys.exit(main())
