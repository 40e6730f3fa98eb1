"""One document of `runs`, written field by field so that nobody else's field, nor a newer one, is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from tracker.errors import StoreError
from tracker.journal.identity import recorded_uuid
from tracker.journal.parts import FACT as PARTS
from tracker.journal.parts import part_count
from tracker.mirror.binding import bound_id, rebound_id
from tracker.mirror.changes import change, flat, is_path
from tracker.mirror.document import Document, tags_of
from tracker.mirror.put import fewer_of
from tracker.stores.collections import COPIED, CUTS, EVENTS

PARTS_FIELD = f"info.tracker.{PARTS}"
GOING = ("QUEUED", "RUNNING")  # what a run is called before it has ended
ATTEMPTS = 5  # to find or make a document, while others make theirs at the same time
_AT_THE_END = ("stop_time", "result", "fail_trace")  # written last, so that they are a promise


class VanishedError(StoreError):
    """The document is not there any more, or belongs to another run."""


@dataclass(slots=True)
class RunDocument:
    """What the server has of a run, as far as it is known here."""

    database: Database[Any]
    uuid: str
    id: int = 0
    has_begun: bool = False
    is_new: bool = False  # nobody has copied the run before
    writes: int = 0
    _before: Document = field(default_factory=dict)
    events: int = 0  # bytes of the journal that the document tells of
    _output: int = 0
    _links: list[Any] = field(default_factory=list)
    _cuts: int = 0  # how often the run had gone on when they were written
    _heartbeat: datetime | None = None
    _tagged: bool = False

    @property
    def status(self) -> Any:
        """As the server has it."""
        return self._before.get("status")

    @property
    def parts(self) -> int:
        """How many processes have done the run, as the server knows it; 0 for a run of one."""
        return part_count({PARTS: self._before.get(PARTS_FIELD)})

    def begin(self, wanted: int | str, document: Document, heartbeat: datetime | None) -> None:
        """Finds the run's document or makes it, as that of a run that goes; then `id` is its number."""
        self.id = self.id or bound_id(self.database, self.uuid, wanted)
        found = self._found_or_made(self.id, document, heartbeat)
        while recorded_uuid(found) != self.uuid:
            self.id = rebound_id(self.database, self.uuid, self.id)
            found = self._found_or_made(self.id, document, heartbeat)
        self._remember(found)

    def _found_or_made(self, id: int, document: Document, heartbeat: datetime | None) -> Document:
        for _ in range(ATTEMPTS):
            found = self.database["runs"].find_one({"_id": id}, {"captured_out": 0})
            if found is not None:
                return dict(found)
            new = _begun(id, document, heartbeat)
            try:
                self.database["runs"].insert_one(new)
            except DuplicateKeyError:
                continue  # somebody else has made it in between
            self.writes += 1
            self.is_new = True
            return new
        raise StoreError(
            f"the server says of run {id} that it is there, and does not give it: its collection `runs` is "
            "damaged; `tracker doctor` looks at it, and `tracker push` copies what is missing"
        )

    def _remember(self, found: Mapping[str, Any]) -> None:
        self.has_begun = True
        facts = found["info"]["tracker"]
        copied = facts.get("copied") or {}
        self._before, self.events = flat(found), facts.get("events", 0)
        self._output, self._cuts = copied.get("output", 0), copied.get(CUTS, 0)
        self._links = list(found["info"].get("metrics") or ())
        self._heartbeat, self._tagged = found.get("heartbeat"), "omniboard" in found

    def update(self, document: Document, events: int) -> None:
        """Writes what differs, unless the server has been told more of the run's events already."""
        now = flat(document)
        newer, older = self._order(document, events)
        if not newer or (events == self.events and now == self._before):
            return
        update = change(self._before, now)
        if _reaches(update):
            parts = part_count(document["info"]["tracker"])
            told = {EVENTS: events} | ({f"{COPIED}.{PARTS}": parts} if parts else {})
            update["$set"] = {**update.get("$set", {}), **told}
        else:
            update = self._with_whole_info(update, document, events)
        self._write(older, update)
        self._before, self.events = now, events
        self._tag(document)

    def _order(self, document: Document, events: int) -> tuple[bool, Document]:
        """Whether the folder tells more than the server knew last, and the filter that asks it again.

        The journal of a run that was pulled while it went may be longer than that of the run itself, which
        is why an end always counts as more; and more parts do, whatever has ended before.
        """
        parts, place = part_count(document["info"]["tracker"]), f"{COPIED}.{PARTS}"
        if parts != self.parts:
            return parts > self.parts, fewer_of(place, parts)
        older: Document = {EVENTS: {"$lte": events}}
        newer = events >= self.events
        if document["status"] not in GOING:
            newer = newer or self._before.get("status") in GOING
            older = {"$or": [older, {"status": {"$in": list(GOING)}}]}
        return newer, {"$and": [fewer_of(place, parts + 1), older]}

    def _with_whole_info(
        self, update: dict[str, Document], document: Document, events: int
    ) -> dict[str, Document]:
        """For keys with a dot, which no path reaches, and for those that go."""
        facts: Document = {**document["info"]["tracker"], "events": events, "copied": self._copied()}
        if parts := part_count(facts):
            facts["copied"][PARTS] = parts
        info = {**document["info"], "tracker": facts, "metrics": self._links}
        others = {
            operator: {name: value for name, value in fields.items() if not name.startswith("info.")}
            for operator, fields in update.items()
        }
        return {"$set": {**others.get("$set", {}), "info": info}} | (
            {"$unset": others["$unset"]} if others.get("$unset") else {}
        )

    def _tag(self, document: Document) -> None:
        """The questions that the run answers, as long as nobody has tagged it."""
        tags = tags_of(document)
        if tags and not self._tagged:
            untagged = {"_id": self.id, "omniboard": {"$exists": False}}
            self.database["runs"].update_one(untagged, {"$set": {"omniboard": {"tags": tags}}})
        self._tagged = self._tagged or bool(tags)

    def beat(self, heartbeat: datetime | None) -> None:
        """Writes the last sign of life, which never goes back."""
        if heartbeat is None or (self._heartbeat is not None and heartbeat <= self._heartbeat):
            return
        older: Document = {"$or": [{"heartbeat": None}, {"heartbeat": {"$lt": heartbeat}}]}
        self._write(older, {"$set": {"heartbeat": heartbeat}})
        self._heartbeat = heartbeat

    def show_output(self, text: str, size: int) -> None:
        """Writes the output, of which `size` bytes were seen."""
        if size > self._output:
            shown = {"captured_out": text, f"{COPIED}.output": size}
            self._write({f"{COPIED}.output": {"$lt": size}}, {"$set": shown})
            self._output = size

    def link(self, links: Sequence[Any], cuts: int = 0) -> None:
        """Writes which metrics the run has; there are only ever more of them, as long as none is cut."""
        if cuts < self._cuts or (cuts == self._cuts and len(links) <= len(self._links)):
            return
        linked: Document = {"info.metrics": list(links), f"{COPIED}.metrics": len(links)}
        fewer: Document = {f"{COPIED}.metrics": {"$lt": len(links)}}
        if cuts:
            linked[f"{COPIED}.{CUTS}"] = cuts
            before = fewer_of(f"{COPIED}.{CUTS}", cuts)["$or"]
            fewer = {"$or": [*before, {f"{COPIED}.{CUTS}": cuts, **fewer}]}
        self._write(fewer, {"$set": linked})
        self._links, self._cuts = list(links), cuts

    def _copied(self) -> Document:
        cuts = {CUTS: self._cuts} if self._cuts else {}
        return {"output": self._output, "metrics": len(self._links), **cuts}

    def _write(self, older: Document, update: dict[str, Document]) -> None:
        ours = {"_id": self.id, "info.tracker.uuid": self.uuid}
        if self.database["runs"].update_one({**ours, **older}, update).matched_count:
            self.writes += 1
        elif not self.database["runs"].find_one(ours, {"_id": 1}):
            raise VanishedError(f"Run {self.id} was deleted there while it was copied: push it again.")


def _reaches(update: Mapping[str, Document]) -> bool:
    """Whether the paths of an update reach what they name; not every server unsets what is inside another."""
    inside = any("." in name for name in update.get("$unset", ()))
    return not inside and all(is_path(name) for fields in update.values() for name in fields)


def _begun(id: int, document: Document, heartbeat: datetime | None) -> Document:
    new = {name: value for name, value in document.items() if name not in _AT_THE_END}
    facts = {**document["info"]["tracker"], "events": 0, "copied": {"output": 0, "metrics": 0}}
    new |= {"_id": id, "info": {**document["info"], "tracker": facts, "metrics": []}}
    new |= {"status": document["status"] if document["status"] == "QUEUED" else "RUNNING"}
    new |= {"artifacts": [], "resources": [], "captured_out": "", "heartbeat": heartbeat}
    new["experiment"] = {**document["experiment"], "sources": []}
    tags = tags_of(document)
    return new | ({"omniboard": {"tags": tags}} if tags else {})
