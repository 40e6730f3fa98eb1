"""A layout file is read strictly: what Omniboard would show wrongly, or break at, is refused by line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tracker.errors import LayoutError
from tracker.omniboard import DEFAULT_LAYOUT, load_layout
from tracker.omniboard.documents import CUSTOM, METRIC, SETTINGS, plan, wanted
from tracker.omniboard.snippet import snippet

SOUND = """version: 1
settings: {timezone: Europe/Berlin, row_height: 40}
metric_columns:
  - {name: best, metric: val.accuracy, extrema: max}
  - {name: recent, metric: val.accuracy, extrema: last_avg, lastn: 5}
custom_columns:
  - {name: context, path: info.tracker.context}
layout:
  order: [_id, c_depth, best, context]
  sort: {context: desc}
  filters: [{column: config.lr, op: $in, value: [0.1, 0.2]}]
"""


def refusal(folder: Path, text: str) -> str:
    path = folder / "layout.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LayoutError) as caught:
        load_layout(path)
    return str(caught.value).removeprefix(f"{path}:")


def test_a_sound_file_becomes_the_documents_that_omniboard_reads(tmp_path: Path) -> None:
    (tmp_path / "layout.yaml").write_text(SOUND)
    own = {"managed_by": "tracker"}

    documents = wanted(load_layout(tmp_path / "layout.yaml"))

    assert documents[SETTINGS] == {
        "timezone": {"name": "timezone", "value": "Europe/Berlin", **own},
        "row_height": {"name": "row_height", "value": 40, **own},
    }
    assert documents[METRIC] == {
        "best": {"name": "best", "metric_name": "val.accuracy", "extrema": "max", "lastn": 1, **own},
        "recent": {"name": "recent", "metric_name": "val.accuracy", "extrema": "last_avg", "lastn": 5, **own},
    }
    assert documents[CUSTOM] == {"context": {"name": "context", "config_path": "info.tracker.context", **own}}


def test_the_layout_becomes_what_the_browser_stores(tmp_path: Path) -> None:
    (tmp_path / "layout.yaml").write_text(SOUND)

    line = snippet(load_layout(tmp_path / "layout.yaml"))

    found = re.fullmatch(r'localStorage.setItem\("default\|RunsTable\|1", JSON.stringify\((.*)\)\); .*', line)
    assert found
    state = json.loads(found[1])
    assert state["columnOrder"] == ["_id", "c_depth", "best", "context"]
    assert state["sort"] == {"context": "DESC"}
    assert state["columnNameMap"]["c_depth"] == "config.depth"
    assert state["columnNameMap"]["context"] == "info.tracker.context"
    assert state["filters"]["advanced"] == [
        {"name": "config.lr", "operator": "$in", "value": [0.1, 0.2], "disabled": False}
    ]
    assert [one["value"] for one in state["dropdownOptions"] if one["selected"]] == state["columnOrder"]


def test_a_file_without_a_layout_says_nothing_to_the_browser(tmp_path: Path) -> None:
    (tmp_path / "layout.yaml").write_text("version: 1\n")

    assert snippet(load_layout(tmp_path / "layout.yaml")) == ""


def test_the_default_layout_is_sound_and_shows_our_metrics() -> None:
    layout = load_layout()

    assert layout.path == DEFAULT_LAYOUT
    assert {column.metric for column in layout.metric_columns} == {
        "test.accuracy", "validation.accuracy", "train.loss", "batchnorm_gap",
    }  # fmt: skip
    assert layout.browser
    assert set(layout.names) <= set(layout.browser.order)


METRIC_COLUMN = "version: 1\nmetric_columns:\n  - {{{}}}\n"
CUSTOM_COLUMN = "version: 1\ncustom_columns:\n  - {{{}}}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1: the file is empty; it needs version and columns"),
        ("prune: none", "1: version must be 1"),
        ("version: 2", "1: version must be 1"),
        ("version: 1\nmetric_colums: []", "2: the file has no key 'metric_colums'"),
        ("version: 1\nprune: all", "2: prune 'all' is unknown"),
        ("version: 1\nprune: none\nprune: none", "3: 'prune' stands twice, the first time on line 2"),
        ("version: 1\nextended: 1", "2: extended must be true or false"),
        ("version: 1\nsettings: {timezone: Berlin}", "2: timezone 'Berlin' is no time zone"),
        ("version: 1\nsettings: {row_height: 0}", "2: row_height must be a whole number of 1 or more"),
        ("version: 1\nsettings: {auto_refresh_interval: 4}", "2: auto_refresh_interval must be a whole"),
        ("version: 1\nsettings: {row_hight: 4}", "2: settings has no key 'row_hight'"),
        ("version: 1\ncustom_columns: 3", "2: custom_columns must be a list"),
        (METRIC_COLUMN.format("name: a, extrema: max"), "3: 'a' has no metric"),
        (METRIC_COLUMN.format("name: a, metric: $b, extrema: max"), "3: 'a' has the metric '$b'"),
        (METRIC_COLUMN.format("name: a, metric: b"), "3: 'a' has no extrema; write one of avg"),
        (METRIC_COLUMN.format("name: a, metric: b, extrema: maxx"), "3: extrema 'maxx' is unknown; did"),
        (METRIC_COLUMN.format("name: a, metric: b, extrema: sum"), "3: extrema 'sum' is unknown"),
        (METRIC_COLUMN.format("name: a, metric: b, extrema: last_avg"), "3: 'a' is last_avg without lastn"),
        (METRIC_COLUMN.format("name: a, metric: b, extrema: last_avg, lastn: 0"), "3: lastn must be"),
        (METRIC_COLUMN.format("name: a, metric: b, extrema: max, lastn: 2"), "3: 'a' is max"),
        (METRIC_COLUMN.format("metric: b, extrema: max"), "3: the column has no name"),
        (METRIC_COLUMN.format("name: status, metric: b, extrema: max"), "3: the name 'status' is one of"),
        (METRIC_COLUMN.format("name: c_lr, metric: b, extrema: max"), "3: the name 'c_lr' is one of"),
        (METRIC_COLUMN.format("name: a.b, metric: b, extrema: max"), "3: the name 'a.b' must be letters"),
        (METRIC_COLUMN.format("name: a, metric: b.c, extrema: min")
         + "  - {name: d, metric: b_c, extrema: avg}",
         "4: Omniboard confuses the metrics 'b.c' and 'b_c'"),
        (METRIC_COLUMN.format("name: a, metric: b, extrema: max") + "  - {name: a, metric: b, extrema: min}",
         "4: the column 'a' stands on line 3 already"),
        (CUSTOM_COLUMN.format("name: a"), "3: 'a' has no path"),
        (CUSTOM_COLUMN.format("name: a, path: configs.lr"), "3: the path 'configs.lr' begins"),
        (CUSTOM_COLUMN.format("name: a, path: host.gpus.0.model"), "3: the path 'host.gpus.0.model' counts"),
        (CUSTOM_COLUMN.format("name: a, path: config..lr"), "3: the path 'config..lr' must be"),
        (CUSTOM_COLUMN.format("name: a, path: info.best") + "  - {name: b, path: info.best.acc}",
         "4: the path 'info.best.acc' lies inside 'info.best'"),
        ("version: 1\nlayout: {order: [_id, losss]}", "2: there is no column 'losss'"),
        ("version: 1\nlayout: {order: [_id, _id]}", "2: '_id' stands twice in order"),
        ("version: 1\nlayout: {sort: {_id: up}}", "2: _id 'up' is unknown"),
        ("version: 1\nlayout: {sort: {_id: asc, tags: asc}}", "2: sort must name one column"),
        ("version: 1\nlayout: {filters: [{column: config.a, value: 1}]}", "2: the filter has no op"),
        ("version: 1\nlayout: {filters: [{column: lr, op: $eq, value: 1}]}", "2: a filter goes by a field"),
        ("version: 1\nlayout: {filters: [{column: config.a, op: $eq, value: [1]}]}", "2: the value of"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    assert refusal(tmp_path, text).startswith(told)


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(LayoutError, match=r"none\.yaml:1: cannot read the layout file: No such file"):
        load_layout("none.yaml")


def test_rarer_extrema_are_taken_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "layout.yaml"
    path.write_text("version: 1\nextended: true\nmetric_columns: [{name: a, metric: b, extrema: sum}]")

    assert load_layout(path).metric_columns[0].extrema == "sum"


def test_with_prune_none_nothing_is_removed(tmp_path: Path) -> None:
    (tmp_path / "layout.yaml").write_text("version: 1\nprune: none")
    old = {"_id": "0" * 24, "name": "old", "config_path": "config.old", "managed_by": "tracker"}

    planned = plan(load_layout(tmp_path / "layout.yaml"), {SETTINGS: [], METRIC: [], CUSTOM: [old]})

    assert planned.changes == ()
