"""`tracker omniboard sync` writes what the layout and the questions say, and nothing that is the user's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.omniboard.running import Server, Sync

pytestmark = pytest.mark.mongo

OWN = {"managed_by": "tracker"}


def found(database: Any, collection: str) -> list[dict[str, Any]]:
    documents = database[f"omniboard.{collection}"].find({}, {"_id": 0})
    return sorted(documents, key=lambda one: str(one["name"]))


def test_a_sync_writes_the_three_collections(database: Any, sync: Sync) -> None:
    told = sync("layout.yaml")

    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines() == [
        "+ setting row_height: 40",
        "+ custom column context: info.tracker.context",
        "+ metric column best: val.accuracy, max",
    ]
    assert found(database, "settings") == [{"name": "row_height", "value": 40, **OWN}]
    assert found(database, "custom.columns") == [
        {"name": "context", "config_path": "info.tracker.context", **OWN}
    ]
    best = {"name": "best", "metric_name": "val.accuracy", "extrema": "max", "lastn": 1, **OWN}
    assert found(database, "metric.columns") == [best]


def test_a_second_sync_writes_nothing(database: Any, sync: Sync) -> None:
    sync("layout.yaml")

    assert sync("layout.yaml", "--check").returncode == 0
    assert sync("layout.yaml").stderr.splitlines()[0] == "0 changes written"


def test_a_check_tells_the_drift_and_writes_nothing(database: Any, sync: Sync) -> None:
    told = sync("layout.yaml", "--check")

    assert (told.returncode, told.stderr) == (1, "3 changes needed\n")
    assert database.list_collection_names() == []


def test_what_was_changed_in_omniboard_is_put_right(database: Any, sync: Sync) -> None:
    sync("layout.yaml")
    database["omniboard.metric.columns"].update_one({"name": "best"}, {"$set": {"extrema": "min"}})
    database["omniboard.custom.columns"].update_one({"name": "context"}, {"$set": {"name": "renamed"}})
    database["omniboard.settings"].delete_many({})

    told = sync("layout.yaml")

    assert told.stdout.splitlines() == [
        "+ setting row_height: 40",
        "~ custom column context: name 'renamed' -> 'context'",
        "~ metric column best: extrema 'min' -> 'max'",
    ]
    assert sync("layout.yaml", "--check").returncode == 0


def test_what_left_the_layout_is_removed_and_what_the_user_made_stays(
    database: Any, sync: Sync, tmp_path: Path
) -> None:
    sync("layout.yaml")
    mine = {"name": "mine", "config_path": "config.lr"}
    database["omniboard.custom.columns"].insert_one(dict(mine))
    (tmp_path / "layout.yaml").write_text("version: 1\n")

    told = sync("layout.yaml")

    assert "- metric column best" in told.stdout
    assert found(database, "custom.columns") == [mine]
    assert found(database, "metric.columns") == found(database, "settings") == []


def test_a_users_own_column_of_the_same_name_is_left_alone_and_told(database: Any, sync: Sync) -> None:
    mine = {"name": "context", "config_path": "config.where"}
    database["omniboard.custom.columns"].insert_one(dict(mine))

    told = sync("layout.yaml")

    assert (
        "left alone: custom column 'context' was made in Omniboard with config_path 'config.where'"
        in told.stderr
    )
    assert found(database, "custom.columns") == [mine]


def test_settings_that_omniboard_itself_wrote_are_taken_over_and_a_users_are_not(
    database: Any, sync: Sync
) -> None:
    database["omniboard.settings"].insert_one({"name": "row_height", "value": 70})
    assert "~ setting row_height: value 70 -> 40" in sync("layout.yaml").stdout

    database["omniboard.settings"].replace_one({"name": "row_height"}, {"name": "row_height", "value": 33})
    told = sync("layout.yaml")

    assert "left alone: setting 'row_height' was made in Omniboard with value 33, not 40" in told.stderr
    assert found(database, "settings") == [{"name": "row_height", "value": 33}]


@pytest.mark.parametrize(
    ("store", "told"),
    [
        ("runs", "runs is a folder, and Omniboard shows a MongoDB"),
        ("mongodb://127.0.0.1:9/db?serverSelectionTimeoutMS=100", "No MongoDB answers at mongodb://127.0.0.1:9/db"),
        ("mongodb://127.0.0.1:9", "names no database"),
    ],
)  # fmt: skip
def test_a_store_that_omniboard_cannot_show_is_one_sentence(sync: Sync, store: str, told: str) -> None:
    answer = sync("layout.yaml", store=store)

    assert (answer.returncode, answer.stdout) == (1, "")
    assert told in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("me:wrong@", "refuses this user: check user, password, rights, or name the authSource."),
        ("guest:look@", "lets this user read but not write: sync as a user with the role readWrite."),
        ("", "refuses this user"),
    ],
)
def test_a_user_without_rights_is_told_so(guarded: Server, sync: Sync, who: str, told: str) -> None:
    store = f"mongodb://{who}127.0.0.1:{guarded.port}/grove?authSource=admin"

    answer = sync("layout.yaml", store=store)

    assert (answer.returncode, answer.stdout) == (1, "")
    assert told in answer.stderr
    assert "secret" not in answer.stderr
    assert "look" not in answer.stderr.replace("look at", "")


def test_a_user_with_rights_may_write(guarded: Server, sync: Sync) -> None:
    answer = sync("layout.yaml", store=f"mongodb://me:secret@127.0.0.1:{guarded.port}/own?authSource=admin")

    assert answer.returncode == 0, answer.stderr
