"""The command that only looks: plan."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.commandline import QUESTIONS, counted, only_option, store_option

if TYPE_CHECKING:
    from sweeps.planning.expected import Total
    from sweeps.planning.plan import Plan

_STDOUT = "-"


@click.command(epilog="Example: sweeps plan sweeps/batchnorm.yaml > missing.sh")
@QUESTIONS
@store_option
@only_option
@click.option("--table", "shape", flag_value="table", help="Show values and seeds of each question.")
@click.option("--json", "shape", flag_value="json", help="Print the whole plan as JSON.")
@click.option(
    "--csv",
    "out",
    is_flag=False,
    flag_value=_STDOUT,
    type=click.Path(path_type=str, dir_okay=False),
    metavar="[FILE]",
    help="Write the missing runs as CSV, to a file for a spreadsheet or to be read on.",
)
@click.option("--failed", is_flag=True, help="Only runs that failed or broke off.")
@click.option("--more-seeds", is_flag=True, help="As if QUESTIONS had the seeds that open verdicts ask for.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Runs at once, for the expected time.",
)
def plan(
    questions: Path,
    store: str,
    only: tuple[str, ...],
    shape: str | None,
    out: str | None,
    failed: bool,
    more_seeds: bool,
    workers: int,
) -> None:
    """Print the missing runs as commands, in the order in which they would start; start nothing.

    On a terminal, what several commands have in common is said once; to a file goes each of them whole.
    """
    from sweeps.planning.expected import told, total
    from sweeps.planning.plan import make_plan

    if out is not None and shape is not None:
        raise click.UsageError(f"--csv and --{shape} are two formats; take one.")
    made = make_plan(
        questions, store, datetime.now(UTC), failed_only=failed, more_seeds=more_seeds, only=only
    )
    time = total(made.jobs, workers)
    _print(made, time, "csv" if out is not None else shape, out)
    for more in made.more:
        click.echo(str(more), err=True)
    if more_seeds and not made.more:
        click.echo("no open verdict asks for more seeds", err=True)
    elif more_seeds:
        click.echo(f"`sweeps run --more-seeds` writes them into {questions}", err=True)
    for hindrance in made.hindrances:
        click.echo(hindrance, err=True)
    for closed in made.closed:
        click.echo(closed, err=True)
    click.echo(made.summary, err=True)
    if made.jobs:
        click.echo(told(time, made.made), err=True)
    if made.undecided:
        later = counted(made.undecided, "more run")
        click.echo(f"{later} when trials have ended that find or choose their settings", err=True)


def _print(plan: Plan, time: Total, shape: str | None, out: str | None) -> None:
    """The missing runs in a format; to stdout, or as CSV to a file."""
    from sweeps.planning import formats as plan_formats

    if shape == "table":
        from rich.console import Console

        from sweeps.planning.table import show

        show(plan, Console())
    elif shape == "json":
        click.echo(plan_formats.as_json(plan, time))
    elif out == _STDOUT:
        click.echo(plan_formats.as_csv(plan), nl=False)
    elif out is not None:
        plan_formats.write_csv(plan, Path(out))
        click.echo(f"wrote {out}", err=True)
    elif sys.stdout.isatty():
        _print_listing(plan)
    else:
        for job in plan.jobs:
            click.echo(plan.shell(job))


def _print_listing(plan: Plan) -> None:
    """The missing runs for somebody who reads them, where whole commands would be walls of words."""
    from rich.console import Console

    from sweeps.planning.listing import listing

    console = Console()
    for line in listing(plan.jobs, plan.only):
        console.print(line, highlight=False, markup=False)
    if plan.jobs:
        click.echo(
            "\nto a file or a pipe goes one whole command a line: `sweeps plan ... > missing.sh`", err=True
        )
