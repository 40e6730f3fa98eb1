"""The images of the experiments."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the synthetic images are drawn once."""
    return tmp_path_factory.mktemp("data")
