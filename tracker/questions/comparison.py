"""The fields that make a node of the tree a comparison of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tracker.questions import fields as read
from tracker.questions.fields import Fields
from tracker.questions.question import Question
from tracker.questions.tuning import TUNING, listed, tuning
from tracker.questions.variants import are_variants, variant_lines, variants
from tracker.questions.yaml_lines import Entry

COMPARISON = ("parameter", "values", "baseline", "scale", "pair_by", "more_seeds", *TUNING)


def comparison(entry: Entry, given: Fields, question: Question) -> Question:
    """The question with its parameter and values; a group comes back as it went in."""
    if "values" not in given:
        for name in COMPARISON:
            if name in given:
                raise given[name].refuse(
                    f"'{question.id}' has {name} but no values; list the values to compare"
                )
        return question
    if "parameter" not in given:
        raise given["values"].refuse(
            f"'{question.id}' has values but no parameter; name the setting they are of"
        )
    if not question.question:
        raise entry.refuse(
            f"'{question.id}' has values but no question; write what is asked, as question: ...?"
        )
    if not question.seeds:
        raise entry.refuse(f"'{question.id}' has no seeds; write seeds: [0, 1, 2] in it or in defaults")
    named = variants(given["values"], _fixed(question)) if are_variants(given["values"]) else {}
    question = replace(
        question,
        parameter=read.setting_name(given["parameter"], given["parameter"].content),
        values=tuple(named) or read.values(given["values"], "values"),
        variants=named,
        baseline=given["baseline"].plain() if "baseline" in given else None,
        scale=read.choice(given, "scale", ("ordered", "log"), ""),
        pair_by=read.choice(given, "pair_by", ("seed",), ""),
    )
    question = tuning(given, question)
    _check_settings(entry, given, question)
    _check_baseline(given, question)
    varied = {question.parameter, *question.varied}
    return replace(
        question,
        setup={name: v for name, v in question.setup.items() if name not in varied},
        lines={**question.lines, **_lines(given)},
    )


def _lines(given: Fields) -> dict[str, int]:
    """Where the settings are named that a question varies: its parameter, its variants, its nuisance."""
    found: dict[str, int] = {}
    if "parameter" in given:
        found[str(given["parameter"].content)] = given["parameter"].line
    if "values" in given and are_variants(given["values"]):
        found |= variant_lines(given["values"])
    tuned = given["nuisance"].content if "nuisance" in given else {}
    return {**found, **{name: entry.line for name, entry in tuned.items()}}


def _fixed(question: Question) -> dict[str, Any]:
    own = {"experiment": question.experiment} if question.experiment else {}
    return {**own, **question.setup}


def _check_settings(entry: Entry, given: Fields, question: Question) -> None:
    """A setting has one role in a question, though a varied one may be fixed further up."""
    own = read.settings(given["setup"], "setup") if "setup" in given else {}
    beside = ["experiment"] if "experiment" in given else []
    for name in (*own, *beside):
        if name == question.parameter:
            raise given["parameter"].refuse(
                f"'{name}' is the parameter and also in setup; take it out of setup"
            )
        if name in question.nuisance:
            raise given["nuisance"].refuse(f"'{name}' is a nuisance and also in setup; take it out of setup")
    if question.parameter in question.nuisance:
        raise given["nuisance"].refuse(
            f"'{question.parameter}' is the parameter and also a nuisance; keep one"
        )
    for name in question.nuisance if question.variants else ():
        if name in question.varied[: -len(question.nuisance)]:
            raise given["nuisance"].refuse(f"'{name}' is a nuisance and also set by the variants; keep one")
    names = _experiments(question)
    for name in names:
        if not isinstance(name, str):
            raise given["values"].refuse(f"the experiment {name!r} is not text; write the experiment's name")
    if not (names or question.experiment) and "{experiment}" in question.launch:
        raise entry.refuse(f"'{question.id}' names no experiment; write experiment: ... in it or in defaults")


def _experiments(question: Question) -> Sequence[Any]:
    """The experiments that a question runs beside the one it inherits."""
    if question.variants:
        return [settings["experiment"] for settings in question.variants.values() if "experiment" in settings]
    if question.parameter == "experiment":
        return question.values
    return listed(question.nuisance.get("experiment", ()))


def _check_baseline(given: Fields, question: Question) -> None:
    shown = ", ".join(str(value) for value in question.values)
    if "baseline" not in given:
        if not question.scale:
            raise given["values"].refuse(
                f"'{question.id}' has no baseline; name the value to compare with ({shown}), "
                "or write scale: ordered"
            )
    elif not question.has_baseline:
        raise given["baseline"].refuse(
            f"the baseline {question.baseline!r} is not one of the values: {shown}"
        )
    if question.scale and len(question.values) < 2:
        raise given["values"].refuse(f"scale: {question.scale} needs two values or more, to see a slope")
    if question.scale and None in question.values:
        raise given["values"].refuse("null has no rank on a scale; give it a value, or drop scale")
    if question.scale == "log":
        for item in given["values"].content:
            if type(item.content) not in (int, float) or item.content <= 0:
                raise item.refuse(
                    f"scale: log takes numbers over 0, not {item.plain()!r}; use scale: ordered"
                )
