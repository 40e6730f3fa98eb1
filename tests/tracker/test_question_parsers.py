"""libyaml and the parser in Python read the same from a question file, and refuse it in the same words."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tracker.errors import QuestionsError
from tracker.questions.yaml_lines import Entry, read

pytestmark = pytest.mark.skipif(not yaml.__with_libyaml__, reason="this PyYAML comes without libyaml")
FILES = sorted((Path(__file__).parents[2] / "sweeps").glob("*.yaml"))
REFUSED = ("a: [1", "a:\n\t- 1", "a: 010", "a: 1e-4", "a: yes", "a: 12:30", "a: 2020-01-01", "a: 1\na: 2",
           "&a [*a]", "a: \0", "", "- a\nb: 1", "a: 'b")  # fmt: skip


def both(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Entry | str]:
    found: list[Entry | str] = []
    for _ in range(2):
        try:
            found.append(read(path))
        except QuestionsError as error:
            found.append(str(error))
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_entry_has_the_same_content_and_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, plain = both(path, monkeypatch)

    assert isinstance(fast, Entry)
    assert fast == plain


@pytest.mark.parametrize("text", REFUSED)
def test_a_mistake_is_refused_in_the_same_words(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "questions.yaml"
    path.write_text(text)
    fast, plain = both(path, monkeypatch)

    assert isinstance(fast, str)
    assert fast == plain
