"""The answers of one question file from one store, again and again."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from tracker.findings.answering import findings
from tracker.findings.finding import Finding
from tracker.findings.memory import Memory
from tracker.findings.seals import read_seals
from tracker.questions.load import load_questions
from tracker.questions.profiles import file_of
from tracker.questions.question import Questions
from tracker.run import Run
from tracker.stores.base import Store
from tracker.tree import LastingTree


class Following:
    """Looks as often as one likes; only what has changed since the last look is computed."""

    def __init__(self, path: Path, store: Store) -> None:
        self._path, self._store = path, store
        self._tree, self._memory = LastingTree(), Memory[Finding]()
        self._loaded: tuple[bytes, Questions] | None = None

    def look(self, now: datetime, runs: Sequence[Run] | None = None) -> tuple[Questions, tuple[Finding, ...]]:
        """The questions as they stand, with what is found; `runs` are those of the store, if known."""
        questions = self._questions()
        tree = self._tree.grown(questions, self._store.runs() if runs is None else runs)
        seals = read_seals(self._path)
        return questions, findings(tree, self._store.values, now, seals, self._memory)

    def _questions(self) -> Questions:
        text = None
        with contextlib.suppress(OSError):  # loading it says what is wrong
            text = file_of(self._path).read_bytes()
        if self._loaded is None or self._loaded[0] != text:
            self._loaded = None
            questions = load_questions(self._path)
            self._loaded = (text, questions) if text is not None else None
            return questions
        return self._loaded[1]
