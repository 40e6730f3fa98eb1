"""The commands that go behind a finding: why, reproduce, seal."""

from __future__ import annotations

import shlex
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracker.commandline import QUESTIONS, counted, opened, store_option
from tracker.errors import StoreError, TrackerError

if TYPE_CHECKING:
    from tracker.findings import Finding
    from tracker.stores.base import Store
    from tracker.table import Row

NODE = click.argument("node", metavar="NODE[.FIELD]")


@click.command(epilog="Example: tracker why sweeps/batchnorm.yaml bn-only/against-full.delta")
@QUESTIONS
@NODE
@store_option
def why(questions: Path, node: str, store: str) -> None:
    """Tell what a number of the table rests on: its formula and its runs."""
    from tracker.why import matters

    runs = opened(store)
    path, _, field = node.partition(".")
    finding, row = _found(questions, runs, path)
    for value, words in finding.node.question.explain.items() if not field else ():
        click.echo(f"{value}: {words}")
    chosen = [_column(field)] if field else [column for column in WITH_FORMULA if _told(row, column)]
    for name in chosen:
        _tell(finding, row, name)
    if not field and (told := matters(finding)):
        click.echo(told)
    _tell_runs(finding, runs)


@click.command(epilog="Example: tracker reproduce sweeps/batchnorm.yaml bn-only/depth")
@QUESTIONS
@click.argument("node")
@store_option
def reproduce(questions: Path, node: str, store: str) -> None:
    """Print the commands of all runs that a question asks for, with the code that its runs were made with."""
    from tracker import command
    from tracker.surroundings import code_state

    finding, _ = _found(questions, opened(store), node)
    below = [cell for one in _all(finding) for cell in one.cells]
    states = {code_state(cell.answer) for cell in below if cell.answer} - {""}
    for state in sorted(states):
        click.echo(f"# made with the code of {state}")
    for line in dict.fromkeys(shlex.join(command(cell)) for cell in below):
        click.echo(line)


@click.command(epilog="Example: tracker seal sweeps/batchnorm.yaml --accept bn-only/depth")
@QUESTIONS
@click.option("--accept", multiple=True, metavar="NODE", help="A human's finding that still holds.")
@store_option
def seal(questions: Path, accept: tuple[str, ...], store: str) -> None:
    """Keep what is found now, so that later runs show which findings rest on something else by then."""
    from tracker import answer, load_questions, open_store
    from tracker.findings.sealing import seal as seal_all
    from tracker.findings.seals import seals_path
    from tracker.questions.part import named
    from tracker.stores import is_absent

    asked = load_questions(questions)
    accepted = named(accept, asked)
    if is_absent(store):
        raise StoreError(f"{store} is not there: name the folder that holds the runs.")
    now = datetime.now(UTC)
    made = seal_all(asked.path, answer(asked, open_store(store), now), now, accepted)
    click.echo(
        f"{counted(len(made), 'finding')} sealed in {seals_path(asked.path)}"
        if made
        else "nothing to seal: no finding rests on other runs than when it was sealed",
        err=True,
    )


WITH_FORMULA = (
    "skill_mean", "skill_sd", "skill_ci_low", "delta", "delta_ci_low", "p_adj", "effect_size", "verdict",
    "seeds_needed",
)  # fmt: skip


def _found(questions: Path, store: Store, node: str) -> tuple[Finding, Row]:
    from tracker import answer, load_questions, rows
    from tracker.questions.part import node as meant

    findings = answer(load_questions(questions), store, datetime.now(UTC))
    known = {one.node.question.node: one for root in findings for one in _all(root)}
    node = meant(node, list(known))
    return known[node], rows([known[node]])[0]


def _all(finding: Finding) -> list[Finding]:
    from tracker import walk

    return list(walk(finding))


def _column(name: str) -> str:
    from tracker.questions.fields import did_you_mean
    from tracker.table import Row

    known = [field.name for field in fields(Row)]
    if name not in known:
        raise TrackerError(f"the table has no column '{name}'{did_you_mean(name, known)}")
    return name


def _told(row: Row, name: str) -> bool:
    return getattr(row, name) not in (None, "")


def _tell(finding: Finding, row: Row, name: str) -> None:
    from tracker.why import formula

    value: Any = getattr(row, name)
    click.echo(f"{name} = {value if value not in (None, '') else 'not known'}")
    if told := formula(finding, row, name):
        click.echo(f"  {told}")


def _tell_runs(finding: Finding, store: Store) -> None:
    from tracker.why import sources
    from tracker.wording.words import measure

    metric = finding.node.question.metric
    found = list(sources(finding, store))
    click.echo(
        f"{measure(metric)}, {metric.reduce} of its points, {metric.goal}, in {counted(len(found), 'run')}"
    )
    for one in found:
        step = "" if one.step is None else f" at step {one.step:g}"
        number = "no number" if one.number is None else f"{one.number:.6g}{step}"
        code = f"  code {one.code}" if one.code else ""
        role = "" if one.role == "counted" else f"  ({one.role})"
        past = f"  {one.past}" if one.past else ""
        click.echo(f"  run {one.run}  {one.value}  seed {one.seed}  {number}{code}{role}{past}")
