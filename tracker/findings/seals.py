"""What was found when somebody last looked, kept beside the question file."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tracker.errors import QuestionsError
from tracker.findings.evidence import Evidence
from tracker.questions.profiles import address_of, file_of, profile_of

VERSION = 1


@dataclass(frozen=True, slots=True)
class Seal:
    """A finding as it was when it was sealed."""

    sealed: str  # when, ISO 8601
    verdict: str
    sentence: str  # the computed one
    human: str  # a human's words at that time
    looked_at: tuple[int, ...]  # the numbers of seeds at which there was a verdict to see, so far
    evidence: Evidence


def seals_path(questions: Path) -> Path:
    """Where the seals of a question file are: batchnorm.lock.json beside batchnorm.yaml.

    Those of a profile have a file of their own: batchnorm@cpu.lock.json.
    """
    file = file_of(questions)
    return address_of(file.with_suffix(""), profile_of(questions)).with_suffix(".lock.json")


def read_seals(questions: Path) -> dict[str, Seal]:
    """The seals of a question file by node; none where nothing was sealed."""
    path = seals_path(questions)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["version"] > VERSION:
            raise QuestionsError(f"{path}:1: a newer version wrote this file; update this program")
        return {node: _seal(entry) for node, entry in document["findings"].items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise QuestionsError(f"{path}:1: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise QuestionsError(
            f"{path}:1: this is no file of seals ({error!r}); take it back from version control, or delete it"
        ) from error


def write_seals(questions: Path, seals: Mapping[str, Seal]) -> None:
    """Write the seals, a line for each, all or nothing."""
    path = seals_path(questions)
    lines = [f" {json.dumps(node)}: {_line(seal)}" for node, seal in seals.items()]
    text = f'{{"version": {VERSION}, "findings": {{\n' + ",\n".join(lines) + "\n}}\n"
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise QuestionsError(f"{path}:1: cannot be written: {error.strerror}") from error


def _line(seal: Seal) -> str:
    return json.dumps(asdict(seal), ensure_ascii=False, separators=(",", ":"))


def _seal(entry: Mapping[str, Any]) -> Seal:
    evidence = entry["evidence"]
    runs = {str(identity): (id, str(mark)) for identity, (id, mark) in evidence["runs"].items()}
    return Seal(
        sealed=str(entry["sealed"]),
        verdict=str(entry["verdict"]),
        sentence=str(entry["sentence"]),
        human=str(entry["human"]),
        looked_at=tuple(int(seeds) for seeds in entry["looked_at"]),
        evidence=Evidence(runs, dict(evidence["design"])),
    )
