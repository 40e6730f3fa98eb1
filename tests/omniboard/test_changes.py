"""What a sync, a user in the browser, and a restart change, and what they leave alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.omniboard.lab_runs import Lab, run_lab, sync
from tests.omniboard.pages import ROWS, columns, open_table, select, table
from tests.omniboard.running import Server
from tracker import open_store
from tracker.omniboard import load_layout

pytestmark = pytest.mark.mongo

WITHOUT_FATE = f"""() => document.querySelector('{ROWS}')
  && !document.querySelector('[test-attr="header-sort-fate"]')"""


def test_a_new_column_appears_after_reload_and_goes_again(lab: Lab, page: Any, tmp_path: Path) -> None:
    layout = tmp_path / "layout.yaml"
    default = load_layout().path.read_text(encoding="utf-8")
    layout.write_text(
        default.replace("custom_columns:", "custom_columns:\n  - {name: fate, path: config.fate}")
    )
    open_table(page, lab.board.url, lab.line)
    assert columns(page) == list(load_layout().browser.order)

    try:
        sync(lab.board.address, str(layout))
        page.locator(".reload-button").click()
        page.wait_for_selector('[test-attr="header-sort-fate"]')
        with page.expect_response("**/api/v1/Runs?*fate*"):
            page.locator(".reload-button").click()  # the first time it asks for the columns it knew before
        page.wait_for_selector(f"{ROWS} >> text=fails")
        assert table(page)[lab.ids["failed"]]["fate"] == "fails"
    finally:
        sync(lab.board.address)
    page.locator(".reload-button").click()
    page.wait_for_function(WITHOUT_FATE)

    assert columns(page) == list(load_layout().browser.order)


def test_tags_and_notes_of_a_user_stay_beside_the_trackers_own(lab: Lab, page: Any) -> None:
    open_table(page, lab.board.url, lab.line)
    row = page.locator(ROWS).nth(lab.place("shallow"))
    id = lab.ids["shallow"]
    facts = lab.board.database.runs.find_one(id)["info"]["tracker"]

    row.locator("input[id^=react-select]").fill("mine")
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.keyboard.press("Enter")
    row.locator('[test-attr="edit-button"]').click()
    page.locator("textarea").fill("seen by a human")
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.locator("form button[type=submit]").click()
    sync(lab.board.address, "--questions", str(lab.folder / "questions.yaml"))

    document = lab.board.database.runs.find_one(id)
    assert sorted(document["omniboard"]["tags"]) == ["mine", "question:depth"]
    assert document["omniboard"]["notes"] == "seen by a human"
    assert document["info"]["tracker"] == facts


def test_a_run_deleted_in_the_browser_is_not_mistaken_for_the_next(
    start_board: Any, page: Any, tmp_path: Path
) -> None:
    board = start_board()
    ids = [run_lab(board.address, tmp_path / str(number), f"seed={number}") for number in (1, 2)]
    uuids = {run.id: run.info["tracker"]["uuid"] for run in open_store(board.address).runs()}
    open_table(page, board.url)

    select(page, 0)
    page.locator("#delete_runs").click()
    page.locator('[test-attr="delete-btn"]').click()
    page.wait_for_selector("text=was deleted successfully")
    later = run_lab(board.address, tmp_path / "3", "seed=3")

    runs = {run.id: run for run in open_store(board.address).runs()}
    assert set(runs) == {ids[0], later}
    assert runs[later].seed == 3
    assert runs[later].info["tracker"]["uuid"] not in uuids.values()


@pytest.mark.skipif("MONGO_URL" in os.environ, reason="a server that is not ours is not restarted")
def test_omniboard_lives_through_a_restart_of_the_server(
    own_server: Server, start_board: Any, page: Any, tmp_path: Path
) -> None:
    board = start_board()
    run_lab(board.address, tmp_path / "one", "seed=1")
    open_table(page, board.url)

    own_server.stop()
    own_server.start()
    open_table(page, board.url)

    assert page.locator(".count-text").inner_text() == "1 experiments"
    assert board.process.poll() is None


def test_a_user_who_may_only_read_sees_the_table_and_changes_nothing(
    guarded: Server, start_board: Any, page: Any, tmp_path: Path
) -> None:
    place = f"127.0.0.1:{guarded.port}/readers?authSource=admin"
    run_lab(f"mongodb://me:secret@{place}", tmp_path / "one", "seed=1")
    sync(f"mongodb://me:secret@{place}")  # the page writes the settings that it misses

    reader = start_board(address=f"mongodb://guest:look@{place}")
    open_table(page, reader.url)

    assert page.locator(".count-text").inner_text() == "1 experiments"
    assert table(page)[1]["experiment_name"] == "lab"
