"""Whatever a question, a configuration or a run may say, it stays text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.export.page import page_text
from tracker.export.page.recordings import Recordings
from tracker.export.page.visible import visible

HOSTILE = [
    "</script><script>alert(1)</script>",
    "</style><style>*{display:none}</style>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)' x='",
    "${alert(1)} {{ 7 * 7 }} {% raw %} `alert(1)`",
    "<!-- --> ]]> <![CDATA[ <svg onload=alert(1)>",
    "javascript:alert(1)",
    "&lt;b&gt; &amp;amp; &#0;",
    "\u202egnp.exe\u2066 \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\x00\x07\x1b[31m\r\n\t\ufeff",
    "\ud800 alone",
    "🙂👩\u200d🔬 ∑ ﷽",
    "w" * 10_000,
    "; by seed 1: 2; ",
]


class Seen(HTMLParser):
    """The elements, the attributes and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def seen(made: Any) -> Seen:
    return Seen(page_text(made.findings, Recordings(made.store), made.store.address, project="Made up"))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_adds_no_element(hostile: Callable[[str], Any], text: str) -> None:
    plain, found = seen(hostile("Plain")), seen(hostile(text))

    assert found.elements - plain.elements - Counter({"bdi": 99}) == Counter()
    assert {name for name, _ in found.attributes} == {name for name, _ in plain.attributes}


@settings(max_examples=60)
@given(text=st.text(min_size=1))
def test_any_text_stays_text(hostile: Callable[[str], Any], text: str) -> None:
    found = seen(hostile(text))

    assert found.elements["script"] == found.elements["style"] == 1
    assert not [name for name, _ in found.attributes if name.startswith("on") or name == "style"]
    assert all(value.startswith(("#", "data:")) for name, value in found.attributes if name == "href")
    assert visible(text).strip() in " ".join(found.texts)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_browser_shows_a_hostile_text_and_obeys_it_in_nothing(
    look: Callable[..., Any], hostile: Callable[[str], Any], text: str
) -> None:
    watched = look(hostile(text), width=360, height=740)
    page = watched.page
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.hover("g.value >> nth=0")
    page.fill("input[type=search]", text[:50])

    assert watched.complaints == []
    assert watched.requests == [page.url]
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    shown = page.locator("main h2").text_content()
    assert shown == visible(text).encode("utf-8", "replace").decode()


def test_marks_that_turn_the_writing_round_are_spelt_out() -> None:
    assert visible("a\u202eb\u2066c\x1b") == r"a\u202eb\u2066c\x1b"
    assert visible("\u05e9\u200f") == "\u05e9\u200f"
