"""Whole sweeps on Ray: real runs that Sacred records, nodes that die, Ctrl-C."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sweeps.engines.process_tree import descendants
from tests.ray.conftest import gone
from tests.sweeps.conftest import place, start
from tests.sweeps.hearing import eventually
from tests.sweeps.scene import completed, everything, leases, logs, recorded, rewrite, started, statuses

__all__ = ["place", "start"]  # fixtures, beside the toy they start

SIGINT_BIT = 1 << (signal.SIGINT - 1)
TELLS = """\
    print("card", __import__("os").environ["CUDA_VISIBLE_DEVICES"])
    print([line for line in open("/proc/self/status") if line.startswith("SigBlk")][0])
    print("toy started", flush=True)
"""
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def begin(place: Path, start: Start, cluster: Any) -> Start:
    """begin("--gpus", "0.5") starts the sweep of the toy's questions on the cluster."""
    rewrite(place, '    print("toy started", flush=True)\n', TELLS, name="toy.py")
    words = ("run", "questions.yaml", "--store", "runs", "--engine", "ray")
    return lambda *more: start(*words, "--engine-option", f"address={cluster.address}", *more)


def test_six_runs_share_two_cards(begin: Start, place: Path) -> None:
    sweep = begin("--gpus", "0.5")
    out, err = sweep.communicate(timeout=120)

    assert (sweep.returncode, out) == (0, ""), err
    assert recorded(place) == everything()
    told = logs(place)
    cards = Counter(re.findall(r"^card (.*)$", told, re.MULTILINE))
    assert set(cards) == {"0", "1"}
    assert cards.total() == 6
    blocked = [int(mask, 16) for mask in re.findall(r"SigBlk:\s*(\w+)", told)]
    assert [mask & SIGINT_BIT for mask in blocked] == [0] * 6
    assert "ray" not in err.replace("--engine ray", "").lower(), err


def test_ctrl_c_ends_the_runs_in_order(begin: Start, place: Path) -> None:
    rewrite(place, "act: succeed", "act: succeed, nap: 600.0")
    sweep = begin("--gpus", "0.5")
    started(place, 4)

    sweep.send_signal(signal.SIGINT)
    _, err = sweep.communicate(timeout=120)

    assert sweep.returncode == 130, err
    assert set(statuses(place)) == {"INTERRUPTED"}
    assert all(gone(lease.holder.pid) for lease in leases(place))
    assert all(lease.outcome and lease.outcome.exit_code == 75 for lease in leases(place))


def test_runs_end_in_order_when_their_launcher_is_killed(begin: Start, place: Path) -> None:
    rewrite(place, "act: succeed", "act: succeed, nap: 600.0")
    sweep = begin("--gpus", "0.5")
    started(place, 4)

    sweep.send_signal(signal.SIGKILL)
    sweep.communicate(timeout=60)

    eventually(lambda: all(gone(lease.holder.pid) for lease in leases(place)))
    assert statuses(place) == {"INTERRUPTED": 4}


def test_ctrl_c_twice_kills(begin: Start, place: Path) -> None:
    rewrite(place, "act: succeed", "act: succeed, nap: 600.0")
    deaf = 'import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    print("toy started"'
    rewrite(place, 'print("toy started"', deaf, name="toy.py")
    sweep = begin("--workers", "1")
    started(place, 1)
    (runner,) = [lease.holder.pid for lease in leases(place)]
    family = [runner, *descendants(runner)]

    sweep.send_signal(signal.SIGINT)
    time.sleep(1)
    assert sweep.poll() is None  # it waits for the run, which does not listen
    sweep.send_signal(signal.SIGINT)
    _, err = sweep.communicate(timeout=120)

    assert sweep.returncode == 130, err
    eventually(lambda: all(gone(pid) for pid in family))


def test_runs_of_a_node_that_dies_are_done_elsewhere_and_once(
    begin: Start, place: Path, cluster: Any
) -> None:
    rewrite(place, "act: succeed", "act: succeed, nap: 4.0")
    node = cluster.add_node(num_cpus=4, num_gpus=2)
    sweep = begin("--gpus", "0.5")
    started(place, 6)

    raylet = node.all_processes["raylet"][0].process
    raylet.kill()
    raylet.wait()
    _, err = sweep.communicate(timeout=120)
    cluster.remove_node(node, allow_graceful=False)

    assert sweep.returncode == 0, err
    assert completed(place) == everything()
    assert logs(place).count("toy started") > 6  # what broke off was started again
    assert set(statuses(place)) <= {"COMPLETED", "INTERRUPTED", "RUNNING"}
    eventually(lambda: all(gone(lease.holder.pid) for lease in leases(place)))
