"""What the plots show, and what they say of it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.export.page import svg
from tracker.export.page.axes import Axis, apart, fitted, tick_labels
from tracker.export.page.numbers_table import table_rows, tones
from tracker.export.page.skill_plot import skill_plot

NUMBERS = st.floats(-1e100, 1e100)
Laboratory = Callable[..., Any]


def drawn(made: Any) -> ElementTree.Element:
    found = made.findings[0]
    return ElementTree.fromstring(skill_plot(found.node.question, found.estimates, tones(found)))


def words(drawing: ElementTree.Element) -> list[str]:
    return [one.text or "" for one in drawing.iter("text")]


def test_every_seed_is_a_dot(ask: Any, laboratory: Laboratory) -> None:
    made = laboratory(ask("q"), {"batchnorm": (91.0, 92.0, 93.0), "weight_norm": (80.0, 81.5)})

    marks = [one.get("d", "").count("h0") for one in drawn(made).iter("path") if one.get("class") == "dot"]

    assert marks == [3, 2]


def test_the_drawing_names_values_axes_unit_and_baseline(ask: Any, laboratory: Laboratory) -> None:
    made = laboratory(ask("q"), {"batchnorm": (91.0, 92.0, 93.0), "weight_norm": (80.0, 81.5, 82.0)})

    drawing = drawn(made)

    assert {"batchnorm", "weight_norm", "test.accuracy (%)", "baseline"} <= set(words(drawing))
    assert drawing.findtext("title") == "test.accuracy (%) for each norm"
    assert drawing.findtext("desc") == "Means: batchnorm 92.0 %, weight_norm 81.2 %."


@pytest.mark.parametrize(("scale", "gaps"), [("log", (1, 1)), ("ordered", (1, 1))])
def test_a_scale_lays_values_out_as_declared(ask: Any, laboratory: Laboratory, scale: str, gaps: Any) -> None:
    question = ask("q", parameter="batch_size", values=(4, 16, 64), baseline=None, scale=scale)
    made = laboratory(question, {4: (1.0, 2.0, 3.0), 16: (2.0, 3.0, 4.0), 64: (3.0, 4.0, 5.0)})

    drawing = drawn(made)

    places = [float(one.get("x", 0)) for one in drawing.iter("text") if one.text in ("4", "16", "64")][-3:]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1], abs=1)
    assert f"batch_size ({'log scale' if scale == 'log' else 'in order'})" in words(drawing)


def test_a_value_without_numbers_says_so(ask: Any, laboratory: Laboratory) -> None:
    made = laboratory(ask("q", values=("batchnorm", "weight_norm", "none")), {
        "batchnorm": (91.0, 92.0, 93.0), "weight_norm": ("diverged",) * 3,
    })  # fmt: skip

    assert {"diverged", "no number yet"} <= set(words(drawn(made)))


def test_without_any_number_there_is_no_plot(ask: Any, laboratory: Laboratory) -> None:
    found = laboratory(ask("q"), {}).findings[0]

    assert skill_plot(found.node.question, found.estimates, tones(found)) == ""


def test_an_interval_of_two_seeds_does_not_dwarf_the_dots(ask: Any, laboratory: Laboratory) -> None:
    made = laboratory(ask("q", seeds=(1, 2)), {"batchnorm": (91.0, 92.0), "weight_norm": (80.0, 85.0)})

    drawing = drawn(made)

    assert [one.get("class") for one in drawing.iter("path") if (one.get("class") or "").startswith("ci")][
        -1
    ] == "ci cut"


def test_a_long_name_is_cut_in_the_drawing_and_whole_in_its_words(ask: Any, laboratory: Laboratory) -> None:
    long = "momentum_zero_and_affine_and_statistics"
    made = laboratory(
        ask("q", values=("none", long), baseline="none"), {"none": (1.0, 2.0), long: (2.0, 3.0)}
    )

    drawing = drawn(made)

    assert any(word.endswith("…") and long.startswith(word[:-1]) for word in words(drawing))
    assert any((one.text or "").startswith(long) for one in drawing.iter("title"))


@pytest.mark.unwatched
@given(numbers=st.lists(NUMBERS, min_size=1), bounds=st.lists(NUMBERS))
def test_an_axis_holds_every_number(numbers: list[float], bounds: list[float]) -> None:
    axis = fitted(numbers, bounds, 0, 100)

    assert all(axis.holds(number) for number in numbers)
    assert all(0 <= axis.at(number) <= 100 for number in [*numbers, *bounds])
    assert len(axis.ticks()) <= 12
    assert len(set(tick_labels(axis.ticks()))) == len(axis.ticks())


@given(low=NUMBERS, high=NUMBERS)
def test_two_ends_are_always_apart(low: float, high: float) -> None:
    start, end = apart(min(low, high), max(low, high))

    assert start < end
    assert math.isfinite(end - start)


@pytest.mark.parametrize(
    ("ticks", "labels"),
    [
        ((0.0, 50.0, 100.0), ("0", "50", "100")),
        ((-0.2, 0.0, 0.2), ("−0.2", "0.0", "0.2")),
        ((0.001, 0.002), ("0.001", "0.002")),
        ((-5.525e16, -5.52e16, -5.515e16), ("−5.525e+16", "−5.52e+16", "−5.515e+16")),
        ((1e6, 2e6), ("1e+06", "2e+06")),
    ],
)
def test_ticks_have_as_many_decimals_as_they_need(ticks: Sequence[float], labels: tuple[str, ...]) -> None:
    assert tick_labels(ticks) == labels


@given(points=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 400)), min_size=1, max_size=60))
def test_a_short_path_goes_through_the_same_points(points: list[tuple[int, int]]) -> None:
    numbers = [
        int(number) for number in re.findall(r"-?\d+", svg.path([(float(x), float(y)) for x, y in points]))
    ]

    x, y, *steps = numbers if len(points) > 1 else numbers[:2]
    found = [(x, y)]
    for across, down in zip(steps[::2], steps[1::2], strict=True):
        found.append((found[-1][0] + across, found[-1][1] + down))
    assert found == points


def test_points_on_a_line_are_left_out_and_others_kept() -> None:
    points = [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (3.0, 9.0), (4.0, 4.0)]

    assert svg.simplified(points, 0.5) == [(0.0, 0.0), (2.0, 2.0), (3.0, 9.0), (4.0, 4.0)]


def test_the_table_says_what_the_sentence_says(kinds: Any) -> None:
    same = kinds.findings[0].children[1]

    rows = table_rows(same)

    assert [(row.value, row.n, row.is_baseline) for row in rows] == [
        ("uniform", "3", True),
        ("one", "3", False),
    ]
    assert rows[1].verdict is not None
    assert rows[1].verdict.word == "same"
    assert rows[1].level == "90%"
    low, high = rows[1].delta_interval.split(" to ")
    assert f"90% CI {low.replace('−', '-').lstrip('+')} to {high.lstrip('+')}" in same.computed


def test_a_trend_has_a_row_of_its_own(kinds: Any) -> None:
    rows = table_rows(kinds.findings[1].children[0])

    assert [row.value for row in rows] == ["8", "32", "128", "512", "trend from 8 to 512"]
    assert rows[-1].verdict is not None
    assert (rows[-1].is_trend, rows[-1].verdict.word) == (True, "rising")


def test_axes_meet_their_ends() -> None:
    axis = Axis(0, 10, 100, 0)

    assert (axis.at(0), axis.at(10), axis.at(5), axis.at(99)) == (100, 0, 50, 0)


@pytest.mark.parametrize("scale", ["", "ordered"])
def test_a_band_shows_which_differences_do_not_matter(ask: Any, laboratory: Laboratory, scale: str) -> None:
    made = laboratory(
        ask("q", scale=scale), {"batchnorm": (91.0, 92.0, 93.0), "weight_norm": (80.0, 81.0, 82.0)}
    )

    bands = [one.get("d", "") for one in drawn(made).iter("path") if one.get("class") == "matters"]

    assert len(bands) == 1
    across, down = (int(number) for number in re.findall(r"[hv](\d+)", bands[0])[:2])
    assert 5 <= (down if scale else across) <= 25  # 1 of about 14 points
