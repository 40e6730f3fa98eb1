"""What is edited in the table comes back into the question file, and nothing else does."""

from __future__ import annotations

import csv
import json
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker import load_questions
from tracker.cli import main
from tracker.errors import TrackerError
from tracker.export.cells import clean, guarded
from tracker.export.csv_file import write_csv
from tracker.importing.bring_back import prepare
from tracker.importing.merge import EDITABLE

TEXTS = tuple(name for name in EDITABLE if name != "priority")

SOURCE = """\
# The questions of this project.
version: 1
project: nets
metric: {name: test.accuracy, unit: "%"}   # what counts
defaults:
  experiment: full
  context: smoke   # all of them
  seeds: [1, 2, 3]

tree:
  - id: bn
    name: BatchNorm          # the root
    question: >
      What does a network need
      of BatchNorm?

    children:
      # the first
      - id: norm
        question: Is weight norm as good?   # nobody knows
        finding: |
          Nearly.
          But not quite.
        parameter: norm
        values: [bn, wn]
        baseline: bn
      - {id: depth, question: 'Does it matter?', parameter: depth, values: [20, 56], scale: ordered}
      - id: "width"
        question: "How wide?"
        context: wide
        parameter: width
        values: [8, 16]
        baseline: 8
"""


class Place:
    """A question file with the table that was exported from it."""

    def __init__(self, folder: Path, answering: Callable[..., Any], source: str = SOURCE) -> None:
        self.folder, self.answering = folder, answering
        self.questions, self.table = folder / "questions.yaml", folder / "tree.csv"
        self.questions.write_bytes(source.encode())
        self.export()

    def export(self) -> None:
        answered = self.answering(load_questions(self.questions).roots, [], {})
        write_csv(answered.findings, answered.store, self.table)

    def rows(self) -> list[dict[str, str]]:
        with self.table.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def edit(self, node: str, /, **cells: str) -> None:
        rows = self.rows()
        next(row for row in rows if row["node"] == node).update(cells)
        self.save(rows)

    def save(self, rows: list[dict[str, str]], **dialect: Any) -> None:
        with self.table.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), **dialect)
            writer.writeheader()
            writer.writerows(rows)

    def imported(self, base: Path | None = None) -> str:
        found = prepare(self.questions, self.table, base)
        found.write()
        return self.questions.read_bytes().decode()

    def texts(self) -> Mapping[str, Mapping[str, str]]:
        return {
            q.node: {name: getattr(q, name) for name in TEXTS} for q in load_questions(self.questions).walk()
        }


@pytest.fixture
def place(tmp_path: Path, answering: Callable[..., Any]) -> Place:
    return Place(tmp_path, answering)


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


def test_rows_and_columns_may_be_sorted_filtered_and_parted_otherwise(place: Place) -> None:
    place.edit("bn/norm", question="So?")
    rows = [dict(sorted(row.items())) for row in reversed(place.rows()[1:])]
    place.save(rows, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    assert place.imported() == SOURCE.replace("Is weight norm as good?", "So?")


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


def test_a_file_that_changed_meanwhile_is_left_alone(place: Place) -> None:
    place.edit("bn/norm", question="So?")
    found = prepare(place.questions, place.table)
    place.questions.write_text(SOURCE + "# more\n")
    with pytest.raises(TrackerError, match="was changed meanwhile"):
        found.write()
    assert place.questions.read_text() == SOURCE + "# more\n"


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


def test_an_error_is_one_sentence_per_edit(place: Place) -> None:
    place.edit("bn/norm", values="[]", question="So?")
    answer = CliRunner().invoke(main, ["import", str(place.questions), str(place.table)])
    assert answer.exit_code == 1
    assert answer.stderr.splitlines()[1:] == [
        "bn/norm.values was edited, and is computed or declared elsewhere; export it anew"
    ]


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
