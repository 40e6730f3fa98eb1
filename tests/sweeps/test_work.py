"""Workers on one store, without any software for clusters: real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.sweeps.scene import completed, everything, leases, recorded, rewrite, started, wait_for

Start = Callable[..., subprocess.Popen[str]]


def test_two_workers_share_the_work_and_both_wait_for_the_end(place: Path, start: Start) -> None:
    rewrite(place, "act: succeed", "act: succeed, nap: 0.3")
    both = [start("work", "questions.yaml", "--workers", "1") for _ in range(2)]

    for process in both:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors

    assert recorded(place) == everything()
    assert len({lease.details["launcher"] for lease in leases(place)}) == 2


def test_what_a_killed_worker_was_at_is_taken_over(place: Path, start: Start) -> None:
    rewrite(place, "act: succeed", "act: succeed, nap: 0.5")
    both = [start("work", "questions.yaml", "--workers", "1") for _ in range(2)]
    started(place, 2)

    victim, other = both
    own = {
        lease.key for lease in leases(place, "launcher") if lease.holder.pid == victim.pid
    }  # taken before anything runs
    wait_for(lambda: any(lease.details["launcher"] in own and not lease.outcome for lease in leases(place)))
    for lease in leases(place):
        if lease.details["launcher"] in own and not lease.outcome:
            os.kill(lease.holder.pid, signal.SIGKILL)
    victim.kill()
    victim.communicate(timeout=60)

    _, errors = other.communicate(timeout=120)
    assert other.returncode == 0, errors
    assert completed(place) == everything()


def test_a_worker_waits_for_a_run_that_somebody_started_by_hand(place: Path, start: Start) -> None:
    rewrite(place, "act: succeed", "act: succeed, nap: 2.0")
    rewrite(place, "values: [1, 2, 3]", "values: [1, 2]")
    rewrite(place, "seeds: [1, 2]", "seeds: [1]")
    words = ["with", "x=1", "act=succeed", "nap=2.0", "seed=1"]
    by_hand = subprocess.Popen([sys.executable, "toy.py", *words], cwd=place, stdout=subprocess.DEVNULL)
    wait_for(lambda: bool(recorded(place)))

    process = start("work", "questions.yaml")
    _, errors = process.communicate(timeout=120)

    assert by_hand.wait(timeout=60) == 0
    assert process.returncode == 0, errors
    assert set(recorded(place).values()) == {1}


def test_a_worker_starts_what_is_added_to_the_questions(place: Path, start: Start) -> None:
    rewrite(place, "values: [1, 2, 3]", "values: [1, 2]")
    process = start("work", "questions.yaml", "--idle", "10")
    wait_for(lambda: sum(completed(place).values()) == 4)

    rewrite(
        place,
        "values: [1, 2], baseline: 1}\n  - {id: again",
        "values: [1, 2, 3], baseline: 1}\n  - {id: again",
    )
    wait_for(lambda: completed(place) == everything())

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert recorded(place) == everything()


def test_a_worker_that_has_nothing_to_do_says_so_and_ends(place: Path, start: Start) -> None:
    start("run", "questions.yaml").communicate(timeout=120)

    process = start("work", "questions.yaml")
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "nothing is missing" in errors
