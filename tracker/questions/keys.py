"""Every key that a question file may hold: where it stands, what it takes, what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tracker.questions.question import CLAIMED, SAMPLERS, SPLITS, VERDICTS
from tracker.run import REDUCTIONS

ID = "[a-z][a-z0-9_-]*"
SETTING = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*"

Shape = Mapping[str, Any]  # of a value, in the words of JSON Schema

TEXT: Shape = {"type": "string"}
SCALAR: Shape = {"type": ["string", "number", "boolean", "null"]}
VALUE: Shape = {"anyOf": [SCALAR, {"type": "array"}]}
SETTINGS: Shape = {"type": "object", "propertyNames": {"pattern": f"^{SETTING}$"}}
NAMES: Shape = {"type": "array", "items": {"type": "string", "pattern": f"^{SETTING}$"}}
SEEDS: Shape = {
    "type": "array",
    "items": {"type": "integer", "minimum": 0},
    "minItems": 1,
    "uniqueItems": True,
}
LOOKS: Shape = {
    "type": "array",
    "items": {"type": "integer", "minimum": 3},
    "minItems": 1,
    "uniqueItems": True,
}


def one_of(*words: str) -> Shape:
    """One of a few words."""
    return {"enum": list(words)}


def over_zero(**more: Any) -> Shape:
    """A number over 0."""
    return {"type": "number", "exclusiveMinimum": 0, **more}


def part(name: str) -> Shape:
    """What stands in a place of its own in the table below."""
    return {"$ref": f"#/$defs/{name}"}


def several(name: str) -> Shape:
    """A list of what stands in a place of its own."""
    return {"type": "array", "items": part(name), "minItems": 1}


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a question file."""

    name: str
    places: tuple[str, ...]  # file, profile, defaults, question, question_profile, metric, variant, ...
    shape: Shape
    meaning: str
    required: bool = False


_BOTH = ("defaults", "question")
_SIZES = (*_BOTH, "profile", "question_profile")  # what a profile may change of every question
_OWN = ("question", "question_profile")  # what a question may have otherwise in a profile
_CLAIMS = ("claim", "finding")

