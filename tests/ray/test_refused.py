"""What the engine `ray` refuses, in one line and before anything starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sweeps.engines.base import Needs
from sweeps.engines.options import EngineOptions
from sweeps.engines.ray_cluster import RayEngine
from tracker.errors import LaunchError

# a launcher of another version, or with another token
OTHER = """
import os, sys
from pathlib import Path
{before}
from sweeps.engines.base import Needs
from sweeps.engines.options import EngineOptions
from sweeps.engines.ray_cluster import RayEngine
from tracker.errors import LaunchError
extra = {{"address": sys.argv[1]}}
try:
    RayEngine(EngineOptions(needs=Needs(), logs=Path("."), extra=extra))
except LaunchError as error:
    print(error)
"""


def test_more_than_any_node_has_is_refused(cluster: Any, tmp_path: Path) -> None:
    options = EngineOptions(needs=Needs(cores=64), logs=tmp_path, extra={"address": cluster.address})
    with pytest.raises(LaunchError, match="no node has room for a run with 64 cores") as refused:
        RayEngine(options)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"address": "127.0.0.1:1"}, "address=127.0.0.1:1: no Ray cluster answers there"),
        ({"address": "somewhere"}, "address=somewhere: say auto or HOST:PORT"),
        ({"address": "ray://here:10001"}, "client protocol is not supported"),
        ({"host": "auto"}, "--engine-option host: the engine ray knows address and variables"),
    ],
)
def test_a_wrong_option_is_refused(tmp_path: Path, extra: dict[str, str], words: str) -> None:
    with pytest.raises(LaunchError, match=words) as refused:
        RayEngine(EngineOptions(needs=Needs(), logs=tmp_path, extra=extra))
    assert "\n" not in str(refused.value)


def test_detaching_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="ray job submit"):
        RayEngine(EngineOptions(needs=Needs(), logs=tmp_path, detach=True, extra={}))


def test_another_version_is_refused(cluster: Any, tmp_path: Path) -> None:
    told = _other(cluster, "import ray; ray.__version__ = '2.0.0'", tmp_path)
    assert "Version mismatch" in told
    assert "all machines need the same Ray and the same Python" in told


def test_a_wrong_token_is_refused(cluster: Any, tmp_path: Path) -> None:
    told = _other(cluster, "os.environ['RAY_AUTH_TOKEN'] = 'f' * 64", tmp_path)
    assert "RAY_AUTH_TOKEN" in told


def _other(cluster: Any, before: str, folder: Path) -> str:
    command = [sys.executable, "-c", OTHER.format(before=before), cluster.address]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=True)
    assert len(done.stdout.splitlines()) == 1, done.stdout
    return done.stdout
