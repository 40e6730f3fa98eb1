"""The engine `ray` where Ray is not installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sweeps.engines import open_engine
from sweeps.engines.options import EngineOptions
from tracker.errors import LaunchError


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(Path("/tmp").glob("ray-*"))
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(LaunchError, match=r"--engine ray: .*pip install 'sacred-grove\[ray\]'"):
        open_engine("ray", EngineOptions(extra={"address": "local"}))
    assert set(Path("/tmp").glob("ray-*")) <= before
