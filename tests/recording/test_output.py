"""Printed text becomes the lines that a terminal shows in the end."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.recording.output import LONGEST, CleanOutput


def shown(*pieces: str) -> str:
    output = CleanOutput()
    return "".join(map(output.feed, pieces)) + output.close()


@pytest.mark.parametrize(
    ("printed", "lines"),
    [
        ("a\nb\n", "a\nb\n"),
        ("a\nopen", "a\nopen\n"),
        ("", ""),
        ("\n\n", "\n\n"),
        ("10%\r 50%\r100%\ndone\n", "100%\ndone\n"),
        ("a long one\rshort\n", "shortg one\n"),  # as a terminal does
        ("a long one\r\x1b[Kshort\n", "short\n"),
        ("a long one\x1b[2K\rshort\n", "short\n"),
        ("abc\b\bX\n", "aXc\n"),
        ("windows\r\nlines\r\n", "windows\nlines\n"),
        ("\b\b\bstart\n", "start\n"),
        ("\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n"),
        ("outer 0\n\rinner 1\x1b[A\router 1\n\rinner 2\x1b[A\n\nend\n", "outer 1\ninner 2\nend\n"),
        ("\x1b", "\x1b\n"),
    ],
)
def test_what_a_terminal_shows_in_the_end_is_kept(printed: str, lines: str) -> None:
    assert shown(printed) == lines


@given(st.lists(st.sampled_from(["a", "bc", "\n", "\r", "\b", "\x1b[K", "\x1b[2K", " "])), st.data())
def test_pieces_may_be_cut_anywhere(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))))

    pieces = [text[start:end] for start, end in itertools.pairwise([0, *cuts, len(text)])]

    assert shown(*pieces) == shown(text)


@given(st.text(st.characters(exclude_characters="\r\b\x1b\n", exclude_categories=["Cs"])), st.integers(0, 9))
def test_text_without_movement_is_kept_as_it_is(line: str, times: int) -> None:
    text = f"{line}\n" * times

    assert shown(text) == text


def test_whole_lines_come_out_at_once() -> None:
    output = CleanOutput()

    assert output.feed("first\nnext") == "first\n"
    assert output.feed(" one\rN") == ""
    assert output.feed("\n") == "Next one\n"


def test_a_bar_that_runs_for_long_is_bounded_in_memory_and_one_line_in_the_end() -> None:
    output = CleanOutput()

    given_out = "".join(output.feed(f"\r{number:6d}/100000") for number in range(100_000))

    assert given_out == ""
    assert output.close() == " 99999/100000\n"


def test_a_line_that_never_ends_is_ended() -> None:
    output = CleanOutput()

    given_out = "".join(output.feed("x" * 100_000) for _ in range(30))

    assert given_out.count("\n") >= 2
    assert len(given_out.replace("\n", "") + output.close().strip()) == 3_000_000
    assert max(map(len, given_out.split("\n"))) < 2 * LONGEST
