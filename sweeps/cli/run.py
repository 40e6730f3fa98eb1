"""The commands that start runs: run, work, retry."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from sweeps.cli.options import ENGINE, SWEEP, options, wanted
from tracker.commandline import QUESTIONS, only_option, store_option

MORE_SEEDS = click.option(
    "--more-seeds", is_flag=True, help="First write the seeds that open verdicts ask for into QUESTIONS."
)


@click.command(epilog="Example: sweeps run sweeps/demo.yaml --workers 2")
@QUESTIONS
@store_option
@only_option
@options(ENGINE, SWEEP)
@MORE_SEEDS
@click.option("--dry-run", is_flag=True, help="Show what would be started and how; start nothing.")
def run(questions: Path, store: str, more_seeds: bool, dry_run: bool, **given: Any) -> None:
    """Start the missing runs and wait for them.

    Ctrl-C once ends them in order, twice at once. The same command goes on from there, and may go on
    several machines at once: they share the runs.
    """
    if more_seeds and dry_run:
        raise click.UsageError("--more-seeds writes into QUESTIONS; `sweeps plan --more-seeds` shows it.")
    from sweeps.driving.launch import launch

    if more_seeds:
        _write_more(questions, store, given["only"])
    raise SystemExit(launch(wanted(questions, store, given, dry_run=dry_run)))


@click.command(epilog="Example: sweeps work /shared/questions.yaml --idle 30")
@QUESTIONS
@store_option
@only_option
@options(ENGINE, SWEEP)
@click.option(
    "--idle", type=click.FloatRange(0), default=0.0, metavar="MINUTES", help="Wait so long for new questions."
)
@MORE_SEEDS
def work(questions: Path, store: str, idle: float, more_seeds: bool, **given: Any) -> None:
    """Start missing runs until every question has its runs.

    To be started on each of several machines that see the store; no other software is needed. They share
    the runs, and what one of them loses, another takes over.
    """
    from sweeps.driving.launch import launch
    from sweeps.driving.result import Stay

    if more_seeds:
        _write_more(questions, store, given["only"])
    raise SystemExit(launch(wanted(questions, store, given, stay=Stay(for_others=True, idle=idle * 60))))


@click.command(epilog="Example: sweeps retry sweeps/demo.yaml --store demo/runs")
@QUESTIONS
@store_option
@only_option
@options(ENGINE, SWEEP)
@click.option("--dry-run", is_flag=True, help="Show what would be started and how; start nothing.")
def retry(questions: Path, store: str, dry_run: bool, **given: Any) -> None:
    """Start again what failed or broke off, and nothing else."""
    from sweeps.driving.launch import launch

    raise SystemExit(launch(wanted(questions, store, given, dry_run=dry_run, failed_only=True)))


def _write_more(questions: Path, store: str, only: tuple[str, ...]) -> None:
    from sweeps.planning.more_seeds import write_more

    write_more(questions, store, datetime.now(UTC), lambda line: click.echo(line, err=True), only)
