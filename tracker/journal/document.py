"""The document of a run from the events of its journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tracker.journal.layout import VERSION
from tracker.journal.moments import utc
from tracker.journal.parts import begin_part, end_part, note_restored

Event = Mapping[str, Any]
Document = dict[str, Any]


class NewerJournal(Exception):  # noqa: N818 - not an error of the user's: it becomes a fault
    """A journal of a version that this tracker does not know."""


def document_from(events: Iterable[Event]) -> Document | None:
    """The document in the shape of MongoObserver's, without id and heartbeat; None before the run is begun.

    Events of an unknown name or shape are passed over. Raises NewerJournal.
    """
    document: Document = {}
    facts: Document = {}
    for event in events:
        name = event.get("event")
        if not isinstance(name, str):
            continue
        if name in _BEGINNINGS:
            document, facts = _begun(event), {"uuid": event.get("uuid")}
        elif document and name in _APPLIED:
            _APPLIED[name](document, facts, event)
    if document:
        document["info"]["tracker"] = _with_facts(document["info"].get("tracker"), facts)
    return document or None


_OF_AN_END = ("stop_time", "result", "fail_trace")
_BEGINNINGS = {"started": "RUNNING", "queued": "QUEUED"}


def _begun(event: Event) -> Document:
    version = event.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise NewerJournal(
            f"the journal is of version {version}, this tracker reads up to {VERSION}: update the tracker"
        )
    record = dict(_mapping(event, "record"))
    record |= {"status": _BEGINNINGS[event["event"]], "info": dict(_mapping(record, "info"))}
    record |= {"artifacts": [], "resources": []}
    if event["event"] == "started":
        record |= {"start_time": utc(event.get("time"))}
    return record


def _info(document: Document, _facts: Document, event: Event) -> None:
    document["info"] |= _mapping(event, "set")
    for name in _list(event, "removed"):
        document["info"].pop(str(name), None)


def _facts(_document: Document, facts: Document, event: Event) -> None:
    facts |= {name: fact for name, fact in _mapping(event, "set").items() if name != "uuid"}
    for name in _list(event, "removed"):
        facts.pop(str(name), None)


def _artifact(document: Document, _facts: Document, event: Event) -> None:
    told = {name: value for name, value in event.items() if name not in ("event", "time")}
    if isinstance(told.get("name"), str) and isinstance(told.get("file"), str):
        others = [other for other in document["artifacts"] if other["name"] != told["name"]]
        document["artifacts"] = [*others, told]


def _resource(document: Document, _facts: Document, event: Event) -> None:
    told = [event.get("path"), event.get("file")]
    if told not in document["resources"]:
        document["resources"].append(told)


def _sources(document: Document, _facts: Document, event: Event) -> None:
    document["experiment"] = {**_mapping(document, "experiment"), "sources": _list(event, "sources")}


def _ended(document: Document, facts: Document, event: Event) -> None:
    document |= {"status": event.get("status"), "stop_time": utc(event.get("time"))}
    document["result"] = event.get("result")
    if event.get("fail_trace") is not None:
        document["fail_trace"] = event["fail_trace"]
    facts["elapsed"] = end_part(facts, event)


def _resumed(document: Document, facts: Document, event: Event) -> None:
    """Another process has taken the run up: it goes again, and the end that it may have had is none."""
    begin_part(document, facts, event)
    for name in _OF_AN_END:
        document.pop(name, None)
    document["status"] = "RUNNING"


def _went_on(_document: Document, facts: Document, event: Event) -> None:
    note_restored(facts, event)


_APPLIED: Mapping[str, Callable[[Document, Document, Event], None]] = {
    "info": _info,
    "facts": _facts,
    "artifact": _artifact,
    "resource": _resource,
    "sources": _sources,
    "ended": _ended,
    "resumed": _resumed,
    "went_on": _went_on,
}


def _with_facts(users: Any, facts: Document) -> Document:
    """What the user wrote to the same place stays, as far as the tracker has no fact of that name."""
    kept = users if isinstance(users, Mapping) else {} if users is None else {"value": users}
    return {**kept, **facts}


def _mapping(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = event.get(name)
    return found if isinstance(found, Mapping) else {}


def _list(event: Event, name: str) -> list[Any]:
    found = event.get(name)
    return found if isinstance(found, list) else []
