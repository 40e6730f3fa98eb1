"""The question file: YAML in, a tree of questions out."""

from __future__ import annotations

import math
import re
import shlex
import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tracker.questions import fields as read
from tracker.questions.claim import claims, finding
from tracker.questions.comparison import comparison
from tracker.questions.explained import explanations, of_values, refuse_idle, refuse_idle_beneath
from tracker.questions.fields import Fields
from tracker.questions.keys import ID, names
from tracker.questions.profiles import file_of, in_profile, profile_of
from tracker.questions.question import SPLITS, VERDICTS, Metric, Question, Questions, split_of
from tracker.questions.yaml_lines import Entry
from tracker.questions.yaml_lines import read as read_yaml
from tracker.run import REDUCTIONS

DEFAULT_LAUNCH = "python -m experiments.{experiment}"

_ID = re.compile(ID)


@dataclass(frozen=True)
class _Inherited:
    """What a child takes from above; its own words replace these, but setup and ignore add up."""

    metric: Metric | None = None
    sub_project: str = ""
    context: str = ""
    experiment: str = ""
    launch: str = DEFAULT_LAUNCH
    priority: int = 0
    alpha: float = 0.05
    seeds: tuple[int, ...] = ()
    looks: tuple[int, ...] = ()
    ignore: tuple[str, ...] = ()
    explain: Mapping[str, str] = field(default_factory=dict)
    setup: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)  # of those settings


def load_questions(path: str | Path) -> Questions:
    """The questions in a file, or in a profile of it as in batchnorm.yaml@cpu.

    Raises QuestionsError, which starts with file and line.
    """
    path = Path(path)
    document = in_profile(read_yaml(file_of(path)), profile_of(path))
    given = read.fields(document, names("file"), "the file")
    if "version" not in given or given["version"].content != 1:
        raise given.get("version", document).refuse("version must be 1; write version: 1")
    if "tree" not in given:
        raise document.refuse("the file has no tree; list the questions under tree")
    above = _Inherited(metric=_metric(given["metric"]) if "metric" in given else None)
    defaults = read.fields(given["defaults"], names("defaults"), "defaults") if "defaults" in given else {}
    above = _inherit(above, defaults)
    roots = _children(given["tree"], "tree", above, None)
    if not profile_of(path):  # a profile may have other values
        refuse_idle(defaults, roots)
        refuse_idle_beneath(given["tree"], roots)
    return Questions(path, read.text(given, "project", file_of(path).stem), roots, read.text(given, "about"))


def _children(entry: Entry, what: str, above: _Inherited, parent: Question | None) -> tuple[Question, ...]:
    lines: dict[str, int] = {}
    found = []
    for item in read.entries(entry, what, "[{id: depth, question: ...}]"):
        child = _question(item, above, parent)
        if child.id in lines:
            raise item.refuse(f"the id '{child.id}' is taken by line {lines[child.id]}; rename one of them")
        lines[child.id] = item.line
        found.append(child)
    return tuple(found)


def _question(entry: Entry, above: _Inherited, parent: Question | None) -> Question:
    given = read.fields(entry, names("question"), "a question")
    identity = _identity(entry, given)
    inherited = _inherit(above, given)
    if inherited.metric is None:
        raise entry.refuse(f"'{identity}' has no metric; write metric: {{name: test.accuracy}} at the top")
    added = _added(given, inherited.seeds) if "more_seeds" in given else ()
    question = Question(
        node=f"{parent.node}/{identity}" if parent else identity,
        id=identity,
        line=entry.line,
        level=parent.level + 1 if parent else 1,
        metric=inherited.metric,
        sub_project=inherited.sub_project,
        context=inherited.context,
        name=read.text(given, "name", identity),
        question=read.text(given, "question"),
        hypothesis=read.text(given, "hypothesis"),
        notes=read.text(given, "notes"),
        setup=inherited.setup,
        seeds=(*inherited.seeds, *added),
        added=added,
        looks=inherited.looks,
        alpha=inherited.alpha,
        when=_when(given, parent),
        priority=inherited.priority,
        parked=read.truth(given, "parked"),
        ignore=inherited.ignore,
        experiment=inherited.experiment,
        launch=inherited.launch,
        lines=inherited.lines,
    )
    if parent and not question.question:
        raise entry.refuse(f"'{identity}' has no question; write what is asked, as question: ...?")
    question = comparison(entry, given, question)
    words, claimed = finding(given, question)
    explained = of_values(inherited.explain, question.values)
    question = replace(
        question,
        claims=claims(given, question),
        finding=words,
        finding_claim=claimed,
        explain=explained,
    )
    if "children" in given:
        return replace(question, children=_children(given["children"], "children", inherited, question))
    if not question.values:
        raise entry.refuse(f"'{identity}' has neither children nor values; give it parameter and values")
    return question


