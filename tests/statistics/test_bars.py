"""All bars by one command: a part that misses is named at the end and hides no other."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from benchmarks import bars

SAYS = "import sys; print({words!r}); sys.exit({code})"


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts that say a line and end."""
    made = {}
    for name, words, code in (
        ("good", "coverage 95 % met", 0),
        ("bad", "tree 6.1 s MISSED", 1),
        ("broken", "no such module", 3),
        ("absent", "SKIPPED [1] nothing to measure with", 0),
    ):
        (tmp_path / f"says_{name}.py").write_text(SAYS.format(words=words, code=code))
        made[name] = bars.Part(f"the {name} one", (f"says_{name}",))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(bars, "PARTS", made)


def told(*words: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["bars", *words])
    code = bars.main()
    return code, capfd.readouterr().out.partition("== The bars\n")[2]


@pytest.mark.usefixtures("parts")
def test_every_part_is_measured_and_the_table_names_what_was_missed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code, table = told(monkeypatch=monkeypatch, capfd=capfd)

    rows = [line.split()[:2] for line in table.splitlines() if " min " in line]
    assert rows == [["good", "met"], ["bad", "MISSED"], ["broken", "MISSED"], ["absent", "SKIPPED"]]
    assert "tree 6.1 s MISSED" in table
    assert "it ended with 3" in table
    assert "nothing to measure with" in table
    assert code == 1


@pytest.mark.usefixtures("parts")
def test_with_every_bar_met_it_ends_well(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert told("good", "absent", monkeypatch=monkeypatch, capfd=capfd)[0] == 0


def test_every_part_is_there() -> None:
    for part in bars.PARTS.values():
        assert importlib.util.find_spec(part.module[0])
        assert all(Path(word).exists() for word in part.module if word.startswith("tests/"))


def test_a_part_that_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bars", "nothing"])

    with pytest.raises(SystemExit):
        bars.main()

    assert "there is no part 'nothing'; there are statistics" in capfd.readouterr().err
