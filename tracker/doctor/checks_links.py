"""The list in a run's document through which Omniboard's columns find its metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tracker.doctor.entry import Check, Entry, Flaw, inside

_ID = re.compile("[0-9a-f]{24}", re.IGNORECASE)


def broken(entry: Entry) -> Iterator[Flaw]:
    """Links that are no ids."""
    told = _told(entry)
    if not isinstance(told, list):
        yield Flaw("info.metrics is no list", _links(entry))
    elif bad := [link for link in told if not _ID.fullmatch(_target(link))]:
        yield Flaw(f"info.metrics links to {_target(bad[0])!r}, which is no id", _links(entry))


def lost(entry: Entry) -> Iterator[Flaw]:
    """Links that lead nowhere, and metrics without a link."""
    told = _told(entry)
    if not isinstance(told, list):
        return
    targets = {_target(link).lower() for link in told}
    nowhere = sorted(target for target in targets - set(entry.linkable) if _ID.fullmatch(target))
    if nowhere:
        yield Flaw(f"info.metrics links to {nowhere[0]}, which no metric has", _links(entry))
    if unlinked := sorted(name for id, name in entry.linkable.items() if id not in targets):
        yield Flaw(f"info.metrics lacks {', '.join(unlinked)}", _links(entry))


def _links(entry: Entry) -> Mapping[str, Any]:
    return {"info.metrics": [{"name": name, "id": id} for id, name in entry.linkable.items()]}


def _told(entry: Entry) -> Any:
    found = inside(entry.document, "info", "metrics")
    return [] if found is None else found


def _target(link: Any) -> str:
    return str(link.get("id", "")) if isinstance(link, Mapping) else str(link)


CHECKS = (
    Check(
        "broken links", "breaks Omniboard's table with metric columns", "links to the run's metrics", broken
    ),
    Check("lost links", "Omniboard's metric columns stay blank", "links to the run's metrics", lost),
)
