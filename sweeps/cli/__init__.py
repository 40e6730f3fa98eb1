"""The command `sweeps`."""

from __future__ import annotations

import click

from sweeps.cli.look import logs, status
from sweeps.cli.plan import plan
from sweeps.cli.run import retry, run, work
from sweeps.cli.stop import stop
from tracker.commandline import Commands


@click.group(cls=Commands, epilog="Example: sweeps run sweeps/demo.yaml --store demo/runs")
@click.version_option(package_name="sacred-grove")
def main() -> None:
    """Start the runs that declared questions still miss."""


COMMANDS = (plan, run, work, retry, status, logs, stop)

for command in COMMANDS:
    main.add_command(command)
