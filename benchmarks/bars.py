"""Every bar of the tree, of its findings and of the records beneath it: all parts, then what became of each.

    python -m benchmarks.bars [PART ...] [--list]

A part that misses its bar does not keep the others from being measured; the exit code is 1 then.
About 20 minutes on a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
MISSED, SKIPPED = "MISSED", "SKIPPED"


@dataclass(frozen=True)
class Part:
    """Some bars, and the module that measures them; it ends with 1 where one is missed."""

    what: str
    module: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def _tests(*words: str) -> tuple[str, ...]:
    return ("pytest", "-q", "-rs", "-p", "no:randomly", *words)


PARTS = {
    "statistics": Part("intervals, false verdicts, power, forecasts", ("benchmarks.statistics",)),
    "sentences": Part(
        "sentences against their numbers in 10,000 trees",
        _tests("tests/statistics/test_sentences_agree.py"),
        {"TREES": "10000"},
    ),
    "findings": Part("stale and contradicted findings, tables through pandas", ("benchmarks.findings",)),
    "office": Part("the table through LibreOffice", _tests("tests/export/test_csv.py", "-k", "libreoffice")),
    "records": Part("kills, signals, slow runs, points, long metrics", ("benchmarks.recording",)),
    "sweeps": Part(
        "sweeps killed at random moments: no run missing, none twice",
        _tests("-m", "faults or not faults", "tests/faults/test_sweeps_kills.py"),
    ),
    "speed": Part("trees of 10,000 and 100,000 runs, beside MLflow's table", ("benchmarks.tree",)),
}


@dataclass(frozen=True)
class Outcome:
    """What became of a part."""

    name: str
    verdict: str  # met, MISSED or SKIPPED
    minutes: float
    lines: tuple[str, ...]  # that say what was missed or skipped

    @property
    def row(self) -> str:
        """For the table at the end."""
        told = f"{self.name:<12} {self.verdict:<8} {self.minutes:5.1f} min  {PARTS[self.name].what}"
        return "\n".join([told, *(f"{'':<13}{line}" for line in self.lines)])


def main() -> int:
    """Measure, print the table; 1 where a bar was missed."""
    options = _options()
    if options.list:
        sys.stdout.writelines(f"{name:12} {part.what}\n" for name, part in PARTS.items())
        return 0
    outcomes = [_measured(name) for name in options.parts or PARTS]
    sys.stdout.write("\n== The bars\n" + "".join(f"{outcome.row}\n" for outcome in outcomes))
    return int(any(outcome.verdict == MISSED for outcome in outcomes))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="names of --list")
    parser.add_argument("--list", action="store_true", help="name the parts")
    options = parser.parse_args()
    if unknown := [name for name in options.parts if name not in PARTS]:
        parser.error(f"there is no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    return options


def _measured(name: str) -> Outcome:
    """Run a part, with what it prints shown as it comes."""
    part, began, printed = PARTS[name], time.monotonic(), []
    sys.stdout.write(f"\n== {name}: {part.what}\n")
    sys.stdout.flush()
    with subprocess.Popen(
        [sys.executable, "-m", *part.module],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **part.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            printed.append(line.strip())
    return _outcome(name, process.returncode, printed, (time.monotonic() - began) / 60)


def _outcome(name: str, code: int, printed: Sequence[str], minutes: float) -> Outcome:
    """A part that ends well has met its bars, unless it says that it was skipped."""
    said = [line for line in printed if line.startswith(("SKIPPED", "FAILED")) or MISSED in line]
    if code:
        return Outcome(name, MISSED, minutes, tuple(said) or (f"it ended with {code}", *printed[-1:]))
    skipped = [line for line in said if line.startswith(SKIPPED)]
    return Outcome(name, SKIPPED if skipped else "met", minutes, tuple(skipped))


if __name__ == "__main__":
    sys.exit(main())
