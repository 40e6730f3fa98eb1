"""`tracker omniboard sync` writes what the layout and the questions say, and nothing that is the user's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.omniboard.running import Server

pytestmark = pytest.mark.mongo

LAYOUT = """version: 1
settings: {row_height: 40}
metric_columns:
  - {name: best, metric: val.accuracy, extrema: max}
custom_columns:
  - {name: context, path: info.tracker.context}
"""
QUESTIONS = """version: 1
metric: {name: acc, unit: "%"}
defaults: {launch: python lab.py, seeds: [1, 2], experiment: lab, context: here}
tree:
  - {id: rate, question: "Which rate?", parameter: lr, values: [0.1, 0.2], baseline: 0.1}
  - {id: wide, question: "How wide?", parameter: width, values: [1, 2], baseline: 1}
"""
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWN = {"managed_by": "tracker"}

Sync = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def sync(address: str, tmp_path: Path) -> Sync:
    """sync("layout.yaml", "--check") runs the command on the fresh database."""
    (tmp_path / "layout.yaml").write_text(LAYOUT)
    (tmp_path / "questions.yaml").write_text(QUESTIONS)

    def run(*words: str, store: str = address) -> subprocess.CompletedProcess[str]:
        code = "from tracker.cli import main; main()"
        command = [sys.executable, "-c", code, "omniboard", "sync", "--store", store, *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return run


@pytest.fixture
def run_documents(database: Any) -> list[dict[str, Any]]:
    """Four runs: two that a question asks for, one of them with tags, and two that none asks for."""
    common = {"experiment": {"name": "lab"}, "status": "COMPLETED", "start_time": NOW, "stop_time": NOW}
    documents: list[dict[str, Any]] = [
        {
            "_id": 1, **common, "config": {"lr": 0.1, "width": 1, "seed": 1},
            "info": {"tracker": {"uuid": "a"}},
        },
        {
            "_id": 2, **common, "config": {"lr": 0.2, "seed": 1, "tags": "old, best"}, "info": {},
            "omniboard": {"notes": "mine"},
        },
        {
            "_id": 3, **common, "config": {"lr": 0.3, "seed": 1},
            "omniboard": {"tags": ["mine", "question:gone"]},
        },
        {"_id": 4, **common, "config": {"lr": 0.1, "seed": 1}, "info": None},
    ]  # fmt: skip
    database.runs.insert_many(documents)
    return documents


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


def test_runs_get_the_tags_and_words_of_their_questions(
    database: Any, sync: Sync, run_documents: Any
) -> None:
    told = sync("layout.yaml", "--questions", "questions.yaml")

    assert told.returncode == 0, told.stderr
    first, second, third, fourth = database.runs.find().sort("_id")
    assert first["omniboard"] == {"tags": ["question:rate", "question:wide"]}
    facts = first["info"]["tracker"]
    assert (facts["uuid"], facts["context"], facts["status"]) == ("a", "here", "done")
    assert (facts["parameter"], facts["value"]) == ("lr; width", "0.1; 1")
    assert second["omniboard"] == {"notes": "mine", "tags": ["old", "best", "question:rate"]}
    assert second["info"]["tracker"]["value"] == 0.2
    assert third["omniboard"] == {"tags": ["mine"]}
    assert third["info"] == {"tracker": {"status": "done"}}
    assert fourth["info"] is None
    assert "left alone: run 4: info or omniboard is no mapping; see `tracker doctor`" in told.stderr


def test_a_second_sync_of_the_same_questions_changes_nothing(sync: Sync, run_documents: Any) -> None:
    sync("layout.yaml", "--questions", "questions.yaml")

    told = sync("layout.yaml", "--questions", "questions.yaml", "--check")

    assert (told.returncode, told.stdout) == (0, "")


def test_a_question_that_is_gone_takes_its_words_along(
    database: Any, sync: Sync, run_documents: Any, tmp_path: Path
) -> None:
    sync("layout.yaml", "--questions", "questions.yaml")
    (tmp_path / "questions.yaml").write_text(QUESTIONS.replace("values: [0.1, 0.2]", "values: [0.1, 0.4]"))

    sync("layout.yaml", "--questions", "questions.yaml")

    second = database.runs.find_one(2)
    assert second["omniboard"]["tags"] == ["old", "best"]
    assert second["info"]["tracker"] == {"status": "done"}


def test_several_question_files_stand_beside_each_other(
    database: Any, sync: Sync, run_documents: Any, tmp_path: Path
) -> None:
    other = QUESTIONS.replace("id: rate", "id: speed").replace("context: here", "context: there")
    (tmp_path / "other.yaml").write_text(other)

    sync("layout.yaml", "--questions", "questions.yaml", "--questions", "other.yaml")

    second = database.runs.find_one(2)
    assert second["omniboard"]["tags"][2:] == ["question:rate", "question:speed"]
    assert second["info"]["tracker"]["context"] == "here; there"


def test_a_bad_question_file_leaves_the_table_as_it_was(database: Any, sync: Sync, tmp_path: Path) -> None:
    (tmp_path / "questions.yaml").write_text("version: 1\n")

    told = sync("layout.yaml", "--questions", "questions.yaml")

    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("Error: questions.yaml:1: the file has no tree")
    assert database.list_collection_names() == []


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


@pytest.fixture(scope="module")
def guarded(node_tools: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks for passwords, with one user who may only read."""
    server = Server(tmp_path_factory.mktemp("guarded"), "--user", "me:secret", "--reader", "guest:look")
    yield server
    server.stop()


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
