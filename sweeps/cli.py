"""The command `sweeps`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from tracker.commandline import QUESTIONS, Commands, store_option


@click.group(cls=Commands, epilog="Example: sweeps run sweeps/demo.yaml --store demo/runs")
@click.version_option(package_name="sacred-grove")
def main() -> None:
    """Start the runs that declared questions still miss."""


@main.command(epilog="Example: sweeps plan sweeps/batchnorm.yaml > missing.sh")
@QUESTIONS
@store_option
def plan(questions: Path, store: str) -> None:
    """Print the missing runs as commands; start nothing."""
    from sweeps.plan import make_plan

    made = make_plan(questions, store, datetime.now(UTC))
    for job in made.jobs:
        click.echo(made.shell(job))
    click.echo(made.summary, err=True)


@main.command(epilog="Example: sweeps run sweeps/demo.yaml --workers 2")
@QUESTIONS
@store_option
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="Runs at once; by default one a graphics card, or one a core where there is none.",
)
@click.option(
    "--logs",
    type=click.Path(path_type=Path, file_okay=False),
    default="sweep-logs",
    show_default=True,
    help="Folder for what each run prints.",
)
def run(questions: Path, store: str, workers: int | None, logs: Path) -> None:
    """Start the missing runs on this machine.

    Waits for them; Ctrl-C once ends them in order, twice at once. The same command goes on from there.
    """
    from sweeps.launch import launch

    raise SystemExit(launch(questions, store, workers, logs))
