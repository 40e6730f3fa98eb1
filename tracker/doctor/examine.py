"""The examination of a whole store: every check on everything that it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from tracker.address import is_mongo
from tracker.doctor.entry import Check, Entry, Flaw, Metric
from tracker.doctor.finding import Finding
from tracker.doctor.ward import Ward

LIVING = "nothing is mended while the run goes on: ask again after its end"


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found in a store."""

    runs: int
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing harmful is left."""
        return all(finding.mended or not finding.harmful for finding in self.findings)


def examine(address: str, now: datetime, fix: bool = False) -> Examination:
    """What is wrong in the store at `address`, with `fix` mended where that is safe."""
    ward = _ward(address, now)
    runs = list(ward.entries())
    found = [finding for run in runs for finding in _of_run(ward, run, fix)]
    found += [finding for metric in ward.metrics() for finding in _of_metric(ward, metric, fix)]
    found += [finding.mend_now() if fix else finding for finding in ward.findings()]
    return Examination(len(runs), tuple(found))


def _ward(address: str, now: datetime) -> Ward:
    from tracker.doctor.database import DatabaseWard
    from tracker.doctor.folder import FolderWard

    return DatabaseWard(address, now) if is_mongo(address) else FolderWard(address, now)


def _of_run(ward: Ward, run: Entry, fix: bool) -> Iterator[Finding]:
    """The findings of one run; a mend may uncover or settle others, so they are looked for again after it."""
    done: set[tuple[str, str]] = set()
    while fix and (found := _next_mendable(ward.run_checks, run, done)):
        check, flaw = found
        done.add((check.name, flaw.what))
        told = _finding(ward, check, flaw, run, None).mend_now()
        if not told.mended:
            run = replace(run, frozen=told.remedy)  # nothing else of this run can be, others may
            break
        yield told
        run = run.changed(flaw.changes)
    for check in ward.run_checks:
        for flaw in check.find(run):
            yield _finding(ward, check, flaw, run, None)


def _next_mendable(
    checks: Sequence[Check], run: Entry, done: set[tuple[str, str]]
) -> tuple[Check, Flaw] | None:
    if run.frozen or run.alive:
        return None
    flaws = ((check, flaw) for check in checks for flaw in check.find(run) if flaw.changes)
    return next((found for found in flaws if (found[0].name, found[1].what) not in done), None)


def _of_metric(ward: Ward, metric: Metric, fix: bool) -> Iterator[Finding]:
    for check in ward.metric_checks:
        for flaw in check.find(metric):
            found = _finding(ward, check, flaw, metric.run, metric)
            yield found.mend_now() if fix else found


def _finding(ward: Ward, check: Check, flaw: Flaw, run: Entry, metric: Metric | None) -> Finding:
    place = metric.place if metric else run.place
    remedy = check.remedy if flaw.changes or flaw.in_metric else check.otherwise or check.remedy
    told = Finding(check.name, place, flaw.what, check.harm, remedy, check.harmful)
    if not (flaw.changes or flaw.in_metric):
        return told
    if run.frozen or run.alive:
        return replace(told, remedy=run.frozen or LIVING)
    return replace(told, mend=partial(_mend, ward, flaw, run, metric))


def _mend(ward: Ward, flaw: Flaw, run: Entry, metric: Metric | None) -> None:
    if flaw.changes:  # what is told before what is taken out: a crash between them loses nothing
        ward.change(run, flaw.changes)
    if metric and flaw.in_metric:
        ward.change_metric(metric, flaw.in_metric)
