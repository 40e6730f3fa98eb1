"""`tracker omniboard sync --questions` tells each run what is asked of it, beside what the user wrote."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.omniboard.conftest import ASKED
from tests.omniboard.running import Sync

pytestmark = pytest.mark.mongo

NOW = datetime(2026, 1, 1, tzinfo=UTC)


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
    (tmp_path / "questions.yaml").write_text(ASKED.replace("values: [0.1, 0.2]", "values: [0.1, 0.4]"))

    sync("layout.yaml", "--questions", "questions.yaml")

    second = database.runs.find_one(2)
    assert second["omniboard"]["tags"] == ["old", "best"]
    assert second["info"]["tracker"] == {"status": "done"}


def test_several_question_files_stand_beside_each_other(
    database: Any, sync: Sync, run_documents: Any, tmp_path: Path
) -> None:
    other = ASKED.replace("id: rate", "id: speed").replace("context: here", "context: there")
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


def test_of_many_runs_the_first_are_named_and_the_rest_counted(database: Any, sync: Sync) -> None:
    runs = [{"_id": id, "status": "COMPLETED", "config": {"lr": 0.1, "seed": 1}} for id in range(1, 13)]
    database.runs.insert_many([{**run, "experiment": {"name": "lab"}} for run in runs])

    told = sync("layout.yaml", "--questions", "questions.yaml").stdout.splitlines()

    assert told[3:] == [
        *(
            f"~ run {id}: tags, context, setup, parameter, value, status, skill, finding"
            for id in range(1, 11)
        ),
        "~ and 2 runs more",
    ]
