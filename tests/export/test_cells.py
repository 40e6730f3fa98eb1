"""Text and numbers in cells."""

from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.export.cells import as_json, cell, clean, guarded, unguarded

UNSAFE = re.compile(r"[=+\-@\t\r\n＝＋－＠]")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\nx", "'=x", "''-", "＝1"])
def test_text_that_a_spreadsheet_would_run_gets_a_quote(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=b", "'", "'a", "1-2", " =x"])
def test_other_text_is_left_alone(text: str) -> None:
    assert guarded(text) == unguarded(text) == text


@given(st.text())
def test_a_guarded_cell_can_be_undone(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not UNSAFE.match(guarded(text))


@given(st.text(st.characters()))
def test_clean_text_stays_clean_and_can_be_written(text: str) -> None:
    made = clean(text)
    assert clean(made) == made
    assert made.encode("utf-8").decode("utf-8") == made
    assert not re.search(r"[\x00-\x08\r\x1b]", made)


def test_newlines_become_plain_and_control_characters_visible() -> None:
    assert clean("a\r\nb\rc\x1b[31m\x85\ud800") == "a\nb\nc\\x1b[31m\\x85\\ud800"


@given(st.recursive(st.text(st.characters(exclude_categories=["Cs"])) | st.integers() | st.none(), st.lists))
def test_json_survives_the_cleaning(value: object) -> None:
    made = as_json(value)
    assert json.loads(made) == value
    assert clean(made) == made


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (math.nan, ""), (math.inf, ""), (True, "true"), (-23.8, "-23.8"), (1e-9, "1e-09"), (3, "3")],
)
def test_numbers_are_written_in_full_and_what_is_not_known_is_empty(value: object, text: str) -> None:
    assert cell(value) == text
