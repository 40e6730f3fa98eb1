"""The benchmark of records tells what it measured, and whether that is what was promised."""

from __future__ import annotations

from benchmarks.recording import Level, dead_or_slow


def test_a_level_that_is_missed_is_told() -> None:
    late, few = Level("a moment", 1.5, "s", most=1), Level("points", 4_999_999, "", least=5_000_000)
    assert [one.met for one in (late, few)] == [False, False]
    assert late.line.split() == ["a", "moment", "1.5", "s", "at", "most", "1", "MISSED"]
    assert few.line.split()[1:] == ["4,999,999", "at", "least", "5,000,000", "MISSED"]
    assert Level("a moment", 1.0, "s", most=1).line.endswith(" met")


def test_a_slow_run_is_alive_and_a_silent_one_dead_in_time() -> None:
    assert [one.line for one in dead_or_slow() if not one.met] == []
