"""The folder of a run, written at once from what a database holds of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracker.journal.events import event_line
from tracker.journal.heartbeat import beat
from tracker.journal.jsonpickled import opened
from tracker.journal.keep import keep_artifact, keep_content
from tracker.journal.layout import JOURNAL, OUTPUT, POINTS, RESOURCES, SOURCES, VERSION
from tracker.journal.moments import microseconds, utc
from tracker.journal.not_finite import FACT, NotFinite
from tracker.journal.parts import FACT as PARTS
from tracker.journal.plain import plain
from tracker.journal.points import Batch, line
from tracker.journal.sacred_files import write_sacred_files
from tracker.mirror.document import heartbeat_of
from tracker.mirror.fetch import Fetched, Stored
from tracker.mirror.run_document import GOING
from tracker.run import Series
from tracker.stores.collections import MIRRORS

TOGETHER = 10_000  # points on a line

_RECORDED = ("experiment", "host", "config", "meta")


class Rebuild:
    """Writes one run into a new folder of a store; the times are the server's, to the millisecond."""

    def __init__(self, folder: Path, uuid: str, document: Mapping[str, Any]) -> None:
        self._folder, self._uuid, self._document = folder, uuid, document
        self._begun = utc(document.get("start_time")) or datetime.now(UTC)
        self._left_out: list[str] = []
        self._not_finite = NotFinite()

    def write(self, fetched: Fetched, series: Iterator[Series], output: str) -> None:
        """All its files. Raises OSError."""
        self._folder.mkdir(parents=True)
        with (self._folder / POINTS).open("wb") as points:
            for one in series:
                points.writelines(self._lines(one))
            _sync(points)
        (self._folder / OUTPUT).write_text(output, encoding="utf-8", newline="")
        if heartbeat := heartbeat_of(self._document):
            beat(self._folder, heartbeat)
        with (self._folder / JOURNAL).open("wb") as journal:
            journal.writelines(self._events(fetched))
            _sync(journal)
        write_sacred_files(self._folder)

    def _lines(self, series: Series) -> Iterator[bytes]:
        times = [microseconds(time) for time in series.timestamps] or [microseconds(self._begun)] * len(
            series.values
        )
        steps = [int(step) if step == step // 1 else step for step in series.steps]
        for begin in range(0, len(steps), TOGETHER):
            part = slice(begin, begin + TOGETHER)
            batch = self._not_finite.without(
                Batch(series.name, steps[part], series.values[part], times[part])
            )
            if batch.steps:
                yield line(batch)

    def _events(self, fetched: Fetched) -> Iterator[bytes]:
        yield self._first()
        sources = [[file.name, self._kept(SOURCES, file)] for file in fetched.sources]
        yield event_line("sources", self._begun, sources=sources)
        for file in fetched.resources:
            kept = self._kept(RESOURCES, file)
            yield event_line("resource", self._begun, path=file.name, file=kept, sha256=file.sha256)
        yield from self._artifacts(fetched.artifacts)
        info = self._plain("info")
        users = {name: value for name, value in info.items() if name not in ("tracker", "metrics")}
        yield event_line("info", self._begun, set=users, removed=[])
        told = info.get("tracker")
        facts: Mapping[str, Any] = told if isinstance(told, dict) else {}
        self._left_out += fetched.missing
        yield event_line("facts", self._begun, set=self._facts(facts))
        if self._document.get("status") not in GOING:
            yield self._last(facts)

    def _first(self) -> bytes:
        record: dict[str, Any] = {name: self._plain(name) for name in _RECORDED}
        record |= {"command": str(self._document.get("command") or ""), "info": {}}
        event = "queued" if self._document.get("status") == "QUEUED" else "started"
        return event_line(event, self._begun, version=VERSION, uuid=self._uuid, record=record)

    def _last(self, facts: Mapping[str, Any]) -> bytes:
        stopped = utc(self._document.get("stop_time")) or heartbeat_of(self._document) or self._begun
        trace = self._document.get("fail_trace")
        told = plain(
            {"result": opened(self._document.get("result")), "fail_trace": trace}, self._left_out.append
        )
        elapsed = facts.get("elapsed", (stopped - self._begun).total_seconds())
        if parts := facts.get(PARTS):  # the earlier ones are told by the fact
            elapsed = parts[-1].get("seconds", 0.0)
        return event_line("ended", stopped, status=str(self._document.get("status")), **told, elapsed=elapsed)

    def _artifacts(self, files: Sequence[Stored]) -> Iterator[bytes]:
        taken: set[str] = set()
        for file in files:
            kept = keep_artifact(self._folder, file.name, file.path, taken)
            taken.add(kept.file)
            told = {"name": file.name, "file": kept.file, "sha256": kept.sha256, "size": kept.size}
            more = plain({"content_type": file.content_type, "metadata": file.metadata or None})
            yield event_line("artifact", self._begun, **told, **more)

    def _facts(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: fact for name, fact in facts.items() if name not in (*MIRRORS, "uuid", "elapsed")}
        if self._not_finite.counts:
            kept[FACT] = [*kept.get(FACT, ()), *self._not_finite.fact()]
        if self._left_out:
            kept["left_out"] = [*kept.get("left_out", ()), *self._left_out]
        return kept

    def _kept(self, kind: str, file: Stored) -> str:
        return f"{kind}/{keep_content(self._folder.parent / kind, file.path).file}"

    def _plain(self, name: str) -> dict[str, Any]:
        found = opened(self._document.get(name))
        if name == "experiment" and isinstance(found, dict):
            found = {**found, "sources": []}  # which an event of their own tells
        kept = plain(found, self._left_out.append, name)
        return kept if isinstance(kept, dict) else {}


def _sync(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
