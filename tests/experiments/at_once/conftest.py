"""Settings of tiny runs, and how they are started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.training.settings import TrainSettings

ROOT = Path(__file__).parents[3]
FAR = 60.0  # seconds that no test waits


@pytest.fixture
def settings(data: Path) -> TrainSettings:
    """Those of a run that trains in a blink."""
    return TrainSettings(
        data_dir=str(data), subset=200, test_subset=100, depth=8, width=2, epochs=2, batch_size=32,
        device="cpu", precision="fp32", seed=1,
    )  # fmt: skip


def run(*words: str, store: Path) -> subprocess.CompletedProcess[str]:
    """`python -m WORDS`, which records in that store."""
    environ = {**os.environ, "TRACKER_STORE": str(store), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=240)
