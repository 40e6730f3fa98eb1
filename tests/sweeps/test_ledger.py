"""What became of runs, whoever started them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sweeps.driving.ledger import Ledger, ending_of, last_line
from sweeps.driving.policy import Ending, Limits
from sweeps.engines.base import Event
from sweeps.exit_codes import DONE, FAILED, KILLED, STOPPED
from tracker.leases.base import Holder, Lease, Outcome

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def lease(generation: int, code: int | None = None, *, stop: bool = False, words: str = "") -> Lease:
    outcome = None if code is None else Outcome(code, 1.0, NOON, words=words)
    return Lease("k", generation, 0, Holder("h", 1, 0), NOON, NOON, stop, outcome)


def begun(*leases: Lease) -> Ledger:
    ledger = Ledger(Limits(), runs=40)
    ledger.seen({one.key: one for one in leases})
    return ledger


def test_what_had_failed_before_the_sweep_may_be_started() -> None:
    assert begun(lease(3, FAILED)).may_start("k")


def test_what_another_launcher_failed_at_meanwhile_is_left_alone() -> None:
    ledger = begun(lease(3, FAILED))
    ledger.seen({"k": lease(4, FAILED)})

    assert not ledger.may_start("k")


def test_what_somebody_stopped_meanwhile_is_left_alone() -> None:
    ledger = begun()
    ledger.seen({"k": lease(1, STOPPED, stop=True)})

    assert not ledger.may_start("k")


def test_an_end_of_ones_own_counts_once() -> None:
    ledger = begun()
    assert ledger.ended("k", Ending(KILLED), lease(1, KILLED))
    ledger.seen({"k": lease(1, KILLED)})

    assert ledger.attempts("k").lost == 1


def test_a_run_that_is_done_is_not_started_where_the_store_does_not_know_it_yet() -> None:
    ledger = begun()
    ledger.ended("k", Ending(DONE), None)

    assert not ledger.may_start("k")
    assert ledger.unseen({"k", "other"}) == ["k"]
    assert ledger.unseen({"other"}) == []


def test_one_run_that_fails_often_repeats_nothing() -> None:
    ledger = Ledger(Limits(attempts=5), runs=40)
    for _ in range(5):
        ledger.ended("k", Ending(FAILED, "no"), None)

    assert ledger.repeated() == ""


def test_three_runs_that_fail_alike_do_unless_the_sweep_shall_keep_going() -> None:
    for keep_going, words in ((False, "no"), (True, "")):
        ledger = Ledger(Limits(keep_going=keep_going), runs=40)
        for key in "abc":
            ledger.ended(key, Ending(FAILED, "no"), None)
        assert ledger.repeated() == words


def test_the_last_words_are_those_of_the_lease_else_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text("first\nValueError: no\n\n  \n")
    event = Event("k", "ended", FAILED)

    assert ending_of(event, lease(1, FAILED, words="KeyError: x"), log) == Ending(FAILED, "KeyError: x")
    assert ending_of(event, None, log) == Ending(FAILED, "ValueError: no")


def test_a_runner_that_a_signal_ended_was_killed(tmp_path: Path) -> None:
    for code in (-9, 137):
        assert ending_of(Event("k", "ended", code), None, tmp_path / "none").exit_code == KILLED


def test_the_last_line_of_a_long_log_is_found(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text("line\n" * 100_000 + "the end\n")

    assert last_line(log) == "the end"


def test_a_run_that_printed_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text("")

    assert last_line(tmp_path / "run.log") == "it printed nothing"


def test_a_log_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    assert "cannot be read here" in last_line(tmp_path / "none.log")
