"""A real Slurm on this machine, and sweeps of a toy on it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sweeps.engines.base import Event, Needs, Task
from sweeps.engines.options import EngineOptions
from sweeps.engines.slurm import SlurmEngine
from tests.slurm.cluster import Cluster, missing

STORE = "mongodb://me:verysecretword@127.0.0.1/runs"

# it says what it sees, then waits, at the longest until it may go; asked to end, it says so and ends with the
# code for it
PATIENT = """
import os, signal, sys, time
def asked(*_):
    print("asked to end", flush=True)
    sys.exit(75)
signal.signal(signal.SIGTERM, asked)
seen = [os.environ.get(name) for name in ("SLURMD_NODENAME", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")]
print(os.getpid(), *seen, flush=True)
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end and not os.path.exists(sys.argv[3]):
    time.sleep(0.05)
sys.exit(int(sys.argv[2]))
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs a Slurm."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            accounted = item.path.name == "test_accounting.py"
            item.add_marker(pytest.mark.slurmdbd if accounted else pytest.mark.slurm)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Two nodes of four cores and two graphics cards each, that Slurm only counts."""
    if os.geteuid() != 0:
        pytest.skip("needs root, for a Slurm of its own")
    if missing():
        pytest.skip(f"needs {', '.join(missing())}: apt-get install slurm-wlm munge")
    pytest.importorskip("submitit", reason="needs submitit: pip install 'sacred-grove[slurm]'")
    with tempfile.TemporaryDirectory(prefix="slurm") as folder:  # sockets have short names
        made = Cluster(Path(folder))
        try:
            made.start()
            yield made
        finally:
            made.stop()


@pytest.fixture
def slurm(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """The cluster as every command finds it; no job is left behind, nor one that still ends."""
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    yield cluster
    cluster.clear()


@pytest.fixture
def nodes_up(slurm: Cluster) -> Iterator[Cluster]:
    """A node that a test has killed comes back."""
    yield slurm
    for node in ("n1", "n2"):
        if node not in slurm.processes:
            slurm.start_node(node)


@pytest.fixture
def open_engine(slurm: Cluster, tmp_path: Path) -> Callable[..., SlurmEngine]:
    """open_engine(shards="2", workers=3) is an engine that keeps its jobs in `logs`."""

    def make(workers: int | None = None, per_gpu: int | None = None, **extra: str) -> SlurmEngine:
        return SlurmEngine(EngineOptions(workers, per_gpu, Needs(), tmp_path / "logs", extra=extra))

    return make


@pytest.fixture
def make_task(tmp_path: Path) -> Callable[..., Task]:
    """make_task("a", seconds=1, code=0, cores=2) says what it sees and waits, until there is a file go."""

    def make(key: str, seconds: float = 0.0, code: int = 0, **needs: int) -> Task:
        command = (sys.executable, "-c", PATIENT, str(seconds), str(code), str(tmp_path / "go"))
        environment = {"TRACKER_STORE": STORE, "TRACKER_QUESTIONS": "first"}
        return Task(key, command, tmp_path / f"{key}.log", environment, Needs(**needs))

    return make


def kinds(events: list[Event], key: str) -> list[str]:
    """What was told of one task, in order."""
    return [event.kind for event in events if event.key == key]
