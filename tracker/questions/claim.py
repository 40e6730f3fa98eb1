"""Claims and human findings in a form that runs can check."""

from __future__ import annotations

import math
from typing import Any

from tracker.configs import same
from tracker.questions import fields as read
from tracker.questions.fields import Fields
from tracker.questions.keys import names
from tracker.questions.question import CLAIMED, TREND_WORDS, Claim, Question
from tracker.questions.yaml_lines import Entry

_UNSIZED = ("same", "flat", "diverged")  # what has no size of its own


def claims(given: Fields, question: Question) -> tuple[Claim, ...]:
    """What a question's `claim` holds: one claim or a list of them."""
    if "claim" not in given:
        return ()
    entry = given["claim"]
    listed = entry.content if isinstance(entry.content, list) else [entry]
    if not listed:
        raise entry.refuse("claim is empty; write claim: {verdict: better, source: ...}")
    return tuple(_claim(item, question) for item in listed)


def finding(given: Fields, question: Question) -> tuple[str, Claim | None]:
    """A human's finding: its words, and what it claims where it says so in a checkable form."""
    if "finding" not in given or not isinstance(given["finding"].content, dict):
        return read.text(given, "finding"), None
    entry = given["finding"]
    own = read.fields(entry, names("finding"), "finding")
    text = read.text(own, "text")
    if not text:
        raise entry.refuse("the finding has no text; write finding: {text: ..., verdict: better}")
    if "verdict" not in own:
        if len(own) > 1:
            raise entry.refuse("the finding has no verdict to check; write one, such as verdict: better")
        return text, None
    return text, _checked(entry, own, question)


def _claim(entry: Entry, question: Question) -> Claim:
    given = read.fields(entry, names("claim"), "claim")
    if "verdict" not in given:
        raise entry.refuse("the claim has no verdict to check; write one, such as verdict: better")
    return _checked(entry, given, question)


def _checked(entry: Entry, given: Fields, question: Question) -> Claim:
    if not question.values:
        raise entry.refuse(f"'{question.id}' is a group, which no run answers; move the claim to a question")
    verdict = read.choice(given, "verdict", CLAIMED, "")
    sizes = {
        name: read.number(given, name, math.inf, "15") for name in ("at_least", "at_most") if name in given
    }
    for name in sizes:
        if verdict in _UNSIZED:
            raise given[name].refuse(f"'{verdict}' has no size; drop {name}")
    if sizes.get("at_least", 0) > sizes.get("at_most", math.inf):
        raise given["at_least"].refuse("at_least is more than at_most; no difference is both")
    return Claim(
        line=entry.line,
        verdict=verdict,
        value=_value(entry, given, verdict, question),
        at_least=sizes.get("at_least"),
        at_most=sizes.get("at_most"),
        says=read.text(given, "says"),
        source=read.text(given, "source"),
    )


def _value(entry: Entry, given: Fields, verdict: str, question: Question) -> Any:
    """The value that a claim is about; None for a trend."""
    if verdict in TREND_WORDS:
        if not question.scale:
            raise given["verdict"].refuse(
                f"'{verdict}' is claimed of a trend, and '{question.id}' has none; write scale: ordered"
            )
        if "value" in given:
            raise given["value"].refuse(f"'{verdict}' is claimed of the whole scale; drop value")
        return None
    if not question.has_baseline:
        raise given["verdict"].refuse(
            f"'{verdict}' is claimed of a value against a baseline, and '{question.id}' has none; name one"
        )
    others = [value for value in question.values if not same(value, question.baseline)]
    shown = ", ".join(str(value) for value in others)
    if "value" in given:
        value = given["value"].plain()
        if not any(same(value, other) for other in others):
            raise given["value"].refuse(f"{value!r} is not one of the values beside the baseline: {shown}")
        return value
    if len(others) != 1:
        raise entry.refuse(f"the claim does not say of which value: {shown}; write value: ...")
    return others[0]
