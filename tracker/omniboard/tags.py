"""From what a run's document says of questions to what it should say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tracker.omniboard.answers import FACTS, Answer
from tracker.stores.collections import QUESTION_TAG


@dataclass(frozen=True, slots=True)
class Retag:
    """The fields to set and to take out of one run's document, by dotted path."""

    id: Any
    set: Mapping[str, Any] = field(default_factory=dict)
    unset: tuple[str, ...] = ()
    seen: Any = None  # the tags as they were read: no write when a user has changed them since


def retag(document: Mapping[str, Any], answer: Answer) -> Retag | None:
    """What changes in a run's document, or None where nothing does."""
    sets: dict[str, Any] = {}
    old = _mapping(document, "omniboard").get("tags")
    tags = _tags(document, old, answer.tags)
    if tags is not None and tags != old:
        sets["omniboard.tags"] = tags
    there = _mapping(_mapping(document, "info"), "tracker")
    for name, value in answer.facts.items():
        if name not in there or not _same(there[name], value):
            sets[f"info.tracker.{name}"] = value
    unset = tuple(f"info.tracker.{name}" for name in FACTS if name in there and name not in answer.facts)
    return Retag(document["_id"], sets, unset, old) if sets or unset else None


def writable(document: Mapping[str, Any]) -> bool:
    """Whether fields can be set below info.tracker and omniboard, which broken documents may not allow."""
    info, board = document.get("info", {}), document.get("omniboard", {})
    return (
        document.get("info_type", "missing") in ("object", "missing")
        and isinstance(info.get("tracker", {}), Mapping)
        and isinstance(board, Mapping)
    )


def _tags(document: Mapping[str, Any], old: Any, own: Sequence[str]) -> list[str] | None:
    """The user's tags, then the tracker's; None where there are none and none were written before."""
    if old is None and not own:
        return None
    return [tag for tag in _listed(document, old) if not str(tag).startswith(QUESTION_TAG)] + list(own)


def _listed(document: Mapping[str, Any], old: Any) -> list[Any]:
    """The tags that Omniboard shows: those in omniboard.tags, else those of the setting `tags`."""
    if old is None:
        old = _mapping(document, "config").get("tags")
    if isinstance(old, str):
        return [tag.strip() for tag in old.split(",") if tag.strip()]
    return list(old) if isinstance(old, list) else []


def _same(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _mapping(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}
