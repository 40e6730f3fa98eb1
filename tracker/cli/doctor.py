"""The command that looks after a store: doctor."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tracker.commandline import counted, store_option

if TYPE_CHECKING:
    from tracker.doctor.examine import Examination


@click.command(epilog="Example: tracker doctor --store demo/runs")
@store_option
@click.option("--fix", is_flag=True, help="Mend what can be mended safely, and say what was.")
@click.pass_context
def doctor(ctx: click.Context, store: str, fix: bool) -> None:
    """Name what would break Omniboard or mislead a reader."""
    from tracker.doctor import examine

    found = examine(store, datetime.now(UTC), fix)
    for finding in found.findings:
        click.echo(finding.line)
    click.echo(_summary(found), err=True)
    ctx.exit(0 if found.healthy else 1)


def _summary(found: Examination) -> str:
    """The findings counted by their check, or that there are none."""
    if not found.findings:
        return f"{counted(found.runs, 'run')} {'is' if found.runs == 1 else 'are'} healthy"
    counts = Counter(finding.check for finding in found.findings)
    mended = sum(finding.mended for finding in found.findings)
    words = ", ".join(f"{name} {count}" for name, count in counts.most_common())
    return (
        f"{counted(len(found.findings), 'finding')} in {counted(found.runs, 'run')}, {mended} mended: {words}"
    )
