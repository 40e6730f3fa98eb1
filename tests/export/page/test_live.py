"""The page that follows the runs, and its server."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.export.page.followed import QUESTIONS, Followed
from tracker.errors import QuestionsError, TrackerError
from tracker.export.page.server import PageServer, is_loopback


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

    followed.change(QUESTIONS.replace("parameter:", "paramter:"))
    broken = followed.site.edition()
    assert broken.text == before.text
    assert "paramter" in broken.trouble

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
