"""What the engine `slurm` says where there is no Slurm."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.engines.options import EngineOptions
from tracker.errors import LaunchError

pytest.importorskip("submitit", reason="needs submitit: pip install 'sacred-grove[slurm]'")


def test_a_machine_without_slurm_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sweeps.engines.slurm import SlurmEngine

    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LaunchError, match="sbatch: there is no such program"):
        SlurmEngine(EngineOptions(logs=tmp_path / "logs"))
    assert not (tmp_path / "logs").exists()
