"""The commands that follow runs: watch, serve."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.commandline import QUESTIONS, only_option, opened, store_option

if TYPE_CHECKING:
    from tracker import Finding

PORT = 8765


@click.command(epilog="Example: tracker watch sweeps/batchnorm.yaml")
@QUESTIONS
@store_option
@only_option
@click.option(
    "--interval",
    metavar="SECONDS",
    type=click.FloatRange(min=0.1),
    default=2.0,
    show_default=True,
    help="Between two looks at the store.",
)
def watch(questions: Path, store: str, only: tuple[str, ...], interval: float) -> None:
    """Show the tree, and draw it again as runs come in, until Ctrl-C."""
    from rich.console import Console

    from tracker.export.watching import watch as draw
    from tracker.findings import part
    from tracker.findings.following import Following
    from tracker.questions.part import named

    following = Following(questions, opened(store))

    def look() -> tuple[Finding, ...]:
        asked, found = following.look(datetime.now(UTC))
        return part(found, named(only, asked))

    with contextlib.suppress(KeyboardInterrupt):
        draw(look, Console(), interval)


@click.command(epilog="Example: tracker serve sweeps/batchnorm.yaml --port 8800")
@QUESTIONS
@store_option
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 is any.")
@click.option("--host", default="127.0.0.1", show_default=True, help="By default this machine alone.")
@click.option("--omniboard", metavar="URL", default="", help="Where Omniboard shows the runs, for links.")
def serve(questions: Path, store: str, port: int, host: str, omniboard: str) -> None:
    """Serve the page, which follows the runs as they come in, until Ctrl-C."""
    from tracker.export.page.server import PageServer
    from tracker.export.page.site import Site

    site = Site(questions, opened(store), omniboard)
    site.edition()  # what is wrong is said now, and not in a browser
    with contextlib.suppress(KeyboardInterrupt), PageServer(site, host, port) as server:
        click.echo(f"{questions} is served at {server.address} until Ctrl-C", err=True)
        if not server.is_private:
            click.echo("whoever reaches this machine over the network can read it", err=True)
        server.serve_forever()
