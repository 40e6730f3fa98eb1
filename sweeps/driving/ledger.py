"""What became of the runs in one sweep, whoever of its launchers started them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sweeps.driving.policy import Attempts, Ending, Limits, alike
from sweeps.engines.base import Event
from sweeps.exit_codes import DONE, FAILED, KILLED, WORDS
from tracker.leases.base import Lease

NOTHING = "it printed nothing"
BYTES = 20_000  # of a log's end that are read for its last line


@dataclass
class Ledger:
    """Counts attempts and endings by the key of the run."""

    limits: Limits
    runs: int = 0  # to start, when the sweep began
    _attempts: dict[str, Attempts] = field(default_factory=dict)
    _endings: dict[str, Ending] = field(default_factory=dict)
    _counted: dict[str, int] | None = None  # generations of leases whose ends are counted, or are old

    def attempts(self, key: str) -> Attempts:
        """What became of this run so far."""
        return self._attempts.get(key, Attempts())

    def may_start(self, key: str) -> bool:
        """Whether the run may be started, perhaps once more; one that is done but not yet seen may not."""
        ending = self._endings.get(key)
        done = ending is not None and ending.exit_code == DONE
        return not done and self.attempts(key).may_start(self.limits)

    def ended(self, key: str, ending: Ending, lease: Lease | None) -> bool:
        """Note the end of a run of one's own; tells whether it is to be started once more."""
        asked = lease is not None and lease.stop
        self._attempts[key] = self.attempts(key).after(ending.exit_code, asked=asked)
        self._endings[key] = ending
        if lease is not None and self._counted is not None:
            self._counted[key] = lease.generation
        return self.may_start(key)

    def seen(self, leases: Mapping[str, Lease]) -> None:
        """Note what others did meanwhile; what had ended when the sweep began does not count."""
        if self._counted is None:
            self._counted = {key: lease.generation for key, lease in leases.items()}
        for key, lease in leases.items():
            if lease.outcome is None or lease.generation <= self._counted.get(key, 0):
                continue
            code = lease.outcome.exit_code
            self._attempts[key] = self.attempts(key).after(code, asked=lease.stop)
            self._counted[key] = lease.generation

    def repeated(self) -> str:
        """The words of the failure that every run had so far, unless the sweep shall go on anyway."""
        return "" if self.limits.keep_going else alike(list(self._endings.values()), self.runs)

    def unseen(self, missing: Collection[str]) -> list[str]:
        """The keys of runs that are done, though the store still misses them."""
        return [key for key, ending in self._endings.items() if ending.exit_code == DONE and key in missing]


def ending_of(event: Event, lease: Lease | None, log: Path) -> Ending:
    """How the process ended, with the last words of one that failed."""
    code = _plain(event.exit_code)
    told = lease.outcome.words if lease and lease.outcome else ""
    return Ending(code, "" if code in (None, DONE) else told or last_line(log))


def last_line(log: Path) -> str:
    """The last line that a run printed, which is where its error stands."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return f"its log cannot be read here: {log}"
    lines = [line.strip() for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), NOTHING)


def _plain(code: int | None) -> int | None:
    """One of sweeps.exit_codes; None where nobody knows, and killed where a signal ended the runner."""
    if code is None or code in WORDS:
        return code
    return KILLED if code < 0 or code > 128 else FAILED
