"""The commands that tell of runs: status, logs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tracker.commandline import QUESTIONS, only_option, store_option


@click.command(epilog="Example: sweeps status sweeps/demo.yaml --store demo/runs")
@QUESTIONS
@store_option
@only_option
@click.option(
    "--logs",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Show every failed run with its log in this folder.",
)
@click.option("--json", "as_json", is_flag=True, help="For a program.")
def status(questions: Path, store: str, only: tuple[str, ...], logs: Path | None, as_json: bool) -> None:
    """Show how far each question is, who is at work, and what went wrong last."""
    from sweeps.looking.shown import document, show
    from sweeps.looking.status import look_up

    found = look_up(questions, store, only, logs)
    if as_json:
        click.echo(document(found))
    else:
        show(found, failures=logs is not None)


@click.command(epilog="Example: sweeps logs sweeps/demo.yaml --failed --follow")
@QUESTIONS
@click.argument("run", nargs=-1)
@store_option
@only_option
@click.option("--failed", is_flag=True, help="The log of the last run that failed.")
@click.option("--follow", is_flag=True, help="Print what comes until the run has ended.")
def logs(
    questions: Path, run: tuple[str, ...], store: str, only: tuple[str, ...], failed: bool, follow: bool
) -> None:
    """List the logs of runs, or print that of one RUN.

    A run is named by its id, or by words of its settings such as depth=20 seed=3.
    """
    from sweeps.looking.logs import list_logs, print_log

    if run or failed or follow:
        print_log(questions, store, run, only=only, failed=failed, following=follow, out=sys.stdout)
    else:
        list_logs(questions, store, only, click.echo)
