"""The import itself: merge, rewrite, check, and only then write."""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tracker.errors import QuestionsError, TrackerError
from tracker.importing.edited import read_edited
from tracker.importing.merge import Change, merged
from tracker.importing.rewrite import rewritten
from tracker.questions.load import load_questions
from tracker.questions.profiles import file_of, refuse_profile
from tracker.questions.question import Question, Questions

_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Import:
    """A question file as it is and as it is to be."""

    path: Path
    before: str
    after: str
    changes: tuple[Change, ...]

    def diff(self, what: str = "imported") -> str:
        """What changes, line by line."""
        before, after = (_lines(text) for text in (self.before, self.after))
        return "".join(difflib.unified_diff(before, after, str(self.path), f"{self.path} ({what})"))

    def write(self) -> None:
        """Replace the file, unless it has changed since it was read."""
        place = self.path.resolve()
        draft = place.with_name(f".{place.name}.{os.getpid()}")
        try:
            if read_text(place) != self.before:
                raise TrackerError(f"{self.path} was changed meanwhile; import again")
            draft.write_bytes(self.after.encode("utf-8"))
            shutil.copymode(place, draft)
            draft.replace(place)
        except OSError as error:
            raise TrackerError(
                f"cannot write {self.path}: {error.strerror}; check its permissions"
            ) from error
        finally:
            draft.unlink(missing_ok=True)


def prepare(path: Path, edited: Path, base: Path | None = None) -> Import:
    """The import of an edited table, fully checked; raises TrackerError where anything is in its way."""
    questions = load_questions(path)
    changes = merged(questions, read_edited(edited), read_edited(base) if base else None)
    return with_changes(questions, changes)


def with_changes(questions: Questions, changes: tuple[Change, ...]) -> Import:
    """The question file with some changes, fully checked; raises TrackerError."""
    if changes:
        refuse_profile(questions.path, "write it there by hand, or leave --profile out")
    before = read_text(file_of(questions.path))
    mark = _MARK if before.startswith(_MARK) else ""
    after = mark + rewritten(before.removeprefix(mark), questions, changes) if changes else before
    _check(questions, changes, after)
    return Import(file_of(questions.path), before, after, changes)


def read_text(path: Path) -> str:
    """The file to the letter."""
    return path.read_bytes().decode("utf-8")


def _check(questions: Questions, changes: Iterable[Change], after: str) -> None:
    """Raise unless the new text asks the same questions but for the changes."""
    path = questions.path
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / path.name
        draft.write_bytes(after.encode("utf-8"))
        try:
            found = load_questions(draft)
        except QuestionsError as error:
            problem = str(error).replace(str(draft), str(path))
            raise TrackerError(f"the edited texts would make the question file unsound: {problem}") from error
    for question, made in zip(questions.walk(), found.walk(), strict=True):
        if _told(made, ()) != _told(question, changes):
            raise TrackerError(
                f"cannot write '{question.node}' into {path} without changing something else, perhaps "
                "because of an anchor (&) there; edit it by hand"
            )


def _told(question: Question, changes: Iterable[Change]) -> dict[str, Any]:
    """All that a file says of a question, with the changes and without its lines and children."""
    told: dict[str, Any] = _without_lines(asdict(replace(question, children=(), lines={})))
    for change in changes:
        if change.node == question.node and isinstance(change.after, tuple):
            told |= {name: [*told[name], *change.after] for name in ("seeds", "added")}
        elif change.node == question.node:
            told[change.field] = change.after
    return told


def _without_lines(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: _without_lines(value) for name, value in told.items() if name != "line"}
    return [_without_lines(value) for value in told] if isinstance(told, list | tuple) else told


def _lines(text: str) -> list[str]:
    """The lines of a text, the last one ended like the others."""
    return [f"{line}\n" for line in text.removesuffix("\n").split("\n")]
