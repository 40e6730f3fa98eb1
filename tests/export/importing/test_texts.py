"""What is edited in the table comes back into the question file, and nothing else does."""

from __future__ import annotations

import csv
import json
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.export.importing.conftest import SOURCE, TEXTS, Place
from tracker.cli import main
from tracker.export.cells import clean, guarded


def test_an_unedited_table_changes_nothing(place: Place) -> None:
    assert place.imported() == SOURCE


def test_a_text_changes_where_it_stands_and_the_comments_stay(place: Place) -> None:
    place.edit("bn/norm", question="Is weight norm better?")
    place.edit("bn", name="BN")
    assert place.imported() == SOURCE.replace("as good?", "better?").replace("name: BatchNorm ", "name: BN ")


@pytest.mark.parametrize(
    ("node", "column", "text", "line"),
    [
        ("bn/norm", "finding", "Yes.", "        finding: |-\n          Yes.\n        parameter: norm"),
        ("bn", "question", "Why?", "    question: >-\n      Why?\n\n    children:"),
        ("bn/norm", "name", "Norm", "      - id: norm\n        name: Norm\n        question:"),
        ("bn", "finding", "A lot.", "\n\n    children:"),
        ("bn/depth", "question", "It's so?", "question: 'It''s so?', parameter"),
        ("bn/depth", "finding", "a: b, c", "'Does it matter?', finding: \"a: b, c\", parameter"),
        ("bn/width", "question", 'Say "16"?', 'question: "Say \\"16\\"?"\n'),
        ("bn/width", "question", "a\nb", 'question: "a\\nb"\n'),
        ("bn/norm", "question", "on", 'question: "on"   # nobody knows'),
        ("bn/norm", "context", "full", "# nobody knows\n        context: full\n"),
        ("bn/width", "context", "slim", "        context: slim\n"),
    ],
)
def test_a_text_is_written_in_the_style_of_its_place(
    place: Place, node: str, column: str, text: str, line: str
) -> None:
    place.edit(node, **{column: text})
    source = place.imported()
    assert line in source
    assert place.texts()[node][column] == text
    assert re.findall("#.*", source) == re.findall("#.*", SOURCE)


@pytest.mark.parametrize(
    ("node", "line"),
    [
        ("bn/norm", "# nobody knows\n        parked: true\n        finding:"),
        ("bn/depth", "'Does it matter?', parked: true, parameter"),
    ],
)
def test_a_question_can_be_parked_in_the_table(place: Place, node: str, line: str) -> None:
    place.edit(node, status="parked")
    made = place.imported()
    assert line in made
    assert place.imported() == made
    place.export()
    assert next(row for row in place.rows() if row["node"] == node)["state"] == "parked"
    assert place.imported() == made


def test_a_question_that_is_not_parked_can_be(tmp_path: Path, answering: Callable[..., Any]) -> None:
    source = SOURCE.replace("        context: wide\n", "        parked: false  # yet\n")
    place = Place(tmp_path, answering, source)
    place.edit("bn/width", status="parked")
    assert place.imported() == source.replace("parked: false", "parked: true")


def test_children_keep_the_context_that_their_rows_show(place: Place) -> None:
    place.edit("bn", context="real")
    place.imported()
    assert {node: texts["context"] for node, texts in place.texts().items()} == {
        "bn": "real",
        "bn/norm": "smoke",
        "bn/depth": "smoke",
        "bn/width": "wide",
    }


def test_a_computed_finding_is_not_taken_for_a_humans(place: Place) -> None:
    assert next(row for row in place.rows() if row["node"] == "bn/depth")["finding"] == "0 of 6 runs done."
    place.edit("bn/norm", finding="")
    place.imported()
    assert {node: texts["finding"] for node, texts in place.texts().items()} == dict.fromkeys(
        place.texts(), ""
    )


def test_what_was_changed_in_the_file_alone_stays(place: Place) -> None:
    place.questions.write_text(SOURCE.replace("as good?", "as fast?"))
    place.edit("bn/depth", question="Does depth matter?")
    source = place.imported()
    assert "as fast?" in source
    assert "'Does depth matter?'" in source


