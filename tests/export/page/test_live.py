"""The page that follows the runs, and the tree that a terminal follows."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tracker.errors import QuestionsError, StoreError, TrackerError
from tracker.export.page.server import PageServer, is_loopback
from tracker.export.page.site import Site
from tracker.export.watching import watch

QUESTIONS = """
version: 1
project: followed
metric: {name: test.accuracy, unit: "%"}
defaults: {experiment: full, launch: python x.py, seeds: [1, 2, 3]}
tree:
  - id: above
    question: What is above?
    children:
      - id: norm
        question: Does it matter?
        parameter: norm
        values: [batchnorm, weight_norm]
        baseline: batchnorm
      - {id: size, question: "And the size?", parameter: size, values: [1, 2], baseline: 1}
"""


class Followed:
    """A question file, a store and a clock that the test moves."""

    def __init__(self, folder: Path, store: Any, question: Any, now: datetime) -> None:
        self.path = folder / "followed.yaml"
        self.path.write_text(QUESTIONS, encoding="utf-8")
        self.store, self.question, self.now, self.seconds = store, question, now, 0.0
        self.site = Site(self.path, store, clock=lambda: self.seconds, now=lambda: self.now)

    def record(self, *skills: float | str) -> None:
        self.store.record(self.question, {"batchnorm": skills})
        self.seconds += 60

    def change(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")
        self.seconds += 60


@pytest.fixture
def followed(tmp_path: Path, ask: Any, laboratory: Callable[..., Any], kinds: Any) -> Followed:
    question = ask("norm", seeds=(1, 2, 3))
    return Followed(tmp_path, laboratory(question, {}).store, question, kinds.findings[0].now)


@pytest.fixture
def server(followed: Followed) -> Iterator[PageServer]:
    with PageServer(followed.site, "127.0.0.1", 0) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.02,))
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


def asked(address: str, **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_new_run_makes_a_new_edition(followed: Followed) -> None:
    before = followed.site.edition()
    assert "0 of 6 done" in before.text

    followed.record(91.0)

    after = followed.site.edition()
    assert after.version != before.version
    assert "1 of 6 done" in after.text


def test_what_has_not_changed_is_not_built_again(followed: Followed) -> None:
    before = followed.site.edition()

    followed.seconds += 60

    assert followed.site.edition().text is before.text


def test_the_store_is_left_in_peace_for_some_seconds(followed: Followed) -> None:
    before = followed.site.edition()

    followed.record(91.0)
    followed.seconds -= 59

    assert followed.site.edition() is before


def test_whoever_asks_during_a_look_gets_the_edition_before(followed: Followed) -> None:
    before = followed.site.edition()
    followed.record(91.0)
    looking, ended, runs = threading.Event(), threading.Event(), followed.store.runs

    def slow_runs() -> Any:
        looking.set()
        assert ended.wait(20)
        return runs()

    followed.store.runs = slow_runs
    thread = threading.Thread(target=followed.site.edition)
    thread.start()
    assert looking.wait(20)

    assert followed.site.edition() is before

    ended.set()
    thread.join()
    assert followed.site.edition() is not before


def test_a_run_that_falls_silent_is_news_without_a_word_from_it(followed: Followed) -> None:
    followed.record("RUNNING")
    before = followed.site.edition()
    assert "Running now" in before.text

    followed.now = followed.now.replace(hour=13)
    followed.seconds += 60

    assert "Running now" not in followed.site.edition().text


def test_a_question_file_that_is_being_edited_leaves_the_last_page_and_says_so(followed: Followed) -> None:
    before = followed.site.edition()

    followed.change(QUESTIONS.replace("values:", "valeus:"))
    broken = followed.site.edition()
    assert broken.text == before.text
    assert "valeus" in broken.trouble

    followed.change(QUESTIONS.replace("Does it matter?", "Does it really matter?"))
    mended = followed.site.edition()
    assert mended.trouble == ""
    assert "Does it really matter?" in mended.text


def test_what_is_wrong_from_the_start_is_raised(followed: Followed) -> None:
    followed.path.unlink()

    with pytest.raises(QuestionsError, match=r"followed\.yaml"):
        followed.site.edition()


def test_the_server_gives_the_page_and_its_version(server: PageServer) -> None:
    status, page = asked(server.address)
    _, told = asked(f"{server.address}version")

    assert status == 200
    assert f'data-version="{json.loads(told)["version"]}"' in page
    assert asked(f"{server.address}etc/passwd")[0] == 404


def test_another_sites_name_for_this_machine_is_turned_away(server: PageServer) -> None:
    assert asked(server.address, Host="evil.example")[0] == 403
    assert asked(server.address, Host="localhost:1")[0] == 200


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("x.y", False),
    ],
)
def test_only_this_machine_is_private(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer


def test_a_taken_port_is_named_with_a_way_out(followed: Followed, server: PageServer) -> None:
    with pytest.raises(TrackerError, match=r"port \d+ of 127\.0\.0\.1 is taken; choose another with --port"):
        PageServer(followed.site, "127.0.0.1", server.server_address[1])


def test_a_host_that_is_not_this_machine_is_refused(followed: Followed) -> None:
    with pytest.raises(TrackerError, match=r"cannot serve on port 0 of 192\.0\.2\.1"):
        PageServer(followed.site, "192.0.2.1", 0)


def test_the_open_page_follows_and_keeps_folds_filters_focus_and_place(
    followed: Followed, server: PageServer, browser: Any, watched: Callable[..., Any]
) -> None:
    context = browser.new_context(viewport={"width": 900, "height": 400})
    seen = watched(context.new_page(), server.address)
    page = seen.page
    page.click("[id='above/size'] > summary")
    page.click("[id='above/norm'] .how > summary")
    page.fill("input[type=search]", "above")
    page.focus("[id='above/norm'] > summary")
    page.evaluate("scrollTo(0, 321)")

    followed.record(91.0, 92.0, 93.0)
    page.wait_for_selector("text=3 of 6 done", state="attached", timeout=15_000)

    assert page.eval_on_selector_all("details[open]", "all => all.length") == 3
    assert page.locator("[id='above/norm'] .how pre").is_visible()
    assert not page.evaluate("document.getElementById('above/size').open")
    assert page.input_value("input[type=search]") == "above"
    assert page.evaluate("document.activeElement.parentElement.id") == "above/norm"
    assert page.evaluate("scrollY") == 321
    assert seen.complaints == []
    assert {address.removeprefix(server.address) for address in seen.requests} == {"", "version"}
    context.close()


def test_the_open_page_says_when_the_server_is_gone(
    followed: Followed, server: PageServer, browser: Any, watched: Callable[..., Any]
) -> None:
    context = browser.new_context()
    page = watched(context.new_page(), server.address).page

    followed.change("tree: [")
    page.wait_for_selector("#page\\.trouble:has-text('followed.yaml')", timeout=15_000)
    context.set_offline(True)
    page.wait_for_selector("text=The server does not answer", timeout=15_000)
    context.close()


class EnoughError(Exception):
    """Ends a watch."""


def watching(followed: Followed, console: Console, *steps: Callable[[], None]) -> None:
    """Watch, take a step at each rest, and end after the last."""
    from tracker import answer, load_questions

    left = list(steps)

    def rest(_seconds: float) -> None:
        if _seconds and not left:
            raise EnoughError
        if _seconds:
            left.pop(0)()

    with pytest.raises(EnoughError):
        watch(lambda: answer(load_questions(followed.path), followed.store, followed.now), console, 1.0, rest)


def test_a_watch_into_a_file_prints_what_has_changed(followed: Followed) -> None:
    console = Console(file=io.StringIO(), width=100)

    watching(followed, console, lambda: None, lambda: followed.record(91.0), lambda: None)

    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert text.count("2026-11-20 12:00:00 UTC") == 2
    assert text.index("0 of 6 runs done") < text.index("1 of 6 runs done")
    assert "\x1b" not in text


def test_a_watch_outlives_a_broken_question_file(followed: Followed) -> None:
    console = Console(file=io.StringIO(), width=100)

    watching(followed, console, lambda: followed.change("tree: ["), lambda: followed.change(QUESTIONS))

    assert isinstance(console.file, io.StringIO)
    assert "followed.yaml" in console.file.getvalue()


@pytest.mark.parametrize(("height", "line"), [(60, "Does it matter?"), (8, "norm  planned  0 of 6 runs")])
def test_a_watch_in_a_terminal_fits_the_screen(followed: Followed, height: int, line: str) -> None:
    console = Console(
        file=io.StringIO(), width=100, height=height, force_terminal=True, color_system="standard"
    )

    watching(followed, console, lambda: None)

    assert isinstance(console.file, io.StringIO)
    assert line in re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", console.file.getvalue())


def test_a_watch_that_cannot_begin_raises(followed: Followed) -> None:
    def look() -> Any:
        raise StoreError("no store")

    with pytest.raises(StoreError, match="no store"):
        watch(look, Console(file=io.StringIO()), 1.0)


def started(place: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "from tracker.cli import main; main()", *words],
        cwd=place,
        env={**os.environ, "TRACKER_STORE": "", "COLUMNS": "100", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("words", [("serve", "followed.yaml", "--port", "0"), ("watch", "followed.yaml")])
def test_ctrl_c_ends_quietly(followed: Followed, words: tuple[str, ...]) -> None:
    with started(followed.path.parent, *words) as process:
        spoken = process.stderr if words[0] == "serve" else process.stdout
        assert spoken is not None
        first = spoken.readline()

        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=30)

    assert first.startswith("followed.yaml is served at http://127.0.0.1:" if words[0] == "serve" else "20")
    assert (process.returncode, complaints) == (0, "")


def test_a_taken_port_is_one_sentence(followed: Followed) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with started(followed.path.parent, "serve", "followed.yaml", "--port", port) as process:
            _, complaint = process.communicate(timeout=60)

    assert complaint.startswith(f"Error: port {port} of 127.0.0.1 is taken; choose another with --port")
    assert len(complaint.splitlines()) == 1
    assert process.returncode == 1


def test_the_page_is_an_export(followed: Followed) -> None:
    with started(followed.path.parent, "export", "followed.yaml", "out/tree.html") as process:
        _, words = process.communicate(timeout=60)

    assert (process.returncode, words) == (0, "wrote out/tree.html\n")
    assert "Does it matter?" in (followed.path.parent / "out/tree.html").read_text(encoding="utf-8")
