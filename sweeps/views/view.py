"""What is missing at one moment, and which of it somebody is at."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.planning.job import Job, seeds_together
from sweeps.planning.plan import Plan, lease_key, make_plan
from sweeps.planning.twins import Twins
from tracker import open_store
from tracker.address import is_mongo
from tracker.leases.base import Lease, Leases
from tracker.leases.watch import Watch
from tracker.settings import run_folder

if TYPE_CHECKING:
    from tracker.mirror.transfer import Transfer


@dataclass(frozen=True)
class View:
    """A plan, and the leases as they stood before it was made."""

    plan: Plan
    seen: Mapping[str, Lease]
    held: frozenset[str]  # the keys of leases that somebody holds
    unsure: frozenset[str]  # those of them whose holder may be gone; time will tell
    untold: frozenset[str] = frozenset()  # keys of runs done on this machine that the server does not take

    def startable(self) -> tuple[Job, ...]:
        """The missing runs that nobody is at, but for those that are done here."""
        return tuple(job for job in self.plan.jobs if not job.is_among(self.held | self.untold))

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
    only: Collection[str] = ()  # the questions, each with all beneath it; none for the whole file
    seeds_together: bool = False  # in the order of the runs, rather than a seed of every value first
    twins: Twins | None = None  # who starts runs must know what experiments fill in; others need not
    _brought: set[tuple[str, int]] = field(default_factory=set)

    def look(self) -> View:
        """The view now: leases first, so that what ends meanwhile is seen to have moved on."""
        seen = self.leases.leases()
        free = {key for key, lease in seen.items() if self.watch.free(lease)}
        plan = self._plan(free)
        brought = self._bring({job.key for job in plan.jobs if job.key in free}, seen)
        plan = self._plan(free) if any(not one.trouble for one in brought.values()) else plan
        held = frozenset(seen).difference(free)
        unsure = frozenset(key for key in held if not self.watch.alive(seen[key]))
        return View(plan, seen, held, unsure, frozenset(key for key in brought if brought[key].trouble))

    def fresh(self, keys: Iterable[str]) -> Mapping[str, Lease]:
        """The leases of these keys as they stand now."""
        return self.leases.leases(keys)

    def _plan(self, over: Collection[str]) -> Plan:
        plan = make_plan(
            self.questions,
            self.address,
            datetime.now(UTC),
            failed_only=self.failed_only,
            over=over,
            only=self.only,
            twins=self.twins,
        )
        return replace(plan, jobs=seeds_together(plan.jobs)) if self.seeds_together else plan

    def _bring(self, missing: Collection[str], seen: Mapping[str, Lease]) -> dict[str, Transfer]:
        """Push what is done on this machine, but missing on the server: what became of it, by key.

        The server was away when such a run ended, or its process was killed before it could tell.
        """
        folder = Path(run_folder())
        told = {(key, seen[key].generation) for key in missing}
        if told <= self._brought or not is_mongo(self.address) or not folder.is_dir():
            return {}
        keys = {key for key, _ in told - self._brought}
        done = (run for run in open_store(str(folder)).runs() if run.status == "COMPLETED")
        runs = {str(run.id): lease_key(run) for run in done if lease_key(run) in keys}
        pushed = _push(folder, self.address, list(runs)) if runs else []
        brought = dict(zip(runs.values(), pushed, strict=True))
        self._brought |= {one for one in told if one[0] not in brought or not brought[one[0]].trouble}
        return brought


def _push(folder: Path, address: str, runs: Sequence[str]) -> list[Transfer]:
    from tracker.mirror.push import push

    return push(folder, address, runs)
