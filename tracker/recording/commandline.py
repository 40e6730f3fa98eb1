"""The command line of an experiment, as Sacred has it, with a quiet end when it is interrupted."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

INTERRUPTED = 130  # the shell's code for an end by Ctrl-C


def run_commandline(experiment: Any) -> None:
    """Run the experiment as the command line says."""
    experiment.run_commandline()


def run_quietly(experiment: Any, run: Callable[..., Any], *words: Any, **named: Any) -> Any:
    """What `run` does; Ctrl-C and signals leave one line and no traceback."""
    try:
        return run(*words, **named)
    except KeyboardInterrupt as interrupt:
        run_ = experiment.current_run
        known = run_ is not None and run_._id is not None
        words_ = f"run {run_._id} was interrupted; what it recorded is kept" if known else "interrupted"
        sys.stderr.write(f"{words_}\n")
        sys.exit(getattr(interrupt, "code", INTERRUPTED))
