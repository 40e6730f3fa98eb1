"""The command line of an experiment, as Sacred has it, with a quiet end when it is interrupted."""

from __future__ import annotations

import sys
from typing import Any

INTERRUPTED = 130  # the shell's code for an end by Ctrl-C


def run_commandline(experiment: Any) -> None:
    """Run the experiment as the command line says; Ctrl-C and signals leave one line and no traceback."""
    try:
        experiment.run_commandline()
    except KeyboardInterrupt as interrupt:
        run = experiment.current_run
        known = run is not None and run._id is not None
        words = f"run {run._id} was interrupted; what it recorded is kept" if known else "interrupted"
        sys.stderr.write(f"{words}\n")
        sys.exit(getattr(interrupt, "exit_code", INTERRUPTED))
