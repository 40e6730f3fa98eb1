"""The commands that answer questions: tree, export, check."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.commandline import QUESTIONS, counted, store_option

if TYPE_CHECKING:
    from tracker import Finding


@click.command(epilog="Example: tracker tree sweeps/batchnorm.yaml")
@QUESTIONS
@store_option
def tree(questions: Path, store: str) -> None:
    """Show the questions and what was found."""
    from rich.console import Console

    from tracker.export.terminal import render

    render(_answer(questions, store), Console())


@click.command(epilog="Example: tracker export sweeps/batchnorm.yaml tree.csv")
@QUESTIONS
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@store_option
def export(questions: Path, out: Path, store: str) -> None:
    """Write the tree as CSV, one row per node."""
    from tracker import rows
    from tracker.export.csv_file import write_csv

    if out.suffix.lower() != ".csv":
        raise click.BadParameter(f"{out} must end in .csv, the format that is written", param_hint="OUT")
    table = rows(_answer(questions, store))
    write_csv(table, out)
    click.echo(f"{counted(len(table), 'row')} in {out}", err=True)


@click.command(epilog="Example: tracker check sweeps/batchnorm.yaml")
@QUESTIONS
def check(questions: Path) -> None:
    """Say whether a question file is sound."""
    from tracker import load_questions

    asked = [question for question in load_questions(questions).walk() if question.values]
    click.echo(f"{questions}: sound, {counted(len(asked), 'question')}")


def _answer(questions: Path, address: str) -> tuple[Finding, ...]:
    """The findings; what they may miss is named on stderr: runs not read in full, unknown metrics."""
    from tracker import load_questions, open_store
    from tracker.findings import findings, unrecorded
    from tracker.questions.fields import did_you_mean
    from tracker.tree import build_tree

    store = open_store(address)
    found = list(store.runs())
    if faulty := [str(run.id) for run in found if run.fault]:
        click.echo(f"not read in full: run {', '.join(faulty)}; `tracker show` says what is wrong", err=True)
    known = findings(build_tree(load_questions(questions), found), store.values, datetime.now(UTC))
    for name, recorded in unrecorded(known, store).items():
        click.echo(f"no run records {name}{did_you_mean(name, recorded)}", err=True)
    return known