KEYS = (
    Key("version", ("file",), {"const": 1}, "the version of this format: 1", required=True),
    Key("project", ("file",), TEXT, "a name; the file's by default"),
    Key("about", ("file",), TEXT, "what the questions are about, for somebody who knows nothing of them"),
    Key("metric", ("file", "profile", *_OWN), part("metric"), "the number that answers"),
    Key("defaults", ("file",), part("defaults"), "what holds for every question that says nothing else"),
    Key(
        "profiles",
        ("file",),
        {"type": "object", "minProperties": 1, "additionalProperties": part("profile")},
        "the same questions at other sizes, by name; asked for with --profile",
    ),
    Key("tree", ("file",), several("question"), "the questions", required=True),
    Key(
        "id",
        ("question",),
        {"type": "string", "pattern": f"^{ID}$"},
        "its name in the node's path",
        required=True,
    ),
    Key("name", ("question",), TEXT, "a title for the table; the id by default"),
    Key("question", ("question",), TEXT, "what is asked; every child needs one"),
    Key("hypothesis", _OWN, TEXT, "what is expected, in words"),
    Key(
        "claim",
        _OWN,
        {"anyOf": [part("claim"), several("claim")]},
        "what is claimed, so that the runs can support or contradict it",
    ),
    Key("finding", ("question",), {"anyOf": [TEXT, part("finding")]}, "a human's own answer"),
    Key("notes", _OWN, TEXT, "anything else worth writing down"),
    Key("sub_project", ("question",), TEXT, "a heading for the table; children inherit it"),
    Key("experiment", _BOTH, TEXT, "the name of the Sacred experiment; it may also be the parameter"),
    Key("launch", _BOTH, TEXT, "how a run is started; {experiment} stands for the name"),
    Key("context", _SIZES, TEXT, "under what circumstances; children inherit it"),
    Key("seeds", _SIZES, SEEDS, "the seeds of each value"),
    Key(
        "more_seeds",
        _OWN,
        SEEDS,
        "seeds added after a look at the results; a finding that needs them is exploratory",
    ),
    Key("looks", _SIZES, LOOKS, "at how many seeds the results may be looked at; they share alpha"),
    Key(
        "alpha",
        _BOTH,
        over_zero(exclusiveMaximum=1),
        "the error rate of a question's verdicts; 0.05 by default",
    ),
    Key("setup", _SIZES, SETTINGS, "fixed settings; a child adds to its parent's"),
    Key(
        "explain",
        _BOTH,
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string", "minLength": 1}},
        "what values mean, in words, by value; a child adds to its parent's",
    ),
    Key("ignore", _SIZES, NAMES, "settings in which runs may differ and still be compared"),
    Key("parameter", _OWN, {"type": "string", "pattern": f"^{SETTING}$"}, "what is varied"),
    Key(
        "values",
        _OWN,
        {"type": "array", "items": {"anyOf": [VALUE, part("variant")]}, "minItems": 1},
        "what the parameter is set to, or named variants that set several things at once",
    ),
    Key("baseline", _OWN, VALUE, "the value that the others are compared with"),
    Key("scale", _OWN, one_of("ordered", "log"), "the values lie in an order, and a trend is tested"),
    Key("pair_by", ("question",), one_of("seed"), "the seeds pair the runs, and the differences are tested"),
    Key(
        "nuisance",
        _OWN,
        {
            **SETTINGS,
            "minProperties": 1,
            "additionalProperties": {
                "anyOf": [{"type": "array", "items": VALUE, "minItems": 1}, part("range")],
            },
        },
        "settings that are tuned for each value: over a list of values, or over a range",
    ),
    Key("select_by", ("question",), TEXT, "the validation metric that chooses among the nuisance settings"),
    Key(
        "sampler",
        _OWN,
        one_of(*SAMPLERS),
        "how settings are found in a range: random by default; optuna learns from the earlier ones; grid",
    ),
    Key(
        "trials",
        _OWN,
        {"type": "integer", "minimum": 2},
        "how many settings are tried for each value, where nuisance has a range",
    ),
    Key(
        "tuning_seeds",
        _OWN,
        SEEDS,
        "the seeds of the runs that choose; the chosen settings alone are then run with seeds",
    ),
    Key("when", ("question",), part("when"), "asked only if the parent's verdict is this one"),
    Key(
        "priority",
        ("question",),
        {"type": "integer"},
        "runs of a higher number start first; 0 by default, children inherit it",
    ),
    Key("parked", _OWN, {"type": "boolean"}, "put aside, with all beneath it: no run is started"),
    Key(
        "profiles",
        ("question",),
        {"type": "object", "minProperties": 1, "additionalProperties": part("question_profile")},
        "what is otherwise in this question under a profile, by the profile's name",
    ),
    Key(
        "leave_out",
        ("question_profile",),
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "keys of the question that do not hold under the profile, such as a claim about the full size",
    ),
    Key("children", ("question",), several("question"), "questions that follow from this one"),
    Key("name", ("metric",), TEXT, "as the runs record it", required=True),
    Key("reduce", ("metric",), one_of(*REDUCTIONS), "what is taken of its points; the last by default"),
    Key("goal", ("metric",), one_of("maximize", "minimize"), "what is better; maximize by default"),
    Key("unit", ("metric",), TEXT, "such as %"),
    Key("sesoi", ("metric",), over_zero(), "the smallest difference of interest"),
    Key("split", ("metric",), one_of(*SPLITS), "what it is measured on, where its name does not tell"),
    Key("name", ("variant",), TEXT, "the variant's name in tables and sentences", required=True),
    Key(
        "set",
        ("variant",),
        {**SETTINGS, "minProperties": 1},
        "the settings that make the variant",
        required=True,
    ),
    Key("low", ("range",), {"type": "number"}, "the lowest number", required=True),
    Key("high", ("range",), {"type": "number"}, "the highest number", required=True),
    Key(
        "scale",
        ("range",),
        one_of("linear", "log"),
        "whether differences or factors count alike; linear by default",
    ),
    Key("whole", ("range",), {"type": "boolean"}, "whole numbers alone"),
    Key(
        "parent.verdict", ("when",), one_of(*VERDICTS), "the verdict that the parent must have", required=True
    ),
    Key("verdict", _CLAIMS, one_of(*CLAIMED), "what is claimed"),
    Key("value", _CLAIMS, VALUE, "the value it is claimed of, where there are several beside the baseline"),
    Key("at_least", _CLAIMS, over_zero(), "the smallest difference that is claimed, in the metric's unit"),
    Key("at_most", _CLAIMS, over_zero(), "the largest difference that is claimed"),
    Key("says", ("claim",), TEXT, "the claim in its author's words"),
    Key("source", ("claim",), TEXT, "where it is claimed: a paper with its table or figure"),
    Key("text", ("finding",), TEXT, "the finding in words", required=True),
)


def names(place: str) -> tuple[str, ...]:
    """The keys that may stand in a place, in their order."""
    return tuple(key.name for key in KEYS if place in key.places)
