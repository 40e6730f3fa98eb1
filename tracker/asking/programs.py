"""One program asked, and what it answers."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

ERROR = re.compile(r"[\w.]*(Error|Exception): ")  # as Python begins the words of one
GOES_ON = 6  # lines that an error of Sacred's goes on for
USAGE = "Usage:"  # what Sacred says where the command line has a command already

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program said, and the code that it ended with."""

    code: int
    out: str
    error: str

    @property
    def refusal(self) -> str:
        """The last words of a program that failed; empty where it did not, or was asked wrongly."""
        if self.code == 0 or USAGE in self.out + self.error:
            return ""
        return _last(self.error) or _last(self.out)


def ask(command: Command, environment: Mapping[str, str], patience: float) -> Answer | str:
    """What the program answers, or why it does not: it cannot be started, or takes more seconds than that."""
    try:
        told = subprocess.run(
            command,
            capture_output=True,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {patience:g} s"
    except OSError as error:
        return f"{command[0]} cannot be started ({error.strerror})"
    return Answer(told.returncode, *(text.decode(errors="replace") for text in (told.stdout, told.stderr)))


def _last(text: str) -> str:
    """The last line that says something, with the error before it where it only goes on with that."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [place for place, line in enumerate(lines) if ERROR.match(line)]
    first = errors[-1] if errors and errors[-1] >= len(lines) - GOES_ON else len(lines) - 1
    return " ".join(lines[first:]) if lines else ""
