"""Environments of their own for what we are measured beside."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def python_with(name: str, packages: Sequence[str], folder: Path) -> str | None:
    """A Python in the folder that has the packages; None, with a word, where they cannot be had."""
    environment = folder / name.lower()
    python, whole = environment / "bin" / "python", environment / "whole"
    if whole.exists():
        return str(python)
    say(f"putting {name} into an environment of its own")
    try:
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        whole.touch()
    except (OSError, subprocess.CalledProcessError) as error:
        say(f"{name} is left out, for it cannot be installed: {error}")
        return None
    return str(python)


def say(words: str) -> None:
    """A line to the standard error."""
    sys.stderr.write(f"{words}\n")
