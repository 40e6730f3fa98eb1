"""What happened to a run, as lines of its journal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tracker.journal import moments


def event_line(event: str, now: datetime, **fields: Any) -> bytes:
    """One event; its fields must be plain data."""
    told = {"event": event, "time": moments.text(now), **fields}
    return json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def events(content: bytes) -> Iterator[dict[str, Any]]:
    """The events in a journal; what a killed writer left torn is none."""
    for text in content.split(b"\n")[:-1]:
        try:
            found = json.loads(text)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found


@dataclass(frozen=True, slots=True)
class Change:
    """What is new since it was told last."""

    set: dict[str, Any]
    removed: list[str]

    @property
    def any(self) -> bool:
        return bool(self.set or self.removed)


@dataclass(slots=True)
class Told:
    """What the journal already says of a mapping, one text for each of its keys."""

    texts: dict[str, str] = field(default_factory=dict)

    def changes(self, now: Mapping[str, Any], *, whole: bool) -> Change:
        """What differs from what was told, which then counts as told; a `whole` mapping removes the rest."""
        texts = {key: json.dumps(value) for key, value in now.items()}
        changed = {key: now[key] for key, text in texts.items() if self.texts.get(key) != text}
        removed = [key for key in self.texts if key not in texts] if whole else []
        self.texts = texts if whole else self.texts | texts
        return Change(changed, removed)
