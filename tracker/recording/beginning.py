"""What is known of a run when it begins: Sacred's words, the code, the machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.journal.plain import plain
from tracker.journal.resume import ResumedJournal
from tracker.journal.writer import RunJournal
from tracker.recording.code import DIFF, Code
from tracker.recording.credentials import Mask
from tracker.recording.machine import distributions, graphics_cards
from tracker.recording.places import Place
from tracker.recording.signals import Signals
from tracker.recording.sources import imported_sources, without_credentials
from tracker.settings import LEASE_VARIABLE, QUESTIONS_VARIABLE

if TYPE_CHECKING:
    from tracker.mirror import Mirror


@dataclass(frozen=True)
class Attachment:
    """What recording needs beside the run itself."""

    place: Place
    code: Code
    signals: Signals
    base: Path  # the experiment's folder
    more_sources: tuple[str, ...] = ()
    wanted: int | None = None  # the run's number
    mirror: Mirror | None = None
    noted: set[str] = field(default_factory=set)  # names of the sources that the journal has

    @cached_property
    def mask(self) -> Mask:
        return self.place.mask

    @property
    def highest_id(self) -> int:
        return self.mirror.highest_id if self.mirror else 0


def first_record(
    told: Mapping[str, Any], info: Mapping[str, Any], attachment: Attachment, leave_out: Callable[[str], None]
) -> dict[str, Any]:
    """The run's document at its start, as plain data without credentials."""
    experiment = {**told["ex_info"], "sources": [], "dependencies": distributions()}
    experiment["repositories"] = attachment.code.repositories
    host = {name: value for name, value in told["host_info"].items() if name != "gpus"}
    cards = graphics_cards()
    parts = {
        "experiment": experiment,
        "command": told["command"],
        "host": host | ({"gpus": cards} if cards else {}),
        "config": told["config"],
        "meta": told["meta_info"],
        "info": info,
    }
    record: dict[str, Any] = attachment.mask.value(
        {name: plain(part, leave_out, name) for name, part in parts.items()}
    )
    return record


def note_beginning(journal: RunJournal, attachment: Attachment) -> None:
    """The facts of a run at its start, and the code that it is made with; also where it goes on."""
    code = attachment.code
    # of a run that goes on it stays that of the first part; the parts tell of theirs
    facts: dict[str, Any] = {} if isinstance(journal, ResumedJournal) else {"code": code.facts}
    questions = [name.strip() for name in os.environ.get(QUESTIONS_VARIABLE, "").split(",")]
    if any(questions):
        facts["questions"] = list(filter(None, questions))
    if lease := os.environ.get(LEASE_VARIABLE):
        facts["lease"] = lease
    journal.note_facts(attachment.mask.value(facts))
    if code.diff:
        _keep_diff(journal, attachment.mask.text(code.diff.decode("utf-8", "surrogateescape")))
    note_imports(journal, attachment)
    journal.flush()


def _keep_diff(journal: RunJournal, text: str) -> None:
    """As an artifact; a part that is made with other changes than the first has one of its own."""
    content, name = text.encode("utf-8", "surrogateescape"), DIFF
    if isinstance(journal, ResumedJournal) and (journal.folder / DIFF).exists():
        if (journal.folder / DIFF).read_bytes() == content:
            return
        name = f"part{journal.part}.{DIFF}"
    with tempfile.NamedTemporaryFile(prefix="tracker-") as file:
        file.write(content)
        file.flush()
        journal.add_artifact(name, Path(file.name), "text/x-diff")


def note_imports(journal: RunJournal, attachment: Attachment) -> None:
    """Every source that the run has imported since it was last noted."""
    base, root = attachment.base, attachment.code.root
    inside = root is not None and base.resolve().is_relative_to(root.resolve())
    found = imported_sources(root if root and inside else base, base, attachment.more_sources)
    new = [(name, path) for name, path in found if name not in attachment.noted]
    if new:
        with tempfile.TemporaryDirectory(prefix="tracker-") as folder:
            journal.note_sources(without_credentials(new, attachment.mask, Path(folder)))
        attachment.noted.update(name for name, _ in new)
