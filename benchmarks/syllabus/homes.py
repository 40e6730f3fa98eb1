"""The homes of an item, each looked up where it really is."""

from __future__ import annotations

import ast
from collections.abc import Callable
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import yaml

from benchmarks.syllabus.recorded import recorded
from benchmarks.syllabus.table import Item, SyllabusError, known
from experiments.training.settings import SettingsError, TrainSettings
from experiments.training.tables import names_in
from tracker import load_questions

ROOT = Path(__file__).parents[2]
GUARDS = "experiments/training/guards.py"
CHECKLIST = "sanity/checklist.py"  # of experiments/training
SETTINGS_GUIDE = "experiments.md#settings"
RECORD_GUIDE = "experiments.md#what-is-recorded"


def homes_of(item: Item) -> list[str]:
    """The homes as Markdown, linked from docs/; raises SyllabusError for one that is not there."""
    try:
        return [LOOK_UP[kind](name) for kind, names in item.homes.items() for name in names]
    except SyllabusError as error:
        raise SyllabusError(f"item {item.number}: {error}") from error


def question(name: str) -> str:
    """`FILE.yaml:path/of/ids`, a question of a file in sweeps/ that can be asked."""
    file, _, node = name.partition(":")
    _there(f"sweeps/{file}")
    asked = _questions(file)
    known(node, asked, f"the question of sweeps/{file}")
    return f"[`{file}: {node}`](../sweeps/{file}) {asked[node]}"


def check(name: str) -> str:
    """A check of `python -m experiments.sanity`."""
    known(name, names_in(CHECKLIST, "CHECKS"), "the check")
    return f"check [`{name}`](sanity.md) of `python -m experiments.sanity`"


def metric(name: str) -> str:
    """A metric that a training records; * stands for any end of its name."""
    if not any(fnmatch(one, name) for one in recorded().metrics):
        known(name, recorded().metrics, "the metric")
    return f"metric [`{name}`]({RECORD_GUIDE})"


def file(name: str) -> str:
    """A file that a training leaves in its record."""
    kept = (said for path in (ROOT / "experiments").glob("*.py") for said in _said(path, "keep_file", 1))
    known(name, recorded().files.union(kept), "the recorded file")
    return f"file [`{name}`]({RECORD_GUIDE})"


def record(name: str) -> str:
    """A fact under `info.training` of a record."""
    known(name, recorded().records, "the fact under info.training")
    return f"record `info.training.{name}`"


def guard(name: str) -> str:
    """A guard of every training."""
    known(name, _guards(), "the guard")
    return f"guard [`{name}`](experiments.md#guards)"


def setting(name: str) -> str:
    """A setting, or `setting=value` with a value that it may have."""
    field, is_value, value = name.partition("=")
    known(field, TrainSettings.__dataclass_fields__, "the setting")
    try:
        TrainSettings.from_config({field: yaml.safe_load(value)} if is_value else {})
    except SettingsError as error:
        raise SyllabusError(f"the setting '{name}': {error}") from error
    return f"setting [`{name}`]({SETTINGS_GUIDE})"


def module(name: str) -> str:
    """A file of the code, for reading."""
    _there(name)
    return f"code [`{name}`](../{name})"


def test(name: str) -> str:
    """`FILE.py::test_name`, below tests/."""
    path, _, function = name.partition("::")
    _there(f"tests/{path}")
    known(function, _functions(f"tests/{path}"), f"the test of tests/{path}")
    return f"test [{function.removeprefix('test_').replace('_', ' ')}](../tests/{path})"


LOOK_UP: dict[str, Callable[[str], str]] = {
    "questions": question,
    "checks": check,
    "metrics": metric,
    "files": file,
    "records": record,
    "guards": guard,
    "settings": setting,
    "modules": module,
    "tests": test,
}


def _there(path: str) -> None:
    if not (ROOT / path).is_file():
        raise SyllabusError(f"there is no file {path}")


@cache
def _questions(file: str) -> dict[str, str]:
    """The questions with values, by their path of ids."""
    asked = load_questions(ROOT / "sweeps" / file).walk()
    return {question.node: question.question for question in asked if question.values}


@cache
def _guards() -> frozenset[str]:
    """What the guards say, by name: the first word of each `_say`."""
    return _said(ROOT / GUARDS, "_say", 0)


@cache
def _said(path: Path, function: str, place: int) -> frozenset[str]:
    """The texts that stand in one place of the calls of a function."""
    calls = [node for node in ast.walk(_tree(path)) if isinstance(node, ast.Call)]
    names = {call: getattr(call.func, "attr", getattr(call.func, "id", "")) for call in calls}
    words = [call.args[place] for call, name in names.items() if name == function and len(call.args) > place]
    return frozenset(
        word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str)
    )


@cache
def _functions(path: str) -> frozenset[str]:
    return frozenset(node.name for node in _tree(ROOT / path).body if isinstance(node, ast.FunctionDef))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
