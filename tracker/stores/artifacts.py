"""The files that a run left, by the names that it gave them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.errors import StoreError
from tracker.run import Run


def places(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Where each artifact of a run's document lies, sorted by name; `key` tells which field says so."""
    listed = document.get("artifacts")
    told = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    return {str(one["name"]): one[key] for one in sorted(told, key=_name) if key in one and "name" in one}


def place_of(run: Run, name: str, known: Mapping[str, Any]) -> Any:
    """Where one artifact lies; raises StoreError for a name that the run has not."""
    if name not in known:
        has = f"it has {', '.join(known)}" if known else "it has none"
        raise StoreError(f"Run {run.id} has no artifact {name!r}; {has}.")
    return known[name]


def lost(run: Run, name: str) -> StoreError:
    """The error for an artifact that the record names and the store has not."""
    return StoreError(f"Artifact {name!r} of run {run.id} is recorded, but its file is gone; run it again.")


def _name(told: Mapping[str, Any]) -> str:
    return str(told.get("name"))
