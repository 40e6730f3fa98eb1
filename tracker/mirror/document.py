"""The document of a run in MongoDB from the record in its folder, without files, output, metrics."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tracker.journal.jsonpickled import opened
from tracker.journal.moments import utc
from tracker.journal.plain import plain
from tracker.mirror.fitting import fitted
from tracker.stores.collections import QUESTION_TAG

FORMAT = "MongoObserver-0.7.0"  # Sacred's name for this shape

_MAPPINGS = ("experiment", "host", "config", "meta")

Document = dict[str, Any]


def document_of(
    record: Mapping[str, Any], uuid: str, more_facts: Mapping[str, Any], left_out: list[str]
) -> Document:
    """What Sacred's MongoObserver would have written, as plain data, with the run's identity in its info.

    Every field that Omniboard asks for is there and of its type; what is too large for a document is left
    out, and the fact `left_out` says so, after what the caller had to leave out.
    """
    document: Document = {name: _plain(record, name, left_out) for name in _MAPPINGS}
    document |= {"format": FORMAT, "command": str(record.get("command") or "")}
    document |= {"status": str(record.get("status") or "RUNNING")}
    document |= {name: moment for name in ("start_time", "stop_time") if (moment := _time(record, name))}
    if "result" in record:
        document["result"] = plain(opened(record["result"]), left_out.append, "result")
    if record.get("fail_trace"):
        document["fail_trace"] = _lines(record["fail_trace"])
    document["info"] = _info(record, uuid, more_facts, left_out)
    document = fitted(document, left_out)
    if left_out:
        _leave_word(document["info"]["tracker"], left_out)
    return document


def heartbeat_of(record: Mapping[str, Any]) -> datetime | None:
    """The last sign of life, to the millisecond."""
    return _time(record, "heartbeat")


def tags_of(document: Mapping[str, Any]) -> list[str]:
    """A tag for every question that the run was started for."""
    questions = document["info"]["tracker"].get("questions")
    return [f"{QUESTION_TAG}{question}" for question in questions] if isinstance(questions, list) else []


def _plain(record: Mapping[str, Any], name: str, left_out: list[str]) -> Document:
    found = plain(opened(record.get(name)), left_out.append, name)
    return found if isinstance(found, dict) else {}


def _info(record: Mapping[str, Any], uuid: str, facts: Mapping[str, Any], left_out: list[str]) -> Document:
    info = _plain(record, "info", left_out)
    if "metrics" in info:  # where Omniboard looks for the links to the metrics
        left_out.append("info.metrics is in the folder alone: MongoDB has the links to the metrics there")
        del info["metrics"]
    told = info.get("tracker")
    users = told if isinstance(told, dict) else {} if told is None else {"value": told}
    return {**info, "tracker": {**users, **facts, "uuid": uuid}}


def _leave_word(facts: Document, left_out: list[str]) -> None:
    before = facts.get("left_out")
    facts["left_out"] = [*(before if isinstance(before, list) else ()), *left_out]


def _time(record: Mapping[str, Any], name: str) -> datetime | None:
    moment = utc(record.get(name))
    return moment and moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _lines(trace: Any) -> list[str]:
    """A list of texts, which Omniboard joins; anything else would empty its page."""
    pieces = trace if isinstance(trace, list) else [trace]
    return [plain(str(piece)) for piece in pieces]
