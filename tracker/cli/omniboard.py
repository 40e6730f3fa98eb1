"""The commands that configure Omniboard: omniboard sync."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.commandline import counted, store_option

if TYPE_CHECKING:
    from tracker.omniboard.answers import Answer

SHOWN = 10  # lines about runs, of which there may be thousands


@click.group()
def omniboard() -> None:
    """Configure Omniboard, the table of runs in the browser."""


@omniboard.command(epilog="Example: tracker omniboard sync --questions sweeps/batchnorm.yaml")
@click.argument("layout", type=click.Path(path_type=Path, dir_okay=False), required=False)
@store_option
@click.option("--questions", type=click.Path(path_type=Path), multiple=True, help="Tag the runs with these.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where something would change.")
@click.pass_context
def sync(
    ctx: click.Context, layout: Path | None, store: str, questions: tuple[Path, ...], check: bool
) -> None:
    """Write columns and settings from LAYOUT, the tracker's own by default."""
    from tracker.omniboard import DEFAULT_LAYOUT, load_layout
    from tracker.omniboard.database import open_board
    from tracker.omniboard.snippet import snippet
    from tracker.omniboard.sync import Drift, sync_answers, sync_layout

    asked = load_layout(layout or DEFAULT_LAYOUT)
    with open_board(store) as board:
        known = _answers(questions, store) if questions else None
        table = sync_layout(board, asked, check=check)
        runs = Drift() if known is None else sync_answers(board, known, check=check)
    for line in (*table.changes, *_shortened(runs.changes)):
        click.echo(line)
    for line in (*table.kept, *runs.kept):
        click.echo(f"left alone: {line}", err=True)
    changed = len(table.changes) + len(runs.changes)
    click.echo(f"{counted(changed, 'change')} {'needed' if check else 'written'}", err=True)
    if check:
        ctx.exit(1 if changed else 0)
    _say_browser(snippet(asked))


def _say_browser(line: str) -> None:
    click.echo("In the browser, click Reload (the green button), twice where a column is new;", err=True)
    click.echo("a setting that no run had before needs Reset Cache.", err=True)
    if line:
        click.echo("For the order of the columns, paste this line into its console (F12):", err=True)
        click.echo(line)


def _answers(questions: Iterable[Path], address: str) -> dict[int | str, Answer]:
    from tracker import load_questions, open_store
    from tracker.findings import findings
    from tracker.omniboard.answers import answers, states
    from tracker.omniboard.sync import merged
    from tracker.tree import build_tree

    asked = [load_questions(path) for path in questions]
    store, now = open_store(address), datetime.now(UTC)
    runs = list(store.runs())
    known = (answers(findings(build_tree(one, runs), store.values, now)) for one in asked)
    return {**states(runs, now), **merged(known)}


def _shortened(lines: tuple[str, ...]) -> list[str]:
    rest = len(lines) - SHOWN
    return [*lines[:SHOWN], *([f"~ and {counted(rest, 'run')} more"] if rest > 0 else [])]
