"""What cannot come back from the table is refused, and the question file stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.export.importing.conftest import SOURCE, Place
from tracker.cli import main
from tracker.errors import TrackerError
from tracker.importing.bring_back import prepare


@pytest.mark.parametrize("with_base", [False, True])
def test_a_text_that_was_changed_in_both_is_a_conflict(place: Place, with_base: bool) -> None:
    base = place.folder / "old.csv"
    base.write_bytes(place.table.read_bytes())
    place.questions.write_text(SOURCE.replace("as good?", "as fast?"))
    place.edit("bn/norm", question="Is weight norm as cheap?")
    if with_base:
        rows = [{name: text for name, text in row.items() if name != "fingerprint"} for row in place.rows()]
        place.save(rows)
    with pytest.raises(TrackerError) as caught:
        place.imported(base if with_base else None)
    assert "bn/norm.question was changed in both" in str(caught.value)
    assert "questions.yaml:19 says 'Is weight norm as fast?'" in str(caught.value)
    assert "tree.csv says 'Is weight norm as cheap?'" in str(caught.value)
    assert "as fast?" in place.questions.read_text()


def test_without_fingerprints_or_a_base_the_file_counts_as_what_the_table_said(place: Place) -> None:
    place.save([{name: row[name] for name in ("node", "question")} for row in place.rows()])
    place.edit("bn/norm", question="So?")
    assert "question: So?   # nobody knows" in place.imported()


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"values": "[1, 2]"}, "bn/norm.values was edited"),
        ({"status": "done"}, "bn/norm.status was edited"),
        ({"finding_computed": "x"}, "bn/norm.finding_computed was edited"),
        ({"node": "bn/nrom"}, "there is no question 'bn/nrom'; did you mean 'bn/norm'?"),
        ({"node": "bn"}, "has the node 'bn' twice"),
        ({"node": "a\x00b"}, "there is no question"),
    ],
)
def test_every_other_edit_is_named_and_refused(place: Place, cells: dict[str, str], told: str) -> None:
    place.edit("bn/norm", **cells)
    with pytest.raises(TrackerError, match=re.escape(told)):
        place.imported()


def test_an_edited_number_is_seen_with_a_base(place: Place) -> None:
    base = place.folder / "old.csv"
    base.write_bytes(place.table.read_bytes())
    place.edit("bn/norm", n_planned="7", cost_used_h="0,0", skill_mean="none")
    with pytest.raises(TrackerError) as caught:
        place.imported(base)
    assert re.findall(r"bn/norm\.(\w+) was edited", str(caught.value)) == ["n_planned", "skill_mean"]


def test_a_row_that_the_base_lacks_is_told_by_its_fingerprint(place: Place) -> None:
    base = place.folder / "old.csv"
    base.write_text("node,question\nbn,x\n")
    place.edit("bn/norm", question="So?")
    assert "question: So?   # nobody knows" in place.imported(base)


@pytest.mark.parametrize("mark", ["{", "[]", "x"])
def test_a_fingerprint_that_is_none_counts_as_missing(place: Place, mark: str) -> None:
    place.edit("bn/norm", question="So?", fingerprint=mark, values="[1]")
    assert "question: So?   # nobody knows" in place.imported()


def test_a_table_that_is_not_there_is_told(place: Place) -> None:
    with pytest.raises(TrackerError, match=r"cannot read .*none\.csv: No such file"):
        prepare(place.questions, place.folder / "none.csv")


def test_a_file_that_cannot_be_replaced_is_told(place: Place) -> None:
    place.edit("bn/norm", question="So?")
    found = prepare(place.questions, place.table)
    place.questions.unlink()
    with pytest.raises(TrackerError, match=r"cannot write .*No such file"):
        found.write()


def test_a_column_of_ones_own_is_refused(place: Place) -> None:
    place.save([{**row, "mine": "x"} for row in place.rows()])
    with pytest.raises(TrackerError, match="the column 'mine' is none of the table's; take it out"):
        place.imported()


def test_a_question_cannot_be_emptied(place: Place) -> None:
    place.edit("bn/norm", question="")
    with pytest.raises(TrackerError, match=r"unsound: .*questions.yaml:\d+: 'norm' has no question"):
        place.imported()
    assert place.questions.read_text() == SOURCE


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "has no column 'node'"),
        (b"node,node\n", "has a column twice"),
        (b"node,question\na,b,c\n", "more cells"),
        (b'node\n"a"b\n', "is no CSV"),
        (b"node,question\nbn,Gr\xf6sse\n", "is not UTF-8"),
    ],
)
def test_what_is_no_table_is_refused(place: Place, content: bytes, told: str) -> None:
    place.table.write_bytes(content)
    with pytest.raises(TrackerError, match=told):
        place.imported()


def test_a_text_that_others_repeat_is_refused(tmp_path: Path, answering: Callable[..., Any]) -> None:
    shared = SOURCE.replace("'Does it matter?'", "&why 'Why?'").replace('"How wide?"', "*why")
    place = Place(tmp_path, answering, shared)
    place.edit("bn/depth", question="How?")
    with pytest.raises(TrackerError, match=r"unsound: .*undefined alias 'why'"):
        place.imported()


def test_a_text_that_repeats_another_is_refused(tmp_path: Path, answering: Callable[..., Any]) -> None:
    shared = SOURCE.replace("'Does it matter?'", "&why 'Why?'").replace('"How wide?"', "*why")
    place = Place(tmp_path, answering, shared)
    place.edit("bn/width", question="How?")
    with pytest.raises(TrackerError, match=r"unsound|without changing something else"):
        place.imported()
    assert place.questions.read_text() == shared


def test_a_question_that_stands_in_two_places_is_refused(
    tmp_path: Path, answering: Callable[..., Any]
) -> None:
    again = "  - {id: more, question: 'And here?', children: *all}\n"
    shared = SOURCE.replace("    children:\n", "    children: &all\n") + again
    place = Place(tmp_path, answering, shared)
    place.edit("bn/width", question="How?")
    with pytest.raises(TrackerError, match=r"cannot write 'more/width' .* without changing something else"):
        place.imported()
    assert place.questions.read_text() == shared


def test_a_file_that_changed_meanwhile_is_left_alone(place: Place) -> None:
    place.edit("bn/norm", question="So?")
    found = prepare(place.questions, place.table)
    place.questions.write_text(SOURCE + "# more\n")
    with pytest.raises(TrackerError, match="was changed meanwhile"):
        found.write()
    assert place.questions.read_text() == SOURCE + "# more\n"


def test_an_error_is_one_sentence_per_edit(place: Place) -> None:
    place.edit("bn/norm", values="[]", question="So?")
    answer = CliRunner().invoke(main, ["import", str(place.questions), str(place.table)])
    assert answer.exit_code == 1
    assert answer.stderr.splitlines()[1:] == [
        "bn/norm.values was edited, and is computed or declared elsewhere; export it anew"
    ]
