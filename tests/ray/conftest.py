"""A real Ray cluster on this machine, whose nodes may come and go."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sweeps.engines.base import Needs, Task
from sweeps.engines.options import EngineOptions
from sweeps.engines.ray_cluster import RayEngine
from sweeps.engines.ray_connection import SHORT

SOON = {  # a node that does not answer is given up after seconds, not after a minute
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 500,
    "health_check_failure_threshold": 5,
}

# it tells its number and what it sees, then waits, at the longest until it may go; asked to end, it says so
# and ends with the code for it; like the runner, it hears of the end of its parent
PATIENT = """
import ctypes, os, signal, sys, time
def asked(*_):
    print("asked to end", flush=True)
    sys.exit(75)
signal.signal(signal.SIGTERM, asked)
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
print(os.getpid(), os.environ.get("CUDA_VISIBLE_DEVICES"), os.environ["OMP_NUM_THREADS"], flush=True)
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end and not any(map(os.path.exists, sys.argv[3:])):
    time.sleep(0.05)
sys.exit(int(sys.argv[2]))
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs Ray."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.ray)


@pytest.fixture(scope="session")
def surroundings() -> Iterator[None]:
    """The cluster's token in the environment, so that none is written into a home; a folder for its files."""
    folder = tempfile.mkdtemp(prefix="ray-tests-", dir=SHORT)
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_TMPDIR": folder}
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": ".*"}
    (Path(folder) / "ray").mkdir()
    yield
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def cluster(surroundings: None) -> Iterator[Any]:
    """A head that takes no runs, and a node of four cores and two graphics cards that Ray only counts."""
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "num_gpus": 0, "include_dashboard": False, "_system_config": SOON}
    made = Cluster(initialize_head=True, head_node_args=head)
    try:
        made.add_node(num_cpus=4, num_gpus=2)
        yield made
    finally:
        made.shutdown()


@pytest.fixture
def open_engine(cluster: Any, tmp_path: Path) -> Iterator[Callable[..., RayEngine]]:
    """open_engine(gpus=0.5, workers=3, ...) joins the cluster; the end of the test leaves it."""
    opened: list[RayEngine] = []

    def make(workers: int | None = None, **needs: Any) -> RayEngine:
        extra = {"address": cluster.address}
        options = EngineOptions(workers=workers, needs=Needs(**needs), logs=tmp_path, extra=extra)
        opened.append(RayEngine(options))
        return opened[-1]

    yield make
    for engine in opened:
        engine.cancel(hard=True)
        engine.close()


@pytest.fixture
def make_task(tmp_path: Path) -> Callable[..., Task]:
    """make_task("a", seconds=1, code=0, gpus=0.5) says what it sees and waits, until there is a file go."""

    def make(key: str, seconds: float = 0.0, code: int = 0, **needs: Any) -> Task:
        command = (sys.executable, "-c", PATIENT, str(seconds), str(code), str(tmp_path / "go"))
        return Task(key, command, tmp_path / f"{key}.log", needs=Needs(**needs))

    return make


def gone(pid: int) -> bool:
    """Whether the process has ended; one that nobody has fetched yet has ended, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
