"""The commands that look at runs: runs, show."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from tracker.commandline import counted, opened, store_option


@click.command(epilog="Example: tracker runs --store demo/runs")
@store_option
def runs(store: str) -> None:
    """List the runs of the store, one a line."""
    from rich.console import Console

    from tracker.export.runs import render_runs

    kept = opened(store)
    found = list(kept.runs())
    render_runs(found, datetime.now(UTC), Console())
    click.echo(f"{counted(len(found), 'run')} in {kept.address}", err=True)


@click.command(epilog="Example: tracker show 12 --store demo/runs")
@click.argument("run")
@store_option
def show(run: str, store: str) -> None:
    """Show one run in full."""
    from rich.console import Console

    from tracker import open_store
    from tracker.export.runs import render_run

    kept = open_store(store)
    render_run(kept.run(run), kept, datetime.now(UTC), Console())
