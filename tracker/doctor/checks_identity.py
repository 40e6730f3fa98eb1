"""One run that stands in a store twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tracker.doctor.entry import Entry
from tracker.doctor.finding import Finding
from tracker.journal.identity import recorded_uuid


def twice(runs: Iterable[Entry]) -> Iterator[Finding]:
    """Runs that share their uuid with an earlier one."""
    first: dict[str, Entry] = {}
    for run in runs:
        uuid = recorded_uuid(run.document)
        if uuid and uuid in first:
            yield Finding(
                "one run twice",
                run.place,
                f"has the uuid of {first[uuid].place}",
                "one run counts as two",
                "delete one of them",
            )
        elif uuid:
            first[uuid] = run
