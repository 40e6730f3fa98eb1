"""What both keepers of leases promise."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tracker.errors import StoreError
from tracker.leases import open_leases
from tracker.leases.base import Holder, Leases, Outcome
from tracker.leases.watch import Watch

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
OUTCOME = Outcome(1, 2.5, NOON, memory=7 * 2**30, words="bäd")
DETAILS = {"kind": "run", "what": "x=1", "questions": ["a", "b"], "nested": {"none": None, "number": 1.5}}

RACE = """
import json, sys
from tracker.leases import open_leases
from tracker.leases.holder import this_process
leases, me = open_leases(sys.argv[1]), this_process()
leases.leases()
print("ready", flush=True)
sys.stdin.readline()
print(json.dumps([key for key in map(str, range(200)) if leases.take(key, None, me, {})]))
"""

Elsewhere = Callable[[int], Holder]


class TestKeeper:
    def test_a_store_without_leases_has_none(self, leases: Leases) -> None:
        assert leases.leases() == {}
        assert leases.leases(["a"]) == {}

    def test_a_lease_is_read_as_it_was_given(self, leases: Leases, elsewhere: Elsewhere) -> None:
        given = leases.take("a", None, elsewhere(1), DETAILS)
        assert given is not None
        assert leases.leases() == {"a": given}
        assert (given.generation, given.beats, given.holder, given.details) == (1, 0, elsewhere(1), DETAILS)

    def test_a_lease_that_is_there_is_not_taken_by_one_who_saw_none(
        self, leases: Leases, elsewhere: Elsewhere
    ) -> None:
        leases.take("a", None, elsewhere(1), {})
        assert leases.take("a", None, elsewhere(2), {}) is None
        assert leases.leases()["a"].holder == elsewhere(1)

    def test_one_that_stands_as_it_was_seen_is_taken(self, leases: Leases, elsewhere: Elsewhere) -> None:
        seen = leases.take("a", None, elsewhere(1), {})
        taken = leases.take("a", seen, elsewhere(2), DETAILS)
        assert taken is not None
        assert (taken.generation, taken.beats, taken.holder) == (2, 0, elsewhere(2))
        assert leases.leases() == {"a": taken}

    def test_one_that_was_renewed_settled_or_removed_since_is_not_taken(
        self, leases: Leases, elsewhere: Elsewhere
    ) -> None:
        first = leases.take("a", None, elsewhere(1), {})
        assert first is not None
        renewed = leases.renew(first)
        assert renewed is not None
        assert leases.take("a", first, elsewhere(2), {}) is None
        leases.settle(renewed, OUTCOME)
        assert leases.take("a", renewed, elsewhere(2), {}) is None
        assert leases.take("never-there", renewed, elsewhere(2), {}) is None

    def test_a_settled_lease_tells_its_outcome_until_it_is_taken_again(
        self, leases: Leases, elsewhere: Elsewhere
    ) -> None:
        lease = leases.take("a", None, elsewhere(1), {})
        assert lease is not None
        leases.settle(lease, OUTCOME)
        settled = leases.leases(["a"])["a"]
        assert settled.outcome == OUTCOME
        assert Watch().free(settled)
        taken = leases.take("a", settled, elsewhere(2), {})
        assert taken is not None
        assert (taken.outcome, taken.stop) == (None, False)

    def test_who_asks_again_because_the_answer_was_lost_gets_it_again(
        self, leases: Leases, elsewhere: Elsewhere
    ) -> None:
        given = leases.take("a", None, elsewhere(1), {})
        assert leases.take("a", None, elsewhere(1), {}) == given

    def test_signs_of_life_are_counted(self, leases: Leases, elsewhere: Elsewhere) -> None:
        lease = leases.take("a", None, elsewhere(1), {})
        for beats in (1, 2, 3):
            assert lease is not None
            lease = leases.renew(lease)
            assert lease is not None
            assert lease.beats == beats
        assert leases.leases() == {"a": lease}

    def test_a_lease_that_somebody_else_has_taken_cannot_be_renewed_or_settled(
        self, leases: Leases, elsewhere: Elsewhere
    ) -> None:
        lost = leases.take("a", None, elsewhere(1), {})
        assert lost is not None
        taken = leases.take("a", lost, elsewhere(2), {})
        assert leases.renew(lost) is None
        leases.settle(lost, OUTCOME)
        assert leases.leases() == {"a": taken}

    def test_a_wish_to_stop_reaches_the_holder_with_its_next_sign_of_life(
        self, leases: Leases, elsewhere: Elsewhere
    ) -> None:
        lease = leases.take("a", None, elsewhere(1), {})
        leases.take("b", None, elsewhere(1), {})
        leases.ask_to_stop(["a", "not-there"])
        assert lease is not None
        renewed = leases.renew(lease)
        assert renewed is not None
        assert renewed.stop
        assert not leases.leases()["b"].stop

    def test_a_wish_to_stop_leaves_work_that_is_over_as_it_is(
        self, leases: Leases, elsewhere: Elsewhere
    ) -> None:
        lease = leases.take("a", None, elsewhere(1), {})
        assert lease is not None
        leases.settle(lease, OUTCOME)
        leases.ask_to_stop(["a"])
        assert not leases.leases()["a"].stop

    def test_a_key_that_could_not_name_a_file_is_refused(self, leases: Leases, elsewhere: Elsewhere) -> None:
        for key in ("", "../a", "a/b", ".lock", "a\0"):
            with pytest.raises(StoreError, match="is no key of a lease"):
                leases.take(key, None, elsewhere(1), {})

    def test_each_of_many_keys_is_taken_once_by_two_who_race(self, address: str) -> None:
        words = [sys.executable, "-c", RACE, address]
        pipe = subprocess.PIPE
        racers = [subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
        try:
            for racer in racers:
                assert racer.stdout is not None
                assert racer.stdout.readline() == "ready\n"
            for racer in racers:
                assert racer.stdin is not None
                racer.stdin.write("go\n")
                racer.stdin.flush()
            taken = [json.loads(racer.communicate(timeout=120)[0]) for racer in racers]
        finally:
            for racer in racers:
                racer.kill()
                racer.communicate()
        assert Counter(taken[0] + taken[1]) == Counter(map(str, range(200)))
        assert len(open_leases(address).leases()) == 200

    def test_kill_9_of_a_holder_frees_its_lease_at_once_on_the_same_machine(
        self, leases: Leases, holder_of: Callable[[str], subprocess.Popen[str]], elsewhere: Elsewhere
    ) -> None:
        process = holder_of("a")
        seen, watch = leases.leases()["a"], Watch()
        assert not watch.free(seen)
        assert watch.alive(seen)
        process.kill()
        process.wait()
        assert watch.free(seen)
        assert not watch.alive(seen)
        assert leases.take("a", seen, elsewhere(2), {}) is not None
