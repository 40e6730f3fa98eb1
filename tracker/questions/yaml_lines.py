"""YAML read strictly, with the line of everything in it."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tracker.errors import QuestionsError

_SCIENTIFIC = re.compile(r"[-+]?(\d[\d_]*\.?\d*|\.\d+)[eE][-+]?\d+")  # YAML 1.1 wants a point and a sign
_LEADING_ZERO = re.compile(r"[-+]?0\d+")  # YAML 1.1 reads base eight
_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null")}
_UNSAFE = re.compile("[\x00\ud800-\udfff]")  # what no CSV or JSON file can hold

_NOT_FINITE = '{0} is not a finite number; write a number, or "{0}" for text'


@dataclass(frozen=True)
class Entry:
    """A piece of a YAML file: a scalar, a list of entries, or a mapping from names to entries."""

    path: Path
    line: int
    content: Any

    def plain(self) -> Any:
        """The content without the lines."""
        if isinstance(self.content, dict):
            return {name: entry.plain() for name, entry in self.content.items()}
        if isinstance(self.content, list):
            return [entry.plain() for entry in self.content]
        return self.content

    def refuse(self, sentence: str) -> QuestionsError:
        """The error to raise about this place."""
        return QuestionsError(f"{self.path}:{self.line}: {sentence}")


def read(path: Path, *, what: str = "question file", needs: str = "version, metric and tree") -> Entry:
    """The one document in a YAML file; `what` it is and what it `needs` are told where it cannot be read.

    Raises QuestionsError for a file that cannot be read, and for what YAML would misread in silence.
    """
    text = _text(path, what)
    try:
        node = _node(text)
        if node is None:
            raise QuestionsError(f"{path}:1: the file is empty; it needs {needs}")
        return _entry(path, node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise QuestionsError(f"{path}:{line}: this is not YAML: {error.problem or error.context}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise QuestionsError(f"{path}:{line}: the character {error.character!r} cannot stand here") from error
    except RecursionError as error:
        raise QuestionsError(
            f"{path}:1: the file is nested without end; look for an anchor that contains itself"
        ) from error


def _text(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise QuestionsError(
            f"{path}:1: the file is not UTF-8 text ({error.reason}); save it as UTF-8"
        ) from error
    except OSError as error:
        raise QuestionsError(f"{path}:1: cannot read the {what}: {error.strerror}") from error


def _node(text: str) -> yaml.Node | None:
    """Read by libyaml, ten times as fast, where it is there; what it refuses is told by the other parser."""
    if fast := getattr(yaml, "CSafeLoader", None):
        with suppress(yaml.YAMLError):
            return yaml.compose(text, Loader=fast)
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _entry(path: Path, node: yaml.Node) -> Entry:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return Entry(path, line, _mapping(path, node))
    if isinstance(node, yaml.SequenceNode):
        return Entry(path, line, [_entry(path, item) for item in node.value])
    assert isinstance(node, yaml.ScalarNode)
    return Entry(path, line, _scalar(Entry(path, line, node.value), node))


def _mapping(path: Path, node: yaml.MappingNode) -> dict[str, Entry]:
    content: dict[str, Entry] = {}
    for key_node, value_node in node.value:
        key = _entry(path, key_node)
        if not isinstance(key.content, str):
            raise key.refuse(f"{key.plain()!r} is not a name; write names as text, in quotes if need be")
        if key.content in content:
            first = content[key.content].line
            raise key.refuse(f"'{key.content}' stands twice, the first time on line {first}; keep one")
        content[key.content] = _entry(path, value_node)
    return content


def _scalar(place: Entry, node: yaml.ScalarNode) -> Any:
    """The value of a scalar; refuses what reads differently from how it looks."""
    raw: str = node.value
    if not node.style and node.tag in _PLAIN_TAGS:
        _refuse_misread(place, raw, node.tag.rpartition(":")[2])
    elif node.tag not in _PLAIN_TAGS:
        raise place.refuse(f'YAML reads {raw} as something special; write "{raw}" for text')
    try:
        value = yaml.constructor.SafeConstructor().construct_object(node)
    except ValueError as error:
        raise place.refuse(f'YAML cannot read {raw}; write "{raw}" for text') from error
    if isinstance(value, str) and _UNSAFE.search(value):
        raise place.refuse(f"{value!r} holds a character that no table can hold; leave it out")
    if isinstance(value, float) and not math.isfinite(value):
        raise place.refuse(_NOT_FINITE.format(raw))
    return value


def _refuse_misread(place: Entry, raw: str, kind: str) -> None:
    if kind == "bool" and raw.lower() not in ("true", "false"):
        truth = "true" if raw.lower() in ("yes", "on") else "false"
        raise place.refuse(
            f'YAML reads {raw} as {truth}; write "{raw}" for text or {truth} for the truth value'
        )
    if kind == "str" and _SCIENTIFIC.fullmatch(raw):
        number = float(raw)
        if not math.isfinite(number):
            raise place.refuse(_NOT_FINITE.format(raw))
        meant = re.sub(r"^(-?\d+)e", r"\1.0e", repr(number))
        raise place.refuse(f'YAML reads {raw} as text; write {meant} for the number or "{raw}" for text')
    if kind == "str" and raw == "None":
        raise place.refuse('YAML reads None as text; write null for Python\'s None or "None" for text')
    if kind in ("int", "float") and ":" in raw:
        value = yaml.safe_load(raw)
        raise place.refuse(f'YAML reads {raw} as the number {value}; write "{raw}" for text')
    if kind == "int" and _LEADING_ZERO.fullmatch(raw):
        raise place.refuse(
            f'YAML reads {raw} in base eight; write {int(raw)} for the number or "{raw}" for text'
        )
