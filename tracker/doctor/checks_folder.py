"""What only a folder of runs can have: files that are torn, missing, left over, or that disagree."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from tracker.doctor.checks_identity import twice
from tracker.doctor.checks_leftovers import Folder, empty_folders, leftovers
from tracker.doctor.checks_life import ENDED, NOTE
from tracker.doctor.entry import Entry, inside, last_sign
from tracker.doctor.finding import Finding
from tracker.journal.append import AppendFile
from tracker.journal.events import events
from tracker.journal.identity import recorded_uuid
from tracker.journal.layout import JOURNAL, RUN
from tracker.journal.moments import utc
from tracker.journal.parts import FACT as PARTS
from tracker.journal.sacred_files import write_sacred_files
from tracker.journal.writer import RunJournal

Check = Callable[[Folder], Iterator[Finding]]


def torn_journals(folder: Folder) -> Iterator[Finding]:
    """Journals that end in half a line, or hold a line that is no event."""
    for name, run in _journaled(folder.runs):
        path = folder.store / name / JOURNAL
        content = path.read_bytes()
        if len(list(events(content))) < content.count(b"\n"):
            yield Finding(
                "torn journals",
                run.place,
                f"{JOURNAL} holds a line that is no event",
                "a reader sees less than was recorded",
                "restore the file from a copy",
                harmful=_hides_something(content),
            )
        if content and not content.endswith(b"\n") and not run.alive:
            yield Finding(
                "torn journals",
                run.place,
                f"{JOURNAL} ends in half a line",
                "it was being written when the run was killed",
                "ends the line",
                harmful=False,
                mend=partial(_end_line, path),
            )


def dead_journals(folder: Folder) -> Iterator[Finding]:
    """Runs that were killed before they could write their end."""
    for name, run in _journaled(folder.runs):
        if run.document.get("status") == "RUNNING" and not run.alive:
            beat = last_sign(run.document) or run.seen
            yield Finding(
                "dead runs",
                run.place,
                f"says RUNNING, but gave its last sign of life {beat:%Y-%m-%d %H:%M:%S} UTC",
                "shown as running, though nobody writes it",
                f"writes {ENDED}, with Sacred's files",
                mend=partial(_end_run, folder.store / name, run, beat),
            )


def disagreeing_files(folder: Folder) -> Iterator[Finding]:
    """Runs whose journal has ended, and whose run.json does not say so."""
    for name, run in _journaled(folder.runs):
        status, told = run.document.get("status"), _status(folder.store / name / RUN)
        if status not in ("RUNNING", told):
            yield Finding(
                "files that disagree",
                run.place,
                f"{RUN} says {told or 'nothing'}, the journal {status}",
                "Sacred and its tools read what is no longer true",
                "writes Sacred's files anew",
                mend=partial(write_sacred_files, folder.store / name),
            )


def missing_files(folder: Folder) -> Iterator[Finding]:
    """Artifacts and sources that a run names, and that are not there."""
    for name, run in folder.runs.items():
        for what, file in _named(run):
            if not any((place / file).exists() for place in (folder.store / name, folder.store)):
                yield Finding(
                    "missing files",
                    run.place,
                    f"{what} is named, but {file} is missing",
                    "it cannot be shown or copied",
                    "restore the file from a copy",
                )


def same_identity(folder: Folder) -> Iterator[Finding]:
    """Folders that hold the same run."""
    yield from twice(folder.runs.values())


def _journaled(runs: Mapping[str, Entry]) -> Iterator[tuple[str, Entry]]:
    return ((name, run) for name, run in runs.items() if run.journaled and not run.fault)


def _hides_something(content: bytes) -> bool:
    """Whether a line that is no event is more than the half line of a killed writer that came back."""
    return not any(event.get("event") in ("ended", "resumed") for event in events(content))


def _end_line(path: Path) -> None:
    _may_append(path)
    AppendFile(path).close()


def _may_append(path: Path) -> None:
    """Raises OSError before anything is queued that would have to be rescued."""
    with path.open("ab"):
        pass


def _end_run(folder: Path, run: Entry, beat: datetime) -> None:
    _may_append(folder / JOURNAL)
    journal = RunJournal(folder, run.id, recorded_uuid(run.document))
    journal.note_facts({"doctor": NOTE})
    parts = inside(run.document, "info", "tracker", PARTS)
    started = utc(parts[-1]["started"] if parts else run.document.get("start_time")) or beat
    journal.end(ENDED, beat, elapsed=max(0.0, (beat - started).total_seconds()))


def _status(path: Path) -> str:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return ""
    return str(found.get("status") or "") if isinstance(found, dict) else ""


def _named(run: Entry) -> Iterator[tuple[str, str]]:
    artifacts, sources = run.document.get("artifacts"), inside(run.document, "experiment", "sources")
    for artifact in artifacts if isinstance(artifacts, list) else ():
        if isinstance(artifact, Mapping):
            yield f"artifact {artifact.get('name')}", str(artifact.get("file") or artifact.get("name"))
    for source in sources if isinstance(sources, list) else ():
        if isinstance(source, list) and len(source) == 2:
            yield f"source {source[0]}", str(source[1])


CHECKS: Sequence[Check] = (
    torn_journals,
    dead_journals,
    disagreeing_files,
    missing_files,
    same_identity,
    empty_folders,
    leftovers,
)
