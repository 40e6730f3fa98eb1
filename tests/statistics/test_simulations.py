"""What the findings promise, simulated at a fiftieth of the size of `make simulate`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

DRAWS = 400


@pytest.fixture(scope="module")
def simulations() -> ModuleType:
    """The benchmark, which is no part of any package that is installed."""
    path = Path(__file__).parents[2] / "benchmarks" / "statistics.py"
    spec = importlib.util.spec_from_file_location("simulations_of_findings", path)
    assert spec
    assert spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.unwatched
@pytest.mark.parametrize("part", ["coverage", "false_verdicts", "found", "forecasts", "checks"])
def test_every_promise_is_kept(part: str, simulations: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.bar.PATIENCE", 3.5)
    bars = list(getattr(simulations, part)(DRAWS))

    assert [bar.line for bar in bars if not bar.met] == []
    assert len(bars) >= 3


def test_a_broken_promise_is_told(simulations: ModuleType) -> None:
    bar = simulations.Bar("a share", 0.5, 1000, low=0.9)
    assert not bar.met
    assert bar.line.endswith("at least 90.0                MISSED")
