"""Where runs are kept when nobody says so on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker.errors import SettingsFileError
from tracker.settings import run_folder, store_address


def test_what_is_given_comes_first(tmp_path: Path) -> None:
    (tmp_path / "tracker.toml").write_text('store = "file"')

    assert store_address("given", {"TRACKER_STORE": "variable"}, tmp_path) == "given"
    assert store_address(None, {"TRACKER_STORE": "variable"}, tmp_path) == "variable"
    assert store_address(None, {}, tmp_path) == "file"


def test_without_a_word_it_is_the_folder_runs(tmp_path: Path) -> None:
    assert store_address(None, {}, tmp_path) == "runs"


def test_a_tilde_is_the_home_folder_for_writers_and_readers_alike(tmp_path: Path) -> None:
    assert store_address(None, {"TRACKER_STORE": "~/runs"}, tmp_path) == str(Path.home() / "runs")


def test_the_folder_of_runs_that_go_to_a_server_comes_from_the_variable_or_the_file(tmp_path: Path) -> None:
    assert run_folder({}, tmp_path) == "runs"

    (tmp_path / "tracker.toml").write_text('store = "mongodb://a/b"\nfolder = "~/local"')

    assert run_folder({}, tmp_path) == str(Path.home() / "local")
    assert run_folder({"TRACKER_FOLDER": "variable"}, tmp_path) == "variable"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fodler = 'a'", "unknown setting 'fodler'; there are store and folder"),
        ("folder = 7", "folder must be"),
    ],
)
def test_a_settings_file_with_a_mistake_is_refused_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "tracker.toml").write_text(text)

    with pytest.raises(SettingsFileError, match=message):
        run_folder({}, tmp_path)


def test_an_address_with_a_password_is_not_in_the_message(tmp_path: Path) -> None:
    (tmp_path / "tracker.toml").write_text("store = ['mongodb://me:secret@host/db']")

    with pytest.raises(SettingsFileError) as caught:
        store_address(None, {}, tmp_path)

    assert "secret" not in str(caught.value)
