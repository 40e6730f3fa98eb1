"""The fields that say how a question tunes settings for each of its values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tracker.configs import same
from tracker.questions import fields as read
from tracker.questions.fields import Fields
from tracker.questions.keys import names
from tracker.questions.question import SAMPLERS, Question, Tuned
from tracker.questions.ranges import Range
from tracker.questions.yaml_lines import Entry

TUNING = ("nuisance", "select_by", "sampler", "trials", "tuning_seeds")
FEWEST_TRIALS = 2

_ENOUGH = 1000  # places at which the different numbers of a range are counted

_RANGE = "{low: 0.003, high: 3.0, scale: log}"
_OPPOSITE = {  # goal -> words in the names of metrics that have the other goal, what is better, an example
    "maximize": (("loss", "error"), "more", "validation.accuracy"),
    "minimize": (("accuracy",), "less", "validation.loss"),
}


def tuning(given: Fields, question: Question) -> Question:
    """The question with what it tunes for each value, and how."""
    found = _nuisance(given)
    question = replace(question, nuisance=found, select_by=read.text(given, "select_by"))
    _check_selection(given, question)
    if not found:
        for name in ("sampler", "trials", "tuning_seeds"):
            if name in given:
                raise given[name].refuse(
                    f"{name} says how nuisance settings are tuned, and there are none; drop it, or write "
                    "nuisance: {lr: [0.1, 0.3]}"
                )
        return question
    if "tuning_seeds" in given:
        question = replace(question, tuning_seeds=_tuning_seeds(given, question))
    return _sampled(given, question)


def _nuisance(given: Fields) -> dict[str, Tuned]:
    if "nuisance" not in given:
        return {}
    if not isinstance(given["nuisance"].content, dict) or not given["nuisance"].content:
        raise given["nuisance"].refuse("nuisance must map settings to values, such as {lr: [0.1, 0.3]}")
    return {
        read.setting_name(entry, name): _tuned(entry, name)
        for name, entry in given["nuisance"].content.items()
    }


def _tuned(entry: Entry, name: str) -> Tuned:
    """What one setting is tuned over: a list of values, or a range."""
    if not isinstance(entry.content, dict):
        return read.values(entry, f"nuisance {name}")
    if name == "experiment":
        raise entry.refuse("the experiment is a name, which no range holds; list the names")
    given = read.fields(entry, names("range"), f"the range of {name}")
    for end in ("low", "high"):
        if end not in given:
            raise entry.refuse(f"the range of {name} has no {end}; write {name}: {_RANGE}")
        if type(given[end].content) not in (int, float):
            raise given[end].refuse(f"{end} must be a number, not {given[end].plain()!r}")
    low, high = given["low"].content, given["high"].content
    if not low < high:
        raise given["high"].refuse(f"high is {high:g} and must be over low, which is {low:g}")
    made = Range(
        low, high, read.choice(given, "scale", ("linear", "log"), "linear"), read.truth(given, "whole")
    )
    if made.scale == "log" and low <= 0:
        raise given["low"].refuse(f"scale: log takes numbers over 0, not {low:g}; use scale: linear")
    if made.whole and not (isinstance(low, int) and isinstance(high, int)):
        raise entry.refuse(
            f"whole: true takes whole ends, not {low:g} and {high:g}; write them without a point"
        )
    return made


def _tuning_seeds(given: Fields, question: Question) -> tuple[int, ...]:
    found = read.seeds(given, "tuning_seeds")
    for item, seed in zip(given["tuning_seeds"].content, found, strict=True):
        if seed in question.seeds:
            raise item.refuse(
                f"the seed {seed} is in seeds and in tuning_seeds; a seed that chose a setting must not "
                "report on it, so take another one here"
            )
    return found


def _sampled(given: Fields, question: Question) -> Question:
    """The question with its sampler and its number of trials, where there is something to sample."""
    ranges = {name: tuned for name, tuned in question.nuisance.items() if isinstance(tuned, Range)}
    sampler = read.choice(given, "sampler", SAMPLERS, "random" if ranges else "grid")
    if not ranges:
        for name in ("sampler", "trials"):
            if name in given and (name == "trials" or sampler != "grid"):
                raise given[name].refuse(
                    f"{name} is for ranges, and nuisance has lists alone, of which every combination is "
                    f"tried; drop it, or write a range such as lr: {_RANGE}"
                )
        return question
    place, first = given["nuisance"], next(iter(ranges))
    if "trials" not in given:
        raise place.refuse(
            f"{first} has a range; write trials: 12, how many settings are tried for each value"
        )
    trials = read.whole(given, "trials")
    if trials < FEWEST_TRIALS:
        raise given["trials"].refuse(f"trials is {trials}; a choice needs {FEWEST_TRIALS} or more")
    if sampler == "grid":
        return _as_grid(given, question, ranges, trials)
    room = math.prod(_room(tuned) for tuned in question.nuisance.values())
    if trials > room:
        raise given["trials"].refuse(f"trials is {trials}, and there are only {room} different settings")
    if not question.tuning_seeds:
        raise place.refuse(
            f"{first} has a range; write tuning_seeds: [101], the seeds of its trials, none of them in seeds"
        )
    return replace(question, sampler=sampler, trials=trials)


def _room(tuned: Tuned) -> int:
    """How many different values there are, counted up to a limit."""
    if not isinstance(tuned, Range):
        return len(tuned)
    if tuned.whole:
        return int(tuned.high - tuned.low) + 1
    return len({tuned.at(place / _ENOUGH) for place in range(_ENOUGH + 1)})


def _as_grid(given: Fields, question: Question, ranges: Mapping[str, Range], trials: int) -> Question:
    """The question with its range as a list of even steps."""
    if len(question.nuisance) > 1:
        raise given["sampler"].refuse(
            "sampler: grid divides one range into as many steps as trials says, and there are "
            f"{len(question.nuisance)} nuisance settings; list the values of each, or use sampler: random"
        )
    ((name, span),) = ranges.items()
    steps = tuple(dict.fromkeys(span.at(place / (trials - 1)) for place in range(trials)))
    if len(steps) < trials:
        raise given["trials"].refuse(
            f"{span} has no {trials} different numbers for {name}; take fewer trials"
        )
    return replace(question, nuisance={name: steps})


def _check_selection(given: Fields, question: Question) -> None:
    if question.nuisance and not question.select_by:
        raise given["nuisance"].refuse(
            "nuisance needs select_by, the validation metric that chooses among them"
        )
    if question.select_by and not question.nuisance:
        raise given["select_by"].refuse(
            "select_by chooses among nuisance settings, and there are none; drop it"
        )
    if question.select_by and same(question.select_by, question.metric.name):
        raise given["select_by"].refuse(
            f"select_by and metric are both {question.select_by}; choose by a validation metric, "
            "because what is reported must not select"
        )
    if question.select_by:
        _check_goal(given["select_by"], question)


def _check_goal(select_by: Entry, question: Question) -> None:
    """Refuse a name that says the opposite of the goal, because it would choose the worst in silence."""
    goal = question.metric.goal
    opposite, better, example = _OPPOSITE[goal]
    if any(word in question.select_by.lower() for word in opposite):
        raise select_by.refuse(
            f"{question.select_by} cannot choose: select_by shares the metric's goal ({goal}); "
            f"choose a metric where {better} is better, such as {example}"
        )


def trials_per_value(question: Question) -> int:
    """How many combinations of nuisance settings are tried for each value."""
    return question.trials or math.prod(len(listed(tuned)) for tuned in question.nuisance.values())


def listed(tuned: Tuned) -> tuple[Any, ...]:
    """The values of a setting that is tuned over a list; none of a range."""
    return () if isinstance(tuned, Range) else tuned
