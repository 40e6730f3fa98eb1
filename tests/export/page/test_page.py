"""The page as a text: whole, small, self-contained, true to the findings."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tracker.commands import command
from tracker.errors import TrackerError
from tracker.export.formats import write
from tracker.export.page import page_text, write_page
from tracker.export.page.evidence import checked_omniboard, evidence, run_address
from tracker.export.page.numbers_table import table_rows
from tracker.export.page.recordings import Recordings
from tracker.export.page.repeat import commands
from tracker.export.page.words import state_sign, verdict_sign
from tracker.findings import walk
from tracker.questions.question import Claim
from tracker.wording.words import hours

LIMIT = 2_000_000  # bytes for 200 questions
Laboratory = Callable[..., Any]


def text_of(made: Any, **options: Any) -> str:
    return page_text(made.findings, Recordings(made.store), made.store.address, **options)


@pytest.mark.unwatched
@pytest.mark.parametrize("omniboard", ["", "http://localhost:9000/sacred"])
def test_two_hundred_questions_stay_under_two_megabytes_and_take_seconds(
    crowd: Any, tmp_path: Path, omniboard: str
) -> None:
    found, out = crowd.findings, tmp_path / "page.html"
    began = time.process_time()

    write_page(found, crowd.store, out, omniboard)

    assert time.process_time() - began < 10
    assert out.stat().st_size < LIMIT


def test_the_page_names_nothing_outside_of_itself(kinds: Any) -> None:
    text = text_of(kinds)

    assert re.findall(r"(?:src|href|action|url)\s*=\s*[\"'](?!#|data:)[^\"']*", text) == []
    assert "@import" not in text
    assert re.findall(r"https?://(?!www\.w3\.org)[^\s'\"<]+", text) == []
    assert " style=" not in text
    assert re.findall(r"\son\w+=", text.split("<body")[1].split("<script>")[0]) == []


def test_only_its_own_style_and_script_may_run(kinds: Any) -> None:
    text = text_of(kinds)

    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy[1].replace("&#39;", "'").split("; "))
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert content is not None
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert rules["default-src"] == "'none'"
    assert "connect-src" not in rules


def test_a_live_page_may_ask_its_own_server_alone(kinds: Any) -> None:
    assert "connect-src &#39;self&#39;" in text_of(kinds, version="1")


def test_the_head_tells_when_where_how_far_and_what_is_running(kinds: Any) -> None:
    text = re.sub(r"<[^>]+>", "", text_of(kinds, project="Made up"))

    assert "Built 2026-11-20 12:00 UTC from made/runs" in text
    assert "4 of 8" in text
    for words in (
        "5 done",
        "1 running",
        "1 unfinished",
        "1 planned",
        "1 worse",
        "1 inconclusive",
        "run 23 for norm/without",
    ):
        assert words in text
    assert "RuntimeError: CUDA out of memory" in text


def test_every_question_can_be_linked_to(kinds: Any) -> None:
    text = text_of(kinds)

    for one in (below for root in kinds.findings for below in walk(root)):
        assert f'id="{one.node.question.node}"' in text


def test_omniboard_is_linked_where_a_run_needs_a_look(kinds: Any) -> None:
    text = text_of(kinds, omniboard_url="http://localhost:9000/sacred")

    asked = "showDrillDownRunModal=true&amp;runIdToExpand=43&amp;runIdStatus=FAILED"
    assert f"http://localhost:9000/sacred?{asked}" in text


def test_an_id_that_omniboard_cannot_show_is_no_link(kinds: Any) -> None:
    run = kinds.store.run(1)

    assert run_address("", run) == ""
    assert run_address("http://x", run).startswith("http://x?")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "localhost:9000", "file:///etc/passwd", "http://"]
)
def test_an_address_that_is_no_web_address_is_refused(address: str) -> None:
    with pytest.raises(TrackerError, match="is no address of an Omniboard; write one as in"):
        checked_omniboard(address)


def test_a_password_does_not_get_into_the_page() -> None:
    with pytest.raises(TrackerError, match="holds a password") as raised:
        checked_omniboard("http://ada:secret@localhost:9000/")

    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ({}, 1),
        ({"values": ("batchnorm", 'it\'s "odd" $HOME')}, 2),
        ({"parameter": "model.depth", "values": (20, 56), "baseline": 20}, 1),
        ({"parameter": "PATH", "values": ("a", "b"), "baseline": "a"}, 1),
        ({"seeds": (7,)}, 1),
        ({"parameter": "experiment", "values": ("full", "bn_only"), "baseline": "full", "experiment": ""}, 2),
        ({"nuisance": {"lr": (0.1, 0.01)}}, 4),
        ({"setup": {"milestones": [0.5, 0.75], "note": "a b"}}, 1),
    ],
)
def test_the_shell_makes_the_exact_commands_of_what_is_copied(
    ask: Any, laboratory: Laboratory, fields: dict[str, Any], lines: int
) -> None:
    cells = laboratory(ask("q", launch="echo {experiment}", **fields), {}).findings[0].cells

    script = commands(cells)
    shell = "echo() { printf '%s\\n' \"$*\"; }\n" + script
    said = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True).stdout

    assert len(script.splitlines()) == lines
    assert sorted(said.splitlines()) == sorted(" ".join(command(cell)[1:]) for cell in cells)
    assert shlex.split(script)


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (None, "not known yet"),
        (0.0, "0 min"),
        (0.0007, "3 s"),
        (0.02, "2 min"),
        (1.5, "1.5 h"),
        (1234.5, "1,234 h"),
    ],
)
def test_hours_have_the_unit_that_suits_them(amount: float | None, words: str) -> None:
    assert hours(amount) == words


def test_a_word_that_is_not_known_yet_gets_a_neutral_sign() -> None:
    assert (verdict_sign("sideways").word, verdict_sign("sideways").glyph) == ("sideways", "•")
    assert state_sign("asleep").tone == "even"


def test_no_questions_make_a_page_too(tmp_path: Path, kinds: Any) -> None:
    assert write((), kinds.store, tmp_path / "page.html") == (tmp_path / "page.html",)

    assert "<main" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, kinds: Any) -> None:
    (tmp_path / "page.html").mkdir()

    with pytest.raises(TrackerError, match=r"cannot write .*page\.html: it is a folder"):
        write(kinds.findings, kinds.store, tmp_path / "page.html")


def test_claims_stand_with_what_the_runs_make_of_them(ask: Any, laboratory: Laboratory) -> None:
    claims = (
        Claim("worse", "weight_norm", at_least=5, source="Table 2"),
        Claim("better", "weight_norm"),
    )
    made = laboratory(
        ask("q", claims=claims), {"batchnorm": (91.2, 91.6, 91.4), "weight_norm": (80.1, 82.0, 81.0)}
    )

    words = " ".join(re.sub(r"<[^>]+>", " ", text_of(made)).split())

    assert "Claimed weight_norm is worse than batchnorm by at least 5 points (Table 2) ✓ supported" in words
    assert "Claimed weight_norm is better than batchnorm ✗ contradicted" in words


def test_a_finding_that_does_not_hold_any_more_says_why(ask: Any, laboratory: Laboratory) -> None:
    human = {"finding": "It is better.", "finding_claim": Claim("better", "weight_norm")}
    made = laboratory(ask("q", **human), {"batchnorm": (91.2, 91.6, 91.4), "weight_norm": (80.1, 82.0, 81.0)})

    words = " ".join(re.sub(r"<[^>]+>", " ", text_of(made)).split())

    assert "It is better. (a human’s words) ✗ contradicted weight_norm is better than batchnorm" in words


def test_a_humans_finding_that_holds_says_so_beside_its_words(ask: Any, laboratory: Laboratory) -> None:
    human = {"finding": "It is worse.", "finding_claim": Claim("worse", "weight_norm", at_least=5)}
    made = laboratory(ask("q", **human), {"batchnorm": (91.2, 91.6, 91.4), "weight_norm": (80.1, 82.0, 81.0)})

    words = " ".join(re.sub(r"<[^>]+>", " ", text_of(made)).split())

    assert "(a human’s words) ✓ supported weight_norm is worse than batchnorm by at least 5 points" in words


def test_the_head_says_what_it_is_about_and_a_question_what_its_values_mean(
    ask: Any, laboratory: Laboratory
) -> None:
    asked = ask("q", explain={"weight_norm": "length & direction"})
    made = laboratory(asked, {"batchnorm": (91.2, 91.6, 91.4), "weight_norm": (80.1, 82.0, 81.0)})

    text = text_of(made, about="Nets <on> images.")

    assert '<p class="about">Nets &lt;on&gt; images.</p>' in text.split("<main")[0]
    assert "<dt>weight_norm</dt><dd>length &amp; direction</dd>" in text
    assert "<caption>Run ids</caption>" in text


def test_every_short_word_of_an_answer_is_explained_and_the_way_there_stands_at_the_top(kinds: Any) -> None:
    text = text_of(kinds)
    head, foot = text.split("<main")[0], text.split("<footer")[1]
    said = " ".join(finding.computed for root in kinds.findings for finding in walk(root))

    assert '<a href="#page.foot">How to read this page</a>' in head
    for words in ("CI", "p", "n", "Holm p", "TOST p"):
        assert re.search(rf"\b{words}\b", said), words
        assert f"<dt>{words}</dt>" in foot


def test_few_seeds_are_told_as_in_the_terminal(ask: Any, laboratory: Laboratory) -> None:
    alone = laboratory(ask("norm", seeds=(1, 2)), {"batchnorm": (90.0, 92.0), "weight_norm": (93.0,)})
    for id, run in alone.store.made.items():
        alone.store.made[id] = replace(run, info={"training": {"data": {"test": 1000}}})

    two, one = table_rows(alone.findings[0])

    assert two.note == "90.0 and 92.0"
    assert one.interval == "91.2 to 94.4 by the test set's size alone"


def test_how_pairs_go_together_stands_beside_their_verdict(ask: Any, laboratory: Laboratory) -> None:
    skills = {"batchnorm": (90.0, 91.0, 92.5), "weight_norm": (92.0, 93.1, 94.4)}
    pairs = laboratory(ask("norm", seeds=(1, 2, 3), pair_by="seed"), skills)

    base, other = table_rows(pairs.findings[0])

    assert other.p.endswith(", r = 1.00")
    assert "r=1.00" in pairs.findings[0].computed
    assert "r =" not in base.p


def test_an_open_question_says_how_many_seeds_would_settle_it(kinds: Any) -> None:
    facts = dict(evidence(kinds.findings[0].children[2], "").facts)

    assert re.fullmatch(r"about \d+ per value to find 0\.5 %", facts["Seeds needed"])


def test_runs_that_do_not_count_say_why(ask: Any, laboratory: Laboratory) -> None:
    made = laboratory(
        ask("q", nuisance={"lr": (0.1, 0.01)}, select_by="validation.accuracy"),
        {"batchnorm": ("FAILED", 91.0)},
    )

    found = evidence(made.findings[0], "http://localhost:9000/sacred")

    settings, seeds = found.runs[0]
    assert settings == "batchnorm, lr=0.1"
    assert [[(one.id, one.counts, one.sign.word) for one in runs] for runs in seeds] == [
        [("1", False, "failed")],
        [("2", True, "done")],
        [],
    ]
    assert dict(found.facts)["Failed with"] == "run 1: RuntimeError: CUDA out of memory"
