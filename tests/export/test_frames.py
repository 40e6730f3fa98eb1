"""Findings in Python: DataFrames, series, and what a notebook shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker import runs_frame, tree_frame, values_frame
from tracker.export.notebook import finding_html
from tracker.run import Series


def test_the_tree_is_a_frame_by_node(tree: Any) -> None:
    frame = tree_frame(tree.findings)
    assert list(frame.index) == ["bn", "bn/norm", "bn/open"]
    assert frame.loc["bn/norm", "verdict"] == "worse"
    assert frame.loc["bn/norm", "delta"] == -11.0
    assert frame["n_runs"].sum() == 8 + 7 + 5
    assert pandas.isna(frame.loc["bn", "delta"])
    assert frame.loc["bn", "updated_at"] == pandas.Timestamp("2026-11-20 12:00", tz="UTC")


def test_a_finding_gives_its_values_and_those_beneath(tree: Any) -> None:
    frame = tree.findings[0].frame()
    assert list(frame["node"] + " " + frame["value"].map(str)) == [
        "bn/norm bn",
        "bn/norm wn",
        "bn/open bn",
        "bn/open none",
    ]
    assert frame["mean"].dtype == "float64"
    assert frame.query("value == 'wn'")["run_ids"].iloc[0] == (4, 5, 6)
    pandas.testing.assert_frame_equal(frame, values_frame(tree.findings))
    assert len(tree.findings[0].children[0].frame()) == 2


def test_the_numbers_of_the_runs_give_the_means_of_the_values(tree: Any) -> None:
    runs = tree.findings[0].runs_frame()
    means = runs[runs["role"] == "answer"].groupby(["node", "value"])["metric_value"].mean()
    values = tree.findings[0].frame().dropna(subset="mean").set_index(["node", "value"])["mean"]
    assert means.to_dict() == values.to_dict()


def test_a_store_gives_the_numbers_of_the_other_runs_too(tree: Any) -> None:
    without = tree.findings[0].runs_frame().set_index("run")["metric_value"]
    assert without[8].isna().all()
    with_store = runs_frame(tree.findings, tree.store.values)
    assert set(with_store.query("run == 8")["metric_value"]) == {59.0}
    assert with_store["started"].dt.tz is not None


def test_nothing_gives_empty_frames_with_all_columns(tree: Any) -> None:
    for frame in (values_frame([]), runs_frame([])):
        assert len(frame) == 0
        assert "node" in frame.columns
    assert list(tree_frame([]).columns) == list(tree_frame(tree.findings).columns)


def test_a_metric_is_a_series_by_step() -> None:
    series = Series("loss", (0, 10, 20), (1.0, 0.5, float("nan"))).as_pandas()
    assert (series.name, series.index.name, list(series.index)) == ("loss", "step", [0, 10, 20])
    assert series[10] == 0.5
    assert len(Series("none").as_pandas()) == 0


class Reader(HTMLParser):
    """The tags and the words of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def test_a_notebook_shows_the_question_with_table_and_plot(tree: Any) -> None:
    found = read(tree.findings[0].children[0]._repr_html_())
    assert {"svg", "table", "style"} <= found.tags
    text = " ".join(found.words)
    for words in ("● done, worse", "Does weight normalisation do the same?", "62.0", "57.0 to 67.0", "−11"):
        assert words in text
    assert "Nearly. (a human's words)" in text
    assert tree.findings[0].children[0].computed in text


def test_a_group_shows_its_children(tree: Any) -> None:
    found = read(tree.findings[0]._repr_html_())
    assert "svg" not in found.tags
    assert {"norm", "open"} <= set(found.words)


@settings(max_examples=30, suppress_health_check=[*HealthCheck])
@given(st.data())
def test_a_notebook_obeys_nothing_that_a_tree_contains(trees: Any, data: st.DataObject) -> None:
    tree = data.draw(trees)
    for finding in (tree.findings[0], tree.findings[0].children[0]):
        html = finding_html(finding)
        found = read(html)
        assert found.tags <= {
            *("div", "style", "h4", "p", "em", "table", "thead", "tbody", "tr", "th", "td"),
            *("svg", "g", "path", "text", "title", "desc"),
        }
        assert not any(name.startswith("on") or name in ("href", "src", "style") for name in found.attributes)
        assert html.count("</style>") == 1
        assert not re.search("[\x00-\x08\x0b-\x1f]", html)


def test_a_finding_without_runs_shows_itself(
    asking: Callable[..., Any], answering: Callable[..., Any]
) -> None:
    found = answering([asking(level=1)], [], {}).findings[0]
    assert "svg" not in read(found._repr_html_()).tags
    assert found.runs_frame().empty


@pytest.mark.parametrize("name", ["runs_frame", "tree_frame", "values_frame"])
def test_the_frames_are_part_of_the_package(name: str) -> None:
    import tracker

    assert name in tracker.__all__
