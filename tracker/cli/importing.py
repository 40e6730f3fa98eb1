"""The command that brings an edited table back: import."""

from __future__ import annotations

from pathlib import Path

import click

from tracker.commandline import QUESTIONS, counted

_TABLE = click.Path(path_type=Path, dir_okay=False)


@click.command("import", epilog="Example: tracker import sweeps/batchnorm.yaml tree.csv --dry-run")
@QUESTIONS
@click.argument("edited", type=_TABLE)
@click.option("--base", type=_TABLE, help="The table as it was exported, before it was edited.")
@click.option("--dry-run", is_flag=True, help="Show what would change in QUESTIONS, and write nothing.")
def import_table(questions: Path, edited: Path, base: Path | None, dry_run: bool) -> None:
    """Bring texts, priorities and what is parked from an edited CSV into QUESTIONS."""
    from tracker.importing.bring_back import prepare

    found = prepare(questions, edited, base)
    click.echo(found.diff(), nl=False)
    if not dry_run and found.changes:
        found.write()
    what = counted(len(found.changes), "change")
    click.echo(f"{what} in {questions}{' if it were written' if dry_run else ''}", err=True)
