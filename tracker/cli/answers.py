"""The commands that answer questions: tree, export, check."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.commandline import QUESTIONS, counted, only_option, opened, store_option

if TYPE_CHECKING:
    from tracker import Finding
    from tracker.questions import Questions
    from tracker.stores.base import Store


@click.command(epilog="Example: tracker tree sweeps/batchnorm.yaml")
@QUESTIONS
@store_option
@only_option
def tree(questions: Path, store: str, only: tuple[str, ...]) -> None:
    """Show the questions and what was found."""
    from rich.console import Console

    from tracker import load_questions
    from tracker.export.terminal import render

    render(_answer(load_questions(questions), opened(store), only), Console())


@click.command(epilog="Example: tracker export sweeps/batchnorm.yaml tree.csv")
@QUESTIONS
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@store_option
@only_option
@click.option("--omniboard", metavar="URL", default="", help="Where Omniboard shows the runs, for links.")
def export(questions: Path, out: Path, store: str, only: tuple[str, ...], omniboard: str) -> None:
    """Write the tree; OUT's ending names the format, such as .csv, .xlsx, .html, .md or .tex."""
    from tracker import load_questions
    from tracker.export.formats import write, writer

    writer(out)  # an unknown format is refused before the runs are read
    runs, asked = opened(store), load_questions(questions)
    found = _answer(asked, runs, only)
    written = write(found, runs, out, omniboard, project=asked.project, about=asked.about)
    click.echo(f"wrote {', '.join(map(str, written))}", err=True)


@click.command(epilog="Example: tracker check sweeps/batchnorm.yaml")
@QUESTIONS
@click.option("--no-launch", is_flag=True, help="Do not ask the experiments which settings they have.")
def check(questions: Path, no_launch: bool) -> None:
    """Say whether a question file is sound, and whether its experiments have the settings it names."""
    from tracker import load_questions
    from tracker.asking.left_open import left_open
    from tracker.asking.settings import Asked, ask_for_settings
    from tracker.errors import QuestionsError

    found = load_questions(questions)
    told = Asked() if no_launch else ask_for_settings(found)
    if told.unknown:
        raise QuestionsError("\n".join(told.unknown))
    asked = [question for question in found.walk() if question.values]
    click.echo(f"{questions}: sound, {counted(len(asked), 'question')}")
    for note in (*told.notes, *left_open(found, told.defaults)):
        click.echo(f"but {note}", err=True)


def _answer(questions: Questions, store: Store, only: Sequence[str]) -> tuple[Finding, ...]:
    """The findings, or those of a part.

    What they may miss is named on stderr: runs that are not read in full, unknown metrics.
    """
    from tracker.findings import findings, part
    from tracker.findings.seals import read_seals
    from tracker.findings.unknown import unknown_settings, unrecorded_metrics
    from tracker.questions.fields import did_you_mean
    from tracker.questions.part import named
    from tracker.tree import build_tree

    nodes = named(only, questions)
    found = list(store.runs())
    if faulty := [str(run.id) for run in found if run.fault]:
        click.echo(f"not read in full: run {', '.join(faulty)}; `tracker show` says what is wrong", err=True)
    seals = read_seals(questions.path)
    known = part(findings(build_tree(questions, found), store.values, datetime.now(UTC), seals), nodes)
    for (experiment, name), had in unknown_settings(known, found).items():
        click.echo(f"no run of {experiment} has the setting {name}{did_you_mean(name, had)}", err=True)
    for name, recorded in unrecorded_metrics(known, store).items():
        click.echo(f"no run records {name}{did_you_mean(name, recorded)}", err=True)
    return known