def test_the_same_change_in_both_is_no_conflict(place: Place) -> None:
    place.questions.write_text(SOURCE.replace("as good?", "as fast?"))
    place.edit("bn/norm", question="Is weight norm as fast?")
    assert "as fast?" in place.imported()


def test_rows_and_columns_may_be_sorted_filtered_and_parted_otherwise(place: Place) -> None:
    place.edit("bn/norm", question="So?")
    rows = [dict(sorted(row.items())) for row in reversed(place.rows()[1:])]
    place.save(rows, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    assert place.imported() == SOURCE.replace("Is weight norm as good?", "So?")


def test_line_ends_mark_and_permissions_of_the_file_stay(
    tmp_path: Path, answering: Callable[..., Any]
) -> None:
    source = "\ufeff" + SOURCE.replace("\n", "\r\n")
    place = Place(tmp_path, answering, source)
    place.questions.chmod(0o640)
    place.edit("bn/norm", finding="Yes.\nSure.", name="Norm")
    made = place.imported()
    assert made.replace("\r\n", "").count("\n") == 0
    assert made.startswith("\ufeff# The questions")
    assert stat.S_IMODE(place.questions.stat().st_mode) == 0o640
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".csv"] * 3 + [".json", ".yaml"]


def test_a_finding_with_a_claim_changes_its_words(tmp_path: Path, answering: Callable[..., Any]) -> None:
    words = "finding: {text: Nearly., verdict: worse}  # measured"
    place = Place(tmp_path, answering, re.sub(r"finding: \|\n.*\n.*\n", f"{words}\n", SOURCE))
    place.edit("bn/norm", finding="Not quite.")
    assert words.replace("Nearly", "Not quite") in place.imported()


def test_a_question_file_in_json_stays_json(tmp_path: Path, answering: Callable[..., Any]) -> None:
    source = json.dumps(yaml.safe_load(SOURCE), indent=1)
    place = Place(tmp_path, answering, source)
    place.edit("bn/norm", name="Norm", question="So?")
    made = json.loads(place.imported())
    assert made["tree"][0]["children"][0]["name"] == "Norm"
    assert made["tree"][0]["children"][0]["question"] == "So?"


def test_a_dry_run_shows_the_difference_and_writes_nothing(place: Place) -> None:
    place.edit("bn/norm", question="So?")
    words = ["import", str(place.questions), str(place.table)]
    dry = CliRunner().invoke(main, [*words, "--dry-run"])
    assert "-        question: Is weight norm as good?   # nobody knows\n" in dry.stdout
    assert "+        question: So?   # nobody knows\n" in dry.stdout
    assert place.questions.read_text() == SOURCE
    real = CliRunner().invoke(main, words)
    assert (real.exit_code, real.stderr) == (0, f"1 change in {place.questions}\n")
    assert "question: So?   # nobody knows" in place.questions.read_text()


def fitting(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts as a person leaves them in a spreadsheet."""
    return texts.map(lambda text: clean(text).strip()).filter(lambda text: len(text) < 500)


@pytest.mark.unwatched
@settings(max_examples=60, suppress_health_check=[*HealthCheck])
@given(st.data())
def test_whatever_is_typed_comes_back_and_everything_else_stays(
    texts: Any, tmp_path_factory: pytest.TempPathFactory, answering: Callable[..., Any], data: st.DataObject
) -> None:
    place = Place(tmp_path_factory.mktemp("import"), answering)
    before, wanted = place.texts(), {node: dict(found) for node, found in place.texts().items()}
    for _ in range(data.draw(st.integers(1, 4))):
        node, column = data.draw(st.sampled_from(sorted(before))), data.draw(st.sampled_from(TEXTS))
        text = data.draw(fitting(texts)) or "?"
        wanted[node][column] = text
        place.edit(node, **{column: guarded(text)})
    source = place.imported()
    assert place.texts() == wanted
    assert list(comments(source)) == list(comments(SOURCE))
    place.export()
    assert place.imported() == source


def comments(source: str) -> Iterator[str]:
    """The comments of a YAML file, which the scanner tells from signs in texts."""
    end = 0
    for token in yaml.scan(source):
        yield from re.findall("#.*", source[end : token.start_mark.index])
        end = max(end, token.end_mark.index)
