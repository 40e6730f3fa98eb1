"""A sweep by a user who may only read the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.driving.launch import Wanted, launch
from tests.omniboard.running import Server
from tests.sweeps.conftest import QUESTIONS, TOY
from tracker.errors import LaunchError
from tracker.leases import open_leases


def test_a_store_that_may_only_be_read_is_refused_before_anything_starts(
    guarded: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toy.py").write_text(TOY)
    (tmp_path / "questions.yaml").write_text(QUESTIONS)
    monkeypatch.chdir(tmp_path)
    there = f"{guarded.address.removeprefix('mongodb://')}/sweep?authSource=admin"

    with pytest.raises(LaunchError, match="runs cannot be written") as refused:
        launch(Wanted(Path("questions.yaml"), f"mongodb://guest:look@{there}"))

    assert "look" not in str(refused.value)
    assert {path.name for path in tmp_path.iterdir()} <= {"questions.yaml", "toy.py", "__pycache__"}
    assert open_leases(f"mongodb://me:secret@{there}").leases() == {}
