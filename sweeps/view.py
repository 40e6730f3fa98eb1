"""What is missing at one moment, and which of it somebody is at."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sweeps.exit_codes import DONE
from sweeps.job import Job
from sweeps.plan import Plan, make_plan
from sweeps.roster import lease_key
from tracker import open_store
from tracker.address import is_mongo
from tracker.leases.base import Lease, Leases
from tracker.leases.watch import Watch
from tracker.settings import run_folder


@dataclass(frozen=True)
class View:
    """A plan, and the leases as they stood before it was made."""

    plan: Plan
    seen: Mapping[str, Lease]
    held: frozenset[str]  # the keys of leases that somebody holds
    unsure: frozenset[str]  # those of them whose holder may be gone; time will tell

    def startable(self) -> tuple[Job, ...]:
        """The missing runs that nobody is at."""
        return tuple(job for job in self.plan.jobs if job.key not in self.held)

    def elsewhere(self, own: Collection[str] = ()) -> frozenset[str]:
        """The keys of runs of these questions that are under way, but not those that are one's `own`."""
        cells = [cell for states in self.plan.cells.values() for cell in states.items()]
        alive = {key for key, state in cells if state in ("running", "stalled", "queued") or key in self.held}
        return frozenset(alive.difference(own))


@dataclass
class Lookout:
    """Looks at leases and runs; remembers the leases, because only time tells which holder is gone."""

    questions: Path
    address: str
    leases: Leases
    watch: Watch = field(default_factory=Watch)
    failed_only: bool = False
    _brought: set[tuple[str, int]] = field(default_factory=set)

    def look(self) -> View:
        """The view now: leases first, so that what ends meanwhile is seen to have moved on."""
        seen = self.leases.leases()
        free = {key for key, lease in seen.items() if self.watch.free(lease)}
        plan = self._plan(free)
        if self._bring(plan.jobs, seen):
            plan = self._plan(free)
        held = frozenset(seen).difference(free)
        unsure = frozenset(key for key in held if not self.watch.alive(seen[key]))
        return View(plan, seen, held, unsure)

    def fresh(self, keys: Iterable[str]) -> Mapping[str, Lease]:
        """The leases of these keys as they stand now."""
        return self.leases.leases(keys)

    def _plan(self, over: Collection[str]) -> Plan:
        return make_plan(
            self.questions, self.address, datetime.now(UTC), failed_only=self.failed_only, over=over
        )

    def _bring(self, jobs: Iterable[Job], seen: Mapping[str, Lease]) -> bool:
        """Push runs of this machine to the server where a lease says more of them than the server knows."""
        folder = Path(run_folder())
        told = {(job.key, seen[job.key].generation) for job in jobs if _may_be_done(seen.get(job.key))}
        if told <= self._brought or not is_mongo(self.address) or not folder.is_dir():
            return False
        keys = {key for key, _ in told - self._brought}
        self._brought |= told
        runs = [str(run.id) for run in open_store(str(folder)).runs() if lease_key(run) in keys]
        return bool(runs) and _push(folder, self.address, runs)


def _push(folder: Path, address: str, runs: Sequence[str]) -> bool:
    from tracker.mirror.push import push

    return any(transfer.written for transfer in push(folder, address, runs))


def _may_be_done(lease: Lease | None) -> bool:
    """Whether the run may be done though its record is not there: the server was away when it ended."""
    return lease is not None and (lease.outcome is None or lease.outcome.exit_code == DONE)
