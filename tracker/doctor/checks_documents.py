"""Fields of a run's document without which Omniboard breaks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tracker.doctor.entry import Check, Entry, Flaw, inside
from tracker.journal.moments import utc

MAPPINGS = ("experiment", "host", "config", "meta", "info")  # Omniboard reads fields of them
TIMES = ("heartbeat", "start_time", "stop_time")
TABLE = "breaks Omniboard's table for every run"


def nulls(entry: Entry) -> Iterator[Flaw]:
    """Mappings that are null, or something else."""
    for name in MAPPINGS:
        found = entry.document.get(name, {})
        if found is None:
            yield Flaw(f"{name} is null", {name: {"name": "", "sources": []} if name == "experiment" else {}})
        elif not isinstance(found, dict):
            yield Flaw(f"{name} is {_kind(found)}, not a mapping")


def times(entry: Entry) -> Iterator[Flaw]:
    """Times that are no dates."""
    for name in TIMES:
        found = entry.document.get(name)
        if found is not None and not isinstance(found, datetime):
            moment = utc(found)
            yield Flaw(f"{name} is {_kind(found)}, not a date", {name: moment} if moment else {})


def experiment(entry: Entry) -> Iterator[Flaw]:
    """A run of no experiment."""
    if "experiment" not in entry.document:
        yield Flaw("experiment is missing", {"experiment": {"name": "", "sources": []}})


def sources(entry: Entry) -> Iterator[Flaw]:
    """An experiment without the list of its sources."""
    found = entry.document.get("experiment")
    if isinstance(found, dict) and not isinstance(found.get("sources"), list):
        yield Flaw("experiment.sources is missing", {"experiment.sources": []})


def artifacts(entry: Entry) -> Iterator[Flaw]:
    """No list of artifacts, as in every run that stock Sacred queued."""
    if not isinstance(entry.document.get("artifacts"), list):
        yield Flaw("artifacts is missing", {"artifacts": []})


def tags(entry: Entry) -> Iterator[Flaw]:
    """Tags that are no list of words."""
    found = inside(entry.document, "omniboard", "tags")
    if isinstance(found, str):
        words = [word.strip() for word in found.split(",") if word.strip()]
        yield Flaw("omniboard.tags is text, not a list", {"omniboard.tags": words})
    elif found is not None and not isinstance(found, list):
        yield Flaw(f"omniboard.tags is {_kind(found)}, not a list")


def fail_trace(entry: Entry) -> Iterator[Flaw]:
    """A traceback that is no list of lines."""
    found = entry.document.get("fail_trace")
    if isinstance(found, str):
        yield Flaw("fail_trace is text, not a list", {"fail_trace": found.splitlines(keepends=True)})
    elif found is not None and not isinstance(found, list):
        yield Flaw(f"fail_trace is {_kind(found)}, not a list")


def ids(entry: Entry) -> Iterator[Flaw]:
    """Ids that are no numbers."""
    if isinstance(entry.id, str):
        yield Flaw(f"its _id is the text {entry.id!r}, not a number")
    elif not isinstance(entry.id, int):
        yield Flaw(f"its _id is {_kind(entry.id)}")


def sizes(entry: Entry) -> Iterator[Flaw]:
    """Documents that the server will soon refuse to let grow."""
    if entry.size > LARGEST:
        yield Flaw(f"its document has {entry.size / 2**20:.1f} MiB")


def reading(entry: Entry) -> Iterator[Flaw]:
    """What could not be read of a record."""
    if entry.fault:
        yield Flaw(entry.fault)


def _kind(value: Any) -> str:
    kinds = {str: "text", int: "a number", float: "a number", bool: "a truth value", list: "a list"}
    return "null" if value is None else kinds.get(type(value), "a mapping")


LARGEST = 12 * 2**20  # bytes; MongoDB ends at 16 MiB

# in a run's document, in either store
CHECKS = (
    Check("nulls", TABLE, "puts {} there", nulls, otherwise="put a mapping there by hand"),
    Check("missing experiment", "ends Omniboard's server when sources are opened", "names none", experiment),
    Check("times", TABLE, "converts it", times, otherwise="put a date there by hand"),
    Check("missing sources", "Omniboard cannot show its sources", "puts [] there", sources, harmful=False),
    Check("tags", "blanks Omniboard for everybody", "makes a list of it", tags, otherwise="make it a list"),
    Check("fail traces", "blanks Omniboard when the row is opened", "makes a list of it", fail_trace,
          otherwise="make it a list"),
    Check("unreadable records", "readers see less than was written",
          "mend that, or restore the file from a copy", reading),
)  # fmt: skip

# in a database alone: a folder names its runs as it likes, and its files have no limit
DATABASE_CHECKS = (
    Check("missing artifacts", "blanks Omniboard's tab of artifacts", "puts [] there", artifacts),
    Check(
        "ids that are no numbers",
        "Omniboard shows another run's metrics, and stock Sacred starts no run after it",
        "`tracker pull` it, delete the document, and `tracker push` it: it gets a number",
        ids,
    ),
    Check(
        "large documents",
        "MongoDB refuses it from 16 MiB on",
        "keep large values in artifacts; a run with a folder: delete the document and `tracker push` it",
        sizes,
    ),
)
