"""What becomes of findings, simulated at a fraction of the size of `make bars`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.unwatched
def test_what_is_promised_of_findings_and_tables_is_kept() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.findings", "150"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.count(" met") == 6
    for told in ("called stale", "contradicted", "come back from pandas", "for a formula"):
        assert told in done.stdout
