"""What is wrong between the documents of a database: orphans, missing files, one identity twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tracker.doctor.asked import Asked
from tracker.doctor.checks_identity import twice
from tracker.doctor.entry import Entry, inside
from tracker.doctor.finding import Finding
from tracker.journal.identity import recorded_uuid
from tracker.journal.moments import utc
from tracker.stores.collections import POINTS

FILE_ID = re.compile("[0-9a-f]{24}")
SETTLED = timedelta(days=1)  # after which nobody is about to link a file


@dataclass(frozen=True, slots=True)
class Database:
    """A database with the runs that were read from it."""

    runs: Sequence[Entry]
    asked: Asked
    now: datetime


Check = Callable[[Database], Iterator[Finding]]


def orphaned_metrics(database: Database) -> Iterator[Finding]:
    """Metrics of runs that are gone, to which stock Sacred appends when it gives their id again."""
    known = [run.id for run in database.runs]
    for head in database.asked.metric_heads():
        if head.get("run_id") not in known:
            yield Finding(
                "orphans",
                f"metric {head.get('name')} of run {head.get('run_id')}",
                "its run is not there",
                "a later run that gets this id is shown with its points",
                f"delete the document {head['_id']} from metrics",
            )


def orphaned_points(database: Database) -> Iterator[Finding]:
    """Points in the mirror's own collection whose run was deleted."""
    known = {recorded_uuid(run.document) for run in database.runs}
    for uuid, count in Counter(chunk.get("run") for chunk in database.asked.all(POINTS, "run")).items():
        if uuid not in known:
            yield Finding(
                "orphans",
                f"points of the run with uuid {uuid}",
                f"its run is not there, {count} documents are",
                "they take room",
                "deletes them",
                harmful=False,
                mend=partial(database.asked.delete, POINTS, {"run": uuid}),
            )


def orphaned_files(database: Database) -> Iterator[Finding]:
    """Files that no run names any more."""
    named = {str(file) for run in database.runs for _, file in _files(run)}
    for file in database.asked.all("fs.files", "filename", "uploadDate"):
        written = utc(file.get("uploadDate"))
        if str(file["_id"]) not in named and not (written and database.now - written < SETTLED):
            yield Finding(
                "orphans",
                f"file {file.get('filename')}",
                "no run names it",
                "it takes room",
                f"delete the file {file['_id']} with its chunks",
                harmful=False,
            )


def missing_files(database: Database) -> Iterator[Finding]:
    """Artifacts and sources that a run names and the database lacks."""
    there = {str(file["_id"]) for file in database.asked.all("fs.files", "filename")}
    for run in database.runs:
        for name, file in _files(run):
            if str(file) not in there:
                yield Finding(
                    "missing files",
                    run.place,
                    f"{name} is named, but its file is missing",
                    "Omniboard cannot show it",
                    f"`tracker push {run.id}` again from its folder",
                )


def same_identity(database: Database) -> Iterator[Finding]:
    """One run that stands in the database twice."""
    yield from twice(database.runs)


def _files(run: Entry) -> Iterator[tuple[str, Any]]:
    """The files that a run names: (name, id)."""
    artifacts = _listed(run.document.get("artifacts"))
    yield from (
        (f"artifact {found.get('name')}", found.get("file_id")) for found in artifacts if _maps(found)
    )
    sources = _listed(inside(run.document, "experiment", "sources"))
    yield from ((f"source {found[0]}", found[1]) for found in sources if _is_pair(found))
    resources = [found for found in _listed(run.document.get("resources")) if _is_pair(found)]
    # stock Sacred writes a checksum there, and keeps no file
    yield from ((f"resource {found[0]}", found[1]) for found in resources if FILE_ID.fullmatch(str(found[1])))


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _maps(found: Any) -> bool:
    return isinstance(found, Mapping)


def _is_pair(found: Any) -> bool:
    return isinstance(found, list) and len(found) == 2


CHECKS: Sequence[Check] = (orphaned_metrics, orphaned_points, orphaned_files, missing_files, same_identity)
