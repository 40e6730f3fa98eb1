"""What the benchmarks measured is kept case by case, so that a later call goes on from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from benchmarks.speed import __main__ as command
from benchmarks.speed.cases import CASES, Case
from benchmarks.speed.kept import KeptError, Measured, here, keep, read
from benchmarks.speed.measuring import START_UP, Task, measure, task
from benchmarks.speed.rounds import Round
from benchmarks.speed.start_up import COMMANDS, FIRST_STEP
from benchmarks.speed.turns import SideError

PLACE = {"machine": "one core", "versions": {"torch": "2"}}
ROUND = {"ours": 1.5}


class Counted:
    """A task that counts how often it was measured, and may break off."""

    def __init__(self, name: str, what: str = "a", breaks: bool = False) -> None:
        self.times, self._breaks = 0, breaks
        self.task = Task(name, {"ours": what}, self._rounds)

    def _rounds(self, count: int) -> Iterator[Mapping[str, float]]:
        self.times += 1
        if self._breaks:
            raise SideError("the last words")
        yield from [ROUND] * count


def measured(
    *tasks: Counted, known: Mapping[str, Measured], rounds: int = 2, again: bool = False
) -> list[str]:
    return [name for name, _ in measure([one.task for one in tasks], rounds, known, again=again)]


def standing(what: str = "a", rounds: int = 2, seconds: float = 60) -> Measured:
    return Measured({"ours": what}, [ROUND] * rounds, "2026-11-20", seconds)


def test_what_stands_there_is_not_measured_again(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = Counted("first"), Counted("second")

    assert measured(first, second, known={"first": standing()}) == ["second"]
    assert (first.times, second.times) == (0, 1)
    assert "first: stands in the file since 2026-11-20" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("known", "again"),
    [(standing(rounds=1), False), (standing(what="fewer steps"), False), (standing(), True)],
    ids=["fewer rounds", "measured otherwise", "again"],
)
def test_it_is_measured_where_that_was_less_or_something_else(known: Measured, again: bool) -> None:
    assert measured(Counted("first"), known={"first": known}, again=again) == ["first"]


def test_the_time_that_is_left_follows_from_earlier_rounds(capsys: pytest.CaptureFixture[str]) -> None:
    known = {name: standing(rounds=1, seconds=150) for name in ("first", "second")}

    measured(Counted("first"), Counted("second"), known=known, rounds=2)

    assert "case 1 of 2: first; about 10 min left" in capsys.readouterr().err


def test_nothing_is_said_of_the_time_while_nothing_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    measured(Counted("first"), Counted("second"), known={})

    assert "case 1 of 2: first\n" in capsys.readouterr().err


def test_what_was_measured_before_something_breaks_off_is_there() -> None:
    found = measure([Counted("first").task, Counted("second", breaks=True).task], 1, {})

    assert next(found)[0] == "first"
    with pytest.raises(SideError, match="second broke off: the last words"):
        next(found)


def test_what_is_written_is_read_back_whole(tmp_path: Path) -> None:
    path, known = tmp_path / "speed.json", {"first": standing(), START_UP: standing("b")}

    keep(path, PLACE, known)

    assert read(path, PLACE) == known
    assert read(tmp_path / "other.json", PLACE) == {}
    one = task("train-fp32", CASES["train-fp32"])
    assert json.loads(json.dumps(one.what)) == one.what


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"machine": "one core"',
        '{"machine": "one core", "versions": {"torch": "2"}, "cases": {"first": {"rounds": []}}}',
        json.dumps({**PLACE, "cases": {"a": {"what": {}, "rounds": [], "date": "", "seconds": 1}}}),
        json.dumps(
            {**PLACE, "cases": {"a": {"what": {}, "rounds": [{"ours": "x"}], "date": "", "seconds": 1}}}
        ),
    ],
)
def test_a_damaged_file_is_refused_and_stays(text: str, tmp_path: Path) -> None:
    path = tmp_path / "speed.json"
    path.write_text(text)

    with pytest.raises(KeptError, match=r"speed\.json is not what --json writes, or is damaged"):
        read(path, PLACE)

    assert path.read_text() == text


def test_numbers_from_elsewhere_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "speed.json"
    keep(path, PLACE, {"first": standing()})

    with pytest.raises(KeptError, match=r"measured with the versions .*2.*, and here is .*3.* move it away"):
        read(path, {**PLACE, "versions": {"torch": "3"}})


def test_a_file_that_cannot_be_written_is_an_error_that_leaves_it(tmp_path: Path) -> None:
    with pytest.raises(KeptError, match="cannot be written"):
        keep(tmp_path / "missing" / "speed.json", PLACE, {})


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every case has been measured at once; which ones were."""
    seen: list[str] = []

    def at_once(case: Case, count: int) -> Iterator[Round]:
        for _ in range(count):
            seen.append(f"{case.title}, {case.precision}")
            yield Round(200, 100, 2, 0, 4, 6)

    monkeypatch.setattr("benchmarks.speed.measuring.rounds_of", at_once)
    monkeypatch.setattr(
        "benchmarks.speed.start_up.rounds",
        lambda count: iter([{one.title: 0.1 for one in (*COMMANDS, FIRST_STEP)}] * count),
    )
    return seen


def call(monkeypatch: pytest.MonkeyPatch, *words: object) -> None:
    monkeypatch.setattr("sys.argv", ["speed", *map(str, words)])
    command.main()


def test_a_page_is_made_in_parts_from_everything_in_the_file(
    rounds: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, page = tmp_path / "speed.json", tmp_path / "page.md"
    call(monkeypatch, "train-fp32", "--rounds", 2, "--json", file)
    call(monkeypatch, "--rounds", 2, "--json", file, "--out", page)

    told = page.read_text()
    assert rounds.count("training, ResNet-20, fp32") == 2
    assert len(rounds) == 2 * len(CASES)
    assert all(f"| {case.title} | {case.precision} |" in told for case in CASES.values())
    assert "Made by `python -m benchmarks.speed --rounds 2` on " in told
    assert "| training, ResNet-20 | fp32 | 4.0 s (4.0 to 4.0) | 6.0 s (6.0 to 6.0) |" in told
    assert "| tracker tree | 0.10 s" in told


def test_the_days_between_which_it_was_measured_are_told(
    rounds: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, page = tmp_path / "speed.json", tmp_path / "page.md"
    call(monkeypatch, "points", "checkpoints", "--rounds", 1, "--json", file)
    place = here()
    known = read(file, place)
    keep(file, place, {**known, "points": Measured(**{**vars(known["points"]), "date": "2026-01-02"})})

    call(monkeypatch, "points", "--rounds", 1, "--json", file, "--out", page)

    assert (
        "`python -m benchmarks.speed points checkpoints --rounds 1` between 2026-01-02 and 20"
        in page.read_text()
    )


def test_an_interruption_says_that_the_same_command_goes_on(
    rounds: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(count: int) -> Iterator[Mapping[str, float]]:
        raise KeyboardInterrupt

    monkeypatch.setattr("benchmarks.speed.start_up.rounds", interrupted)
    with pytest.raises(SystemExit) as ended:
        call(monkeypatch, "points", START_UP, "--rounds", 1, "--json", tmp_path / "speed.json")

    assert ended.value.code == command.INTERRUPTED
    assert "speed.json, and the same command goes on" in capsys.readouterr().err
    assert list(read(tmp_path / "speed.json", here())) == ["points"]
