"""The commands that bring runs from one store to another: push, pull."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.address import EXAMPLE, is_mongo
from tracker.commandline import counted
from tracker.errors import StoreError
from tracker.settings import STORE_VARIABLE, run_folder, store_address

if TYPE_CHECKING:
    from tracker.mirror.transfer import Report, Transfer


@click.command(epilog="Example: tracker push 7 8 --from runs --to mongodb://localhost:27017/sacred")
@click.argument("runs", nargs=-1)
@click.option(
    "--from", "source", metavar="FOLDER", help="The folder of the runs; else where runs are recorded."
)
@click.option(
    "--to", "target", metavar="ADDRESS", help=f"The MongoDB; else ${STORE_VARIABLE} or tracker.toml."
)
@click.pass_context
def push(ctx: click.Context, runs: tuple[str, ...], source: str | None, target: str | None) -> None:
    """Copy runs of a folder to MongoDB, all or those named."""
    from tracker.mirror.push import push as push_runs

    folder, address = Path(source or run_folder()).expanduser(), _mongo(target, "--to")
    with _reporting("pushed") as report:
        done = push_runs(folder, address, runs, report)
    _conclude(ctx, done, "pushed")


@click.command(epilog="Example: tracker pull --from mongodb://localhost:27017/sacred --to runs")
@click.argument("runs", nargs=-1)
@click.option(
    "--from", "source", metavar="ADDRESS", help=f"The MongoDB; else ${STORE_VARIABLE} or tracker.toml."
)
@click.option(
    "--to", "target", metavar="FOLDER", help="The folder for the runs; else where runs are recorded."
)
@click.pass_context
def pull(ctx: click.Context, runs: tuple[str, ...], source: str | None, target: str | None) -> None:
    """Copy runs of a MongoDB into a folder, all or those named."""
    from tracker.mirror.pull import pull as pull_runs

    address, folder = _mongo(source, "--from"), Path(target or run_folder()).expanduser()
    with _reporting("pulled") as report:
        done = pull_runs(address, folder, runs, report)
    _conclude(ctx, done, "pulled")


def _mongo(given: str | None, option: str) -> str:
    address = store_address(given)
    if not is_mongo(address):
        raise StoreError(
            f"{address!r} is a folder: name a MongoDB by {option}, as in {EXAMPLE}, or by ${STORE_VARIABLE}."
        )
    return address


@contextmanager
def _reporting(done_word: str) -> Iterator[Report]:
    """A bar on a terminal; else a line for each run that was not there already."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda transfer, _done, _total: _tell(transfer, done_word)
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(f"runs {done_word}", total=None)

        def report(_transfer: Transfer, done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield report


def _tell(transfer: Transfer, done_word: str) -> None:
    if transfer.written:
        renamed = f" as run {transfer.arrived}" if transfer.arrived != transfer.run else ""
        click.echo(f"run {transfer.run}: {done_word}{renamed}", err=True)


def _conclude(ctx: click.Context, done: list[Transfer], done_word: str) -> None:
    for transfer in done:
        if transfer.trouble:
            click.echo(f"run {transfer.run}: {transfer.trouble}", err=True)
    written = sum(transfer.written for transfer in done)
    trouble = sum(bool(transfer.trouble) for transfer in done)
    told = f"{counted(written, 'run')} {done_word}, {len(done) - written - trouble} already there"
    click.echo(told + (f", {trouble} with trouble" if trouble else ""), err=True)
    ctx.exit(1 if trouble else 0)
