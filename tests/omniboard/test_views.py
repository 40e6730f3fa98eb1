"""Every view of the real Omniboard shows what was recorded, in a real browser."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.omniboard.lab_runs import Lab
from tests.omniboard.pages import columns, open_tab, open_table, picture, select, table, toggle, traces
from tests.omniboard.running import Board
from tracker import open_store
from tracker.omniboard import load_layout
from tracker.omniboard.snippet import snippet

pytestmark = pytest.mark.mongo

TABS = (
    "Metrics Plot", "Captured Out", "Experiment Details", "Host Info", "Run Info", "Meta Info", "Artifacts",
    "Source Files", "Config",
)  # fmt: skip


def asked(board: Board, path: str) -> Any:
    with urlopen(f"{board.url}/api/v1/{path}", timeout=20) as answer:
        return json.loads(answer.read())


def test_every_run_is_served_and_counted(lab: Lab) -> None:
    fields = (
        "_id,heartbeat,experiment,command,host,stop_time,config,duration,result,start_time,resources,format"
    )
    runs = asked(lab.board, f"Runs?select={fields},status,omniboard,metrics,meta,test_accuracy")

    assert {run["_id"] for run in runs} == set(lab.ids.values())
    assert asked(lab.board, "Runs/count") == {"count": len(lab.ids)}


def test_a_fresh_browser_shows_every_run_with_every_column(lab: Lab, page: Any) -> None:
    page.set_viewport_size({"width": 8000, "height": 1000})
    open_table(page, lab.board.url)

    assert page.locator(".count-text").inner_text() == f"{len(lab.ids)} experiments"
    assert set(table(page)) == set(lab.ids.values())
    assert set(load_layout().names) <= set(columns(page))
    assert page.locator(".alert").count() == 0


def test_cells_say_what_the_tracker_says(lab: Lab, page: Any) -> None:
    alive = {"$set": {"heartbeat": datetime.now(UTC)}}  # the lab may be older than a run can be silent
    lab.board.database["runs"].update_one({"_id": lab.ids["running"]}, alive)
    open_table(page, lab.board.url, lab.line)
    store = open_store(lab.board.address)
    runs = list(store.runs())

    cells = table(page)

    for column in load_layout().metric_columns:
        numbers = store.values(runs, column.metric, column.extrema)
        shown = {id: float(row[column.name]) for id, row in cells.items() if row[column.name]}
        if column.metric != "train.loss":  # of the run that diverged the tracker gives no last loss
            assert shown == numbers
    deep = cells[lab.ids["deep"]]
    assert (deep["parameter"], deep["value"], deep["context"]) == ("depth", "32", "test lab")
    assert deep["progress"] == "done"
    assert "question:depth" in deep["tags"]
    states = {name: cells[id]["status"] for name, id in lab.ids.items()}
    assert (states["failed"], states["stopped"]) == ("FAILED", "INTERRUPTED")
    assert (states["running"], states["dead"], states["queued"]) == ("RUNNING", "PROBABLY_DEAD", "QUEUED")
    assert states["timed out"] == "TIMEOUT"
    assert cells[lab.ids["diverged"]]["progress"] == "diverged"
    picture(page, "table", width=1700, height=770)


def test_every_tab_of_a_run_of_every_fate_opens(lab: Lab, page: Any) -> None:
    open_table(page, lab.board.url)

    for name in sorted(set(lab.ids) - {"shallow again", "deep", "deep again"}):
        toggle(page, lab.place(name))
        page.wait_for_selector("#sidebar")
        for tab in (*TABS, *(["Fail Trace"] if name == "failed" else [])):
            open_tab(page, tab)
            assert page.locator(".App").count() == 1, f"{tab} of the run that is {name}"
        toggle(page, lab.place(name))
        page.wait_for_selector("#sidebar", state="detached")


def test_a_failed_run_shows_its_error_and_its_last_line(lab: Lab, page: Any) -> None:
    open_table(page, lab.board.url)
    toggle(page, lab.place("failed"))

    assert "the disk of the lab is on fire" in open_tab(page, "Fail Trace")
    assert "epoch 5: loss 0.400" in open_tab(page, "Captured Out")


def test_a_plot_draws_what_was_logged(lab: Lab, page: Any) -> None:
    open_table(page, lab.board.url, lab.line)
    toggle(page, lab.place("deep"))

    drawn = traces(page)

    store = open_store(lab.board.address)
    run = store.run(lab.ids["deep"])
    assert set(drawn) == set(store.metrics(run)) == {"train.loss", "validation.accuracy", "test.accuracy"}
    for name, (steps, values) in drawn.items():
        series = store.series(run, name)
        assert (tuple(steps), tuple(values)) == (series.steps, series.values)
    picture(page, "metrics", width=1500, height=960)


def test_a_diverged_run_is_never_drawn_as_perfect(lab: Lab, page: Any) -> None:
    open_table(page, lab.board.url, lab.line)
    toggle(page, lab.place("diverged"))

    steps, values = traces(page)["train.loss"]

    assert (steps, values) == ([1, 2], [2.0, 1.0])


def test_files_are_shown_and_downloaded(lab: Lab, page: Any, tmp_path: Path) -> None:
    open_table(page, lab.board.url)
    toggle(page, lab.place("deep"))

    open_tab(page, "Artifacts")
    page.locator("#artifacts .accordion__title", has_text="artifact://").click()  # its details are there
    page.wait_for_selector("#artifacts >> text=depth 32 went well")
    with page.expect_download() as download:
        page.locator('[test-attr="down-all-btn"]').click()
    download.value.save_as(tmp_path / "all.zip")

    names = [Path(name).name for name in zipfile.ZipFile(tmp_path / "all.zip").namelist()]
    assert "notes.txt" in names

    open_tab(page, "Source Files")
    page.locator("#source_files .accordion__title", has_text="lab.py").first.click()
    page.wait_for_selector("#source_files >> text=A small experiment of somebody else")


def test_two_runs_are_compared(lab: Lab, page: Any) -> None:
    open_table(page, lab.board.url)
    select(page, lab.place("deep"), lab.place("shallow"))
    page.locator("#compare_runs").click()
    dialog = page.locator(".modal-dialog")

    numbers = (lab.ids["deep"], lab.ids["shallow"])
    assert {f"{id}-train.loss" for id in numbers} <= set(traces(page))
    picture(page, "compare", width=1500, height=800)
    for tab in ("Captured Out", "Source Files", "Config"):
        dialog.locator(".nav a", has_text=tab).click()
        dialog.locator(".tab-content").wait_for()
    page.wait_for_selector(".modal-dialog .jsondiffpatch-modified")

    changed = dialog.locator(".jsondiffpatch-modified").all_inner_texts()
    assert changed == ["depth3220"]


def test_runs_are_filtered_by_the_question_they_answer(lab: Lab, page: Any, tmp_path: Path) -> None:
    text = 'version: 1\nlayout: {filters: [{column: omniboard.tags, op: $eq, value: "question:depth"}]}'
    (tmp_path / "layout.yaml").write_text(text)

    open_table(page, lab.board.url, snippet(load_layout(tmp_path / "layout.yaml")))

    names = ("shallow", "shallow again", "deep", "deep again")
    wanted = {lab.ids[name] for name in names}
    assert wanted <= set(table(page))
    assert set(table(page)) - wanted <= {lab.ids[name] for name in ("running", "dead", "timed out")}
