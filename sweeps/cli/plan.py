"""The command that only looks: plan."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from tracker.commandline import QUESTIONS, store_option


@click.command(epilog="Example: sweeps plan sweeps/batchnorm.yaml > missing.sh")
@QUESTIONS
@store_option
def plan(questions: Path, store: str) -> None:
    """Print the missing runs as commands; start nothing."""
    from sweeps.plan import make_plan

    made = make_plan(questions, store, datetime.now(UTC))
    for job in made.jobs:
        click.echo(made.shell(job))
    click.echo(made.summary, err=True)