def _added(given: Fields, declared: tuple[int, ...]) -> tuple[int, ...]:
    """The seeds that were added after a look at the results."""
    added = read.seeds(given, "more_seeds")
    for item, seed in zip(given["more_seeds"].content, added, strict=True):
        if seed in declared:
            raise item.refuse(f"the seed {seed} is in seeds already; more_seeds holds other ones")
    return added


def _identity(entry: Entry, given: Fields) -> str:
    if "id" not in given:
        raise entry.refuse("the question has no id; write one such as id: depth")
    identity = given["id"].content
    if not isinstance(identity, str) or not _ID.fullmatch(identity):
        raise given["id"].refuse(
            f"the id {identity!r} must be small letters, digits, - and _, beginning with a letter"
        )
    return identity


def _inherit(above: _Inherited, given: Fields) -> _Inherited:
    """What holds for an entry: its own words over those from above."""
    own: dict[str, Any] = {
        name: read.text(given, name) for name in ("sub_project", "context") if name in given
    }
    if "metric" in given:
        own["metric"] = _metric(given["metric"])
    if "priority" in given:
        own["priority"] = read.whole(given, "priority")
    if "seeds" in given:
        own["seeds"] = read.seeds(given)
    if "looks" in given:
        own["looks"] = read.looks(given)
    if "alpha" in given:
        own["alpha"] = read.number(given, "alpha", 1, "0.05")
    if "launch" in given:
        own["launch"] = _launch(given)
    own["explain"] = {**above.explain, **explanations(given)}
    if "ignore" in given:
        own["ignore"] = tuple(dict.fromkeys((*above.ignore, *read.setting_names(given, "ignore"))))
    setup = read.settings(given["setup"], "setup") if "setup" in given else {}
    if "experiment" in setup:
        if "experiment" in given:
            raise given["setup"].refuse("the experiment stands beside setup and inside it; keep one")
        own["experiment"] = read.text(given["setup"].content, "experiment")
    elif "experiment" in given:
        own["experiment"] = read.text(given, "experiment")
    named = {name: value for name, value in setup.items() if name != "experiment"}
    lines = {**above.lines, **(read.setting_lines(given["setup"].content) if named else {})}
    return replace(above, setup={**above.setup, **named}, lines=lines, **own)


def _metric(entry: Entry) -> Metric:
    given = read.fields(entry, names("metric"), "metric")
    name = read.text(given, "name")
    if not name:
        raise entry.refuse("the metric has no name; write metric: {name: test.accuracy}")
    if "split" in given and split_of(name) not in ("", read.text(given, "split")):
        raise given["split"].refuse(f"{name} is measured on {split_of(name)}, as its name says; drop split")
    return Metric(
        name=name,
        reduce=read.choice(given, "reduce", tuple(REDUCTIONS), "last"),
        goal=read.choice(given, "goal", ("maximize", "minimize"), "maximize"),
        unit=read.text(given, "unit"),
        sesoi=read.number(given, "sesoi", math.inf, "0.3") if "sesoi" in given else None,
        split=read.choice(given, "split", SPLITS, ""),
    )


def _launch(given: Fields) -> str:
    launch = read.text(given, "launch")
    try:
        words = shlex.split(launch)
        places = [name for _, name, _, _ in string.Formatter().parse(launch) if name is not None]
    except ValueError as error:
        raise given["launch"].refuse(f"launch {launch!r} is not a command line: {error}") from error
    if not words:
        raise given["launch"].refuse(f"launch is empty; write a command line such as {DEFAULT_LAUNCH}")
    for name in places:
        if name != "experiment":
            raise given["launch"].refuse(f"launch knows {{experiment}} alone, not {{{name}}}")
    return launch


def _when(given: Fields, parent: Question | None) -> dict[str, str]:
    if "when" not in given:
        return {}
    condition = read.fields(given["when"], ("parent.verdict",), "when")
    if parent is None or not parent.values:
        raise given["when"].refuse("when asks for the parent's verdict, but no question with values is above")
    word = read.choice(condition, "parent.verdict", VERDICTS, "")
    if not word:
        raise given["when"].refuse("when is empty; write when: {parent.verdict: rising}")
    return {"parent.verdict": word}
