"""What the documents say is true of the repository."""

from __future__ import annotations

import ast
import os
import re
import shlex
import tomllib
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from experiments.training.finder.settings import FinderSettings
from experiments.training.pitfalls import PITFALLS
from experiments.training.sanity.checklist import CHECKS
from experiments.training.sanity.settings import SanitySettings
from experiments.training.together.settings import EnsembleSettings
from experiments.training.transfer.settings import TransferSettings
from sweeps.cli import main as sweeps
from sweeps.planning.plan import make_plan
from tests.forked import run_module
from tracker import load_questions
from tracker.cli import main as tracker
from tracker.questions.profiles import address_of
from tracker.recording import Refused
from tracker.table import Row

ROOT = Path(__file__).parents[2]
PROGRAMS = {"tracker": tracker, "sweeps": sweeps}
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(path), re.MULTILINE | re.DOTALL)


def prose(path: Path) -> list[str]:
    """The lines that are sentences: no code, tables, headings or lists of links."""
    lines = re.sub(r"^```.*?^```", "", text_of(path), flags=re.MULTILINE | re.DOTALL).splitlines()
    return [line for line in lines if line and not line.startswith(("|", "#", "    "))]


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_every_link_inside_the_repository_resolves(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text_of(path))

    missing = [link for link in links if "://" not in link and not (path.parent / link).exists()]

    assert missing == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_a_line_holds_one_sentence(path: Path) -> None:
    crowded = [line for line in prose(path) if re.search(r"[a-z`)][.?!] [A-Z`]", line)]

    assert crowded == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))

    assert set(re.findall(r"`make ([a-z-]+)", text_of(path))) <= targets


def console_lines() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), line[2:])
        for path in DOCUMENTS
        for block in blocks(path, "console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]


@pytest.mark.parametrize(("name", "line"), [pair for pair in console_lines() if "experiments." in pair[1]])
def test_every_experiment_that_is_shown_accepts_its_settings(name: str, line: str) -> None:
    _, _, module, *words = shlex.split(line)
    command = [] if words[:1] == ["print_config"] else ["print_config"]

    answer = run_module(module, *command, *words, cwd=ROOT, environ=os.environ)

    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    ("name", "line"), [pair for pair in console_lines() if re.match("tracker|sweeps", pair[1])]
)
def test_every_command_that_is_shown_exists(name: str, line: str) -> None:
    program, *words = shlex.split(line)
    named = words[:2] if words[0] == "omniboard" else words[:1]  # a command of its own below a command

    answer = CliRunner().invoke(PROGRAMS[program], [*named, "--help"])

    assert answer.exit_code == 0, answer.output
    options = {word.split("=")[0] for word in words if word.startswith("--")}
    assert all(option in answer.stdout for option in options)


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_every_question_file_that_is_shown_loads(path: Path, tmp_path: Path) -> None:
    for number, block in enumerate(block for block in blocks(path, "yaml") if block.startswith("version:")):
        shown = tmp_path / f"{number}.yaml"
        shown.write_text(block)

        assert load_questions(shown).roots


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_every_python_example_parses(path: Path) -> None:
    for block in blocks(path, "python"):
        ast.parse(block)


def test_every_setting_is_described() -> None:
    described = text_of(ROOT / "docs/experiments.md")
    fixed_by_experiments = {"trainable", "norm", "batchnorm", "calibration_batches"}

    kinds = (TransferSettings, FinderSettings, EnsembleSettings, SanitySettings)
    names = [name for kind in kinds for name in kind.__dataclass_fields__]
    missing = [name for name in names if f"`{name}`" not in described]

    assert set(missing) <= fixed_by_experiments


def test_every_check_of_the_list_is_described_in_its_order() -> None:
    described = re.findall(r"^\| `(\w+)` \|", text_of(ROOT / "docs/sanity.md"), re.MULTILINE)

    assert described == list(CHECKS)


def test_every_column_is_described() -> None:
    described = text_of(ROOT / "docs/table.md")

    assert [name for name in Row.__dataclass_fields__ if f"`{name}`" not in described] == []


