"""The command `tracker`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from tracker.commandline import QUESTIONS, Commands, store_option


@click.group(cls=Commands, epilog="Example: tracker tree sweeps/demo.yaml --store demo/runs")
@click.version_option(package_name="sacred-grove")
def main() -> None:
    """Read recorded runs, and answer declared questions with them."""


@main.command(epilog="Example: tracker tree sweeps/batchnorm.yaml")
@QUESTIONS
@store_option
def tree(questions: Path, store: str) -> None:
    """Show the questions and what was found."""
    from rich.console import Console

    from tracker import answer, load_questions, open_store
    from tracker.export.terminal import render

    render(answer(load_questions(questions), open_store(store), datetime.now(UTC)), Console())


@main.command(epilog="Example: tracker export sweeps/batchnorm.yaml tree.csv")
@QUESTIONS
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@store_option
def export(questions: Path, out: Path, store: str) -> None:
    """Write the tree as CSV, one row per node."""
    from tracker import answer, load_questions, open_store, rows
    from tracker.export.csv_file import write_csv

    if out.suffix.lower() != ".csv":
        raise click.BadParameter(f"{out} must end in .csv, the format that is written", param_hint="OUT")
    table = rows(answer(load_questions(questions), open_store(store), datetime.now(UTC)))
    write_csv(table, out)
    click.echo(f"{len(table)} rows in {out}", err=True)


@main.command(epilog="Example: tracker check sweeps/batchnorm.yaml")
@QUESTIONS
def check(questions: Path) -> None:
    """Say whether a question file is sound."""
    from tracker import load_questions

    asked = [question for question in load_questions(questions).walk() if question.values]
    click.echo(f"{questions}: sound, {len(asked)} questions")


@main.command(epilog="Example: tracker runs --store demo/runs")
@store_option
def runs(store: str) -> None:
    """List the runs of the store, one a line."""
    from rich.console import Console

    from tracker import open_store
    from tracker.export.runs import render_runs

    found = list(open_store(store).runs())
    render_runs(found, datetime.now(UTC), Console())
    click.echo(f"{len(found)} runs in {open_store(store).address}", err=True)


@main.command(epilog="Example: tracker show 12 --store demo/runs")
@click.argument("run")
@store_option
def show(run: str, store: str) -> None:
    """Show one run in full."""
    from rich.console import Console

    from tracker import open_store
    from tracker.export.runs import render_run

    opened = open_store(store)
    render_run(opened.run(run), opened, datetime.now(UTC), Console())
