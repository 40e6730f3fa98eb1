"""The command `tracker`."""

from __future__ import annotations

import click

from tracker.cli.answers import check, export, tree
from tracker.cli.doctor import doctor
from tracker.cli.importing import import_table
from tracker.cli.live import serve, watch
from tracker.cli.omniboard import omniboard
from tracker.cli.runs import runs, show
from tracker.cli.transfer import pull, push
from tracker.cli.why import reproduce, seal, why
from tracker.commandline import Commands


@click.group(cls=Commands, epilog="Example: tracker tree sweeps/demo.yaml --store demo/runs")
@click.version_option(package_name="sacred-grove")
def main() -> None:
    """Read recorded runs, and answer declared questions with them."""


COMMANDS = (
    tree,
    export,
    import_table,
    check,
    why,
    reproduce,
    seal,
    runs,
    show,
    doctor,
    omniboard,
    push,
    pull,
    watch,
    serve,
)

for command in COMMANDS:
    main.add_command(command)
