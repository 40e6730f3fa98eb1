"""The command that ends a sweep: stop."""

from __future__ import annotations

from pathlib import Path

import click

from tracker.commandline import QUESTIONS, only_option, store_option


@click.command(epilog="Example: sweeps stop sweeps/demo.yaml --run 'depth=20 seed=3'")
@QUESTIONS
@store_option
@only_option
@click.option("--run", "which", metavar="WHAT", help="Only this run: its id, or words of its settings.")
@click.option("--no-wait", is_flag=True, help="Ask, and do not wait for the end.")
def stop(questions: Path, store: str, only: tuple[str, ...], which: str | None, no_wait: bool) -> None:
    """Ask the launchers and runs of these questions to end, on whatever machine they are.

    They end in order, and `sweeps run` goes on from there.
    """
    from sweeps.looking.stop import stop as ask_to_stop

    words = tuple(which.split()) if which else ()
    ask_to_stop(questions, store, words, not no_wait, lambda line: click.echo(line, err=True), only)