@pytest.mark.parametrize("path", sorted((ROOT / "sweeps").glob("*.yaml")), ids=lambda path: path.name)
def test_every_shipped_question_asks_for_settings_that_its_experiment_has(path: Path) -> None:
    open_settings: dict[str, set[str]] = {}
    profiles = yaml.safe_load(path.read_text(encoding="utf-8")).get("profiles", {})
    addresses = [address_of(path, profile) for profile in ("", *profiles)]
    for question in chain.from_iterable(load_questions(address).walk() for address in addresses):
        varied = {*question.varied} - {"experiment", ""}
        names = question.values if question.parameter == "experiment" else (question.experiment,)
        for experiment in names if question.values else ():
            if experiment not in open_settings:
                open_settings[experiment] = configuration(experiment)

            assert {*question.setup, *varied} <= open_settings[experiment], question.node


@pytest.mark.parametrize("path", sorted((ROOT / "sweeps").glob("*.yaml")), ids=lambda path: path.name)
def test_a_profile_of_a_shipped_file_measures_what_the_file_measures(path: Path) -> None:
    plain = {question.node: question.metric.name for question in load_questions(path).walk()}
    for profile in yaml.safe_load(path.read_text(encoding="utf-8")).get("profiles", {}):
        asked = load_questions(address_of(path, profile)).walk()

        assert {question.node: question.metric.name for question in asked} == plain


@pytest.mark.parametrize("path", sorted((ROOT / "sweeps").glob("*.yaml")), ids=lambda path: path.name)
def test_every_run_that_a_shipped_question_asks_for_is_one_that_its_experiment_takes(
    path: Path, tmp_path: Path
) -> None:
    profiles = yaml.safe_load(path.read_text(encoding="utf-8")).get("profiles", {})
    for profile in ("", *profiles):
        jobs = make_plan(address_of(path, profile), str(tmp_path), datetime.now(UTC)).jobs
        assert jobs
        for job in jobs:
            settings = {**job.settings, "seed": job.seed}
            refusal = refused(settings.pop("experiment"), settings)

            assert refusal is None, f"{job.nodes}: {refusal}"


def refused(name: str, settings: dict[str, Any]) -> str | None:
    """What an experiment says against settings, beside its defaults, before a run exists."""
    experiment = import_module(f"experiments.{name}").experiment
    defaults = {name: value for config in experiment.configurations for name, value in config().items()}
    try:
        for hook in experiment.config_hooks:
            hook({**defaults, **settings}, "print_config", None)
    except Refused as refusal:
        return str(refusal)
    return None


@cache
def configuration(experiment: str) -> set[str]:
    """The names that `print_config` of an experiment prints."""
    answer = run_module(f"experiments.{experiment}", "print_config", cwd=ROOT, environ=os.environ)
    return set(re.findall(r"^\s+(\w+) = ", re.sub("\x1b\\[[0-9;]*m", "", answer.stdout), re.MULTILINE))


def test_the_cost_of_every_pitfall_is_asked_for(tmp_path: Path) -> None:
    addresses = [address_of(ROOT / "sweeps/pitfalls.yaml", profile) for profile in ("", "cpu")]
    for address in addresses:
        jobs = make_plan(address, str(tmp_path), datetime.now(UTC)).jobs

        assert {job.settings["pitfall"] for job in jobs} == set(PITFALLS)


def test_the_demo_asks_for_what_the_named_config_smoke_gives() -> None:
    from experiments.bridge import NAMED_CONFIGS

    smoke = NAMED_CONFIGS["smoke"]

    for question in load_questions(ROOT / "sweeps/demo.yaml").walk():
        stated = {name: value for name, value in question.setup.items() if name != question.parameter}
        assert {name: smoke.get(name) for name in stated} == stated, question.node


def test_every_dependency_has_its_reason_beside_it() -> None:
    project = text_of(ROOT / "pyproject.toml")
    declared = tomllib.loads(project)["project"]
    groups = [declared["dependencies"], *declared["optional-dependencies"].values()]
    wanted = [name for group in groups for name in group]

    without = [name for name in wanted if not re.search(rf'"{re.escape(name)}",\s+# \S', project)]

    assert without == []


def test_the_constraints_hold_names_and_versions_only() -> None:
    lines = [line for line in text_of(ROOT / "constraints.txt").splitlines() if not line.startswith("#")]

    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []
