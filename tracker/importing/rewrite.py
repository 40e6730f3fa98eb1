"""The text of a question file with some of its texts changed, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tracker.importing.merge import Change, Said
from tracker.importing.scalars import scalar
from tracker.questions.question import Question, Questions

# behind which of the keys that are there a new one goes
_BEHIND: Mapping[str, tuple[str, ...]] = {
    "name": ("id",),
    "question": ("id", "name"),
    "context": ("id", "name", "sub_project", "question"),
    "finding": ("id", "name", "question", "hypothesis"),
    "priority": ("id", "name", "question"),
    "parked": ("id", "name", "question"),
    "more_seeds": ("id", "name", "question"),
}
_INHERITED = ("context", "priority")  # what a question takes from above where it says nothing


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


def rewritten(source: str, questions: Questions, changes: Iterable[Change]) -> str:
    """The file with the changes; comments, order and every other character stay."""
    root = _entries(yaml.compose(source, Loader=yaml.SafeLoader))
    wanted: dict[str, dict[str, Said]] = {}
    for change in changes:
        wanted.setdefault(change.node, {})[change.field] = change.after
    context = _text(_entries(root.get("defaults")).get("context"))
    edits = list(_tree(source, root["tree"], questions.roots, wanted, {"context": context, "priority": "0"}))
    return _applied(source, edits)


def _tree(
    source: str,
    node: Any,
    questions: Iterable[Question],
    wanted: Mapping[str, Mapping[str, Said]],
    above: Mapping[str, str],
) -> Iterator[_Edit]:
    """The edits of some questions and all beneath; `above` is what they take from there."""
    for item, question in zip(node.value, questions, strict=True):
        entries = _entries(item)
        changed = wanted.get(question.node, {})
        said = {**{name: getattr(question, name) for name in _INHERITED}, **changed}
        for name, word in said.items():
            if name in entries:
                if name in changed:
                    yield _replace(source, item, name, word)
            elif str(word) != above.get(name):  # what comes from above is written only where it differs
                yield _insert(source, item, name, word)
        if "children" in entries:
            below = {name: str(said[name]) for name in _INHERITED}
            yield from _tree(source, entries["children"], question.children, wanted, below)


def _replace(source: str, item: Any, name: str, text: Said) -> _Edit:
    node = _entries(item)[name]
    if isinstance(node, yaml.MappingNode):  # a finding with its claim beside the words
        return _replace(source, node, "text", text)
    if isinstance(text, tuple):
        return _append(source, node, text)
    start, end = _span(source, node)
    made = _made(text, node.style, item.flow_style, source[start:end], _indent(source, start) + 2)
    return _Edit(start, end, _with_newlines(source, made))


def _append(source: str, sequence: Any, numbers: Iterable[int]) -> _Edit:
    """Numbers at the end of a list that has some."""
    _, end = _span(source, sequence.value[-1])
    if sequence.flow_style:
        return _Edit(end, end, "".join(f", {number}" for number in numbers))
    end = _line_end(source, end)
    dash = f"\n{' ' * sequence.start_mark.column}- "
    return _Edit(end, end, _with_newlines(source, "".join(f"{dash}{number}" for number in numbers)))


def _insert(source: str, item: Any, name: str, text: Said) -> _Edit:
    entries = _entries(item)
    there = [key for key in _BEHIND[name] if isinstance(entries.get(key), yaml.ScalarNode)]
    anchor = entries[there[-1]]
    _, end = _span(source, anchor)
    if item.flow_style:
        style = item.value[0][0].style  # of the keys: in JSON they are quoted, and so are the texts
        key = f"{style or ''}{name}{style or ''}"
        return _Edit(end, end, f", {key}: {_made(text, style, True)}")
    indent = " " * item.value[0][0].start_mark.column
    line_end = _line_end(source, end)
    return _Edit(line_end, line_end, _with_newlines(source, f"\n{indent}{name}: {_made(text, None, False)}"))


def _line_end(source: str, at: int) -> int:
    breaks = [end for end in (source.find("\r", at), source.find("\n", at)) if end >= 0]
    return min(breaks, default=len(source))


def _made(text: Said, style: str | None, between: bool, before: str = "", indent: int = 0) -> str:
    """A text in the style of its place, or a number, a truth value or a list of numbers."""
    if isinstance(text, tuple):
        return f"[{', '.join(map(str, text))}]"
    return scalar(text, style, between, before, indent) if isinstance(text, str) else str(text).lower()


def _span(source: str, node: Any) -> tuple[int, int]:
    """Where a scalar stands; the mark behind a block lies on a later line."""
    start, end = node.start_mark.index, node.end_mark.index
    return start, start + len(source[start:end].rstrip())


def _indent(source: str, at: int) -> int:
    """The column of the key on the line of this place, behind the dash of a list."""
    line = source[source.rfind("\n", 0, at) + 1 : at]
    return len(line) - len(line.lstrip(" -"))


def _applied(source: str, edits: Iterable[_Edit]) -> str:
    parts, at = [], 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        parts += [source[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, source[at:]])


def _with_newlines(source: str, text: str) -> str:
    """The text with the line ends of the file."""
    return text.replace("\n", "\r\n") if "\r\n" in source else text


def _entries(node: Any) -> dict[str, Any]:
    return {key.value: value for key, value in node.value} if node is not None else {}


def _text(node: Any) -> str:
    return str(node.value).strip() if node is not None else ""
