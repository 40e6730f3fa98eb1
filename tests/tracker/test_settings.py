"""Where runs are kept when nobody says so on the command line."""

from __future__ import annotations

from pathlib import Path

from tracker.settings import store_address


def test_what_is_given_comes_first(tmp_path: Path) -> None:
    (tmp_path / "tracker.toml").write_text('store = "file"')

    assert store_address("given", {"TRACKER_STORE": "variable"}, tmp_path) == "given"
    assert store_address(None, {"TRACKER_STORE": "variable"}, tmp_path) == "variable"
    assert store_address(None, {}, tmp_path) == "file"


def test_without_a_word_it_is_the_folder_runs(tmp_path: Path) -> None:
    assert store_address(None, {}, tmp_path) == "runs"


def test_a_tilde_is_the_home_folder_for_writers_and_readers_alike(tmp_path: Path) -> None:
    assert store_address(None, {"TRACKER_STORE": "~/runs"}, tmp_path) == str(Path.home() / "runs")
