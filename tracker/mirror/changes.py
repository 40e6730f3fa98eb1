"""What differs between a run's document in MongoDB and what its folder tells now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.stores.collections import MIRRORS

Document = dict[str, Any]

NOT_OURS = ("_id", "heartbeat", "captured_out", "info", "omniboard")  # written in another way, or by others


def flat(document: Mapping[str, Any]) -> Document:
    """The document as one value for each field that is written by itself: info.<key>, info.tracker.<fact>.

    The links to the metrics, the facts of the mirror, and what belongs to users of Omniboard are not in it.
    """
    fields = {name: value for name, value in document.items() if name not in NOT_OURS}
    info = _mapping(document.get("info"))
    fields |= {f"info.{key}": value for key, value in info.items() if key not in ("tracker", "metrics")}
    facts = _mapping(info.get("tracker"))
    return fields | {f"info.tracker.{key}": value for key, value in facts.items() if key not in MIRRORS}


def change(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Document]:
    """The update that makes `now` of `before`, both flat; {} where they are the same."""
    new = {name: value for name, value in now.items() if name not in before or before[name] != value}
    gone = dict.fromkeys([name for name in before if name not in now], "")
    return {operator: fields for operator, fields in (("$set", new), ("$unset", gone)) if fields}


def is_path(name: str) -> bool:
    """Whether the name of a field of `flat` reaches it in MongoDB, as one with a dot of its own does not."""
    parts = name.split(".")
    most = 3 if name.startswith("info.tracker.") else 2 if name.startswith("info.") else 1
    return len(parts) == most and all(part and not part.startswith("$") for part in parts)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
