"""A layout as the documents that Omniboard reads, and what has to change to have them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tracker.omniboard.layout import Layout

SETTINGS = "omniboard.settings"
CUSTOM = "omniboard.custom.columns"
METRIC = "omniboard.metric.columns"
COLLECTIONS = (SETTINGS, CUSTOM, METRIC)

OWNER = {"managed_by": "tracker"}
DEFAULTS = {"auto_refresh_interval": 30, "initial_fetch_size": 50, "row_height": 70}  # Omniboard's own

_NOUNS = {SETTINGS: "setting", CUSTOM: "custom column", METRIC: "metric column"}

Document = Mapping[str, Any]  # `_id` is 24 hexadecimal digits


@dataclass(frozen=True, slots=True)
class Change:
    """One document to write, or to remove where there are no fields."""

    collection: str
    id: str
    told: str  # one line for the user
    fields: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sync does, and what it leaves alone although the layout says otherwise."""

    changes: tuple[Change, ...]
    kept: tuple[str, ...]


def wanted(layout: Layout) -> dict[str, dict[str, Document]]:
    """The documents of each collection by name, without their ids."""
    lists: dict[str, list[Document]] = {
        SETTINGS: [{"name": name, "value": value} for name, value in layout.settings.items()],
        CUSTOM: [{"name": one.name, "config_path": one.path} for one in layout.custom_columns],
        METRIC: [
            {"name": one.name, "metric_name": one.metric, "extrema": one.extrema, "lastn": one.lastn}
            for one in layout.metric_columns
        ],
    }
    return {name: {one["name"]: {**one, **OWNER} for one in listed} for name, listed in lists.items()}


def document_id(collection: str, name: str) -> str:
    """The id of a managed document: always the same, so that two syncs at once write one document."""
    return hashlib.sha256(f"{collection}/{name}".encode()).hexdigest()[:24]


def plan(layout: Layout, found: Mapping[str, Sequence[Document]]) -> Plan:
    """The way from the documents in the database to those of the layout."""
    changes: list[Change] = []
    kept: list[str] = []
    for collection, documents in wanted(layout).items():
        for document in documents.values():
            other = _of_the_user(collection, document, found[collection])
            if other is None:
                changes += _towards(collection, document, found[collection])
            elif told := _other_way(document, other):
                kept.append(f"{_NOUNS[collection]} '{document['name']}' was made in Omniboard with {told}")
        if layout.prune == "managed":
            changes += _superfluous(collection, documents, found[collection])
    return Plan(tuple(changes), tuple(kept))


def _of_the_user(collection: str, document: Document, found: Sequence[Document]) -> Document | None:
    """The document of that name which is not the tracker's; an untouched setting counts as nobody's."""
    for other in found:
        if other.get("name") == document["name"] and not _managed(other):
            untouched = collection == SETTINGS and other.get("value") == DEFAULTS.get(document["name"])
            return None if untouched else other
    return None


def _towards(collection: str, document: Document, found: Sequence[Document]) -> Iterator[Change]:
    """Add the document, or put right what differs in the one that stands for it."""
    name, noun = document["name"], _NOUNS[collection]
    id = document_id(collection, name)
    there = next((one for one in found if one["_id"] == id), None)
    there = there or next((one for one in found if one.get("name") == name), None)
    if there is None:
        yield Change(collection, id, f"+ {noun} {name}: {_shown(document)}", document)
    elif told := _difference(document, there):
        yield Change(collection, there["_id"], f"~ {noun} {name}: {told}", document)


def _superfluous(
    collection: str, documents: Mapping[str, Document], found: Sequence[Document]
) -> Iterator[Change]:
    """Remove what the tracker once wrote and the layout has no more; nothing else is ever removed."""
    ids = {document_id(collection, name) for name in documents}
    for one in found:
        if _managed(one) and one["_id"] not in ids and one.get("name") not in documents:
            yield Change(collection, one["_id"], f"- {_NOUNS[collection]} {one.get('name')}")


def _managed(document: Document) -> bool:
    return OWNER.items() <= document.items()


def _difference(document: Document, there: Document) -> str:
    """The fields that differ, from what is there to what is wanted; the owner is not told."""
    differing = [name for name, value in document.items() if there.get(name) != value]
    told = [name for name in differing if name not in OWNER]
    if differing and not told:
        return "now kept by the tracker"
    return ", ".join(f"{name} {there.get(name)!r} -> {document[name]!r}" for name in told)


def _other_way(document: Document, there: Document) -> str:
    """The same for a document that stays as it is."""
    differing = [name for name, value in document.items() if name not in OWNER and there.get(name) != value]
    return ", ".join(f"{name} {there.get(name)!r}, not {document[name]!r}" for name in differing)


def _shown(document: Document) -> str:
    hidden = {"name", "lastn", *OWNER}
    return ", ".join(str(value) for name, value in document.items() if name not in hidden)
