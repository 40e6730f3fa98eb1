"""What the values of a question mean, in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tracker.questions import fields as read
from tracker.questions.fields import Fields
from tracker.questions.question import Question
from tracker.questions.yaml_lines import Entry


def explanations(given: Fields) -> dict[str, str]:
    """The words for each value, by the value as a question file writes it."""
    if "explain" not in given:
        return {}
    entry = given["explain"]
    if not isinstance(entry.content, dict) or not entry.content:
        raise entry.refuse("explain must be a mapping of values to words, such as {full: everything learns}")
    words = {name: read.text(entry.content, name) for name in entry.content}
    for name, said in words.items():
        if not said:
            raise entry.content[name].refuse(f"explain says nothing of '{name}'; write what it means")
    return words


def of_values(words: Mapping[str, str], values: Iterable[Any]) -> dict[str, str]:
    """The words for these values alone, in their order."""
    return {name: words[name] for name in map(name_of, values) if name in words}


def name_of(value: Any) -> str:
    """A value as it stands in `explain`: text as it is, anything else as YAML writes it."""
    return value if isinstance(value, str) else json.dumps(value)


def refuse_idle(given: Fields, questions: Sequence[Question]) -> None:
    """Raise QuestionsError where `explain` names what is no value of the questions that it holds for."""
    if "explain" in given:
        known = dict.fromkeys(name_of(value) for one in _all(questions) for value in one.values)
        for name, entry in given["explain"].content.items():
            if name not in known:
                raise entry.refuse(f"explain has '{name}', which is no value{read.did_you_mean(name, known)}")


def refuse_idle_beneath(tree: Entry, questions: Sequence[Question]) -> None:
    """The same for every question of a tree, each with those beneath it."""
    for entry, question in zip(tree.content, questions, strict=True):
        refuse_idle(entry.content, [question])
        if "children" in entry.content:
            refuse_idle_beneath(entry.content["children"], question.children)


def _all(questions: Iterable[Question]) -> Iterable[Question]:
    for question in questions:
        yield question
        yield from _all(question.children)
