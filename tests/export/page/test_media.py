"""The page on phones, on paper, and without scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LOOK = Callable[..., Any]
EVERY_FOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


def opened(page: Any) -> list[str]:
    return list(page.eval_on_selector_all("details.node[open]", "all => all.map(one => one.id)"))


@pytest.mark.parametrize("width", [320, 360, 412, 768])
def test_a_phone_needs_no_sideways_scroll(look: LOOK, kinds: Any, width: int) -> None:
    page = look(kinds, width=width, height=740, omniboard_url="http://localhost:9000/sacred").page

    page.evaluate(EVERY_FOLD)

    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_phone_reaches_every_number_and_shows_that_there_is_more(look: LOOK, kinds: Any) -> None:
    page = look(kinds, width=390, height=844).page
    page.evaluate(EVERY_FOLD)
    box = page.locator("[id='norm/weight-norm'] .scroll").first

    assert "gradient" in box.evaluate("one => getComputedStyle(one).backgroundImage")
    box.focus()
    box.evaluate("one => { one.scrollLeft = one.scrollWidth; }")
    last = box.locator("tbody tr").last.locator("td").last
    edges = (last.bounding_box(), box.bounding_box())
    assert edges[0]["x"] + edges[0]["width"] <= edges[1]["x"] + edges[1]["width"] + 1


def test_a_phone_shows_an_interval_without_a_scroll(look: LOOK, kinds: Any) -> None:
    page = look(kinds, width=390, height=844).page
    page.evaluate(EVERY_FOLD)

    ends = page.eval_on_selector_all(
        "table.numbers tbody tr:not(.trend) td:nth-of-type(4)",
        "all => all.map(one => one.getBoundingClientRect().right)",
    )

    assert max(ends) <= 390


def test_a_phone_shows_letters_large_enough_to_read(look: LOOK, kinds: Any) -> None:
    page = look(kinds, width=360, height=740).page
    page.evaluate(EVERY_FOLD)

    heights = page.eval_on_selector_all(
        "svg.plot text", "all => all.map(one => one.getBoundingClientRect().height)"
    )

    assert min(heights) >= 9.5


def test_paper_shows_what_is_folded_and_no_tools(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page
    page.click("[id='page.collapse']")

    page.emulate_media(media="print")

    assert page.locator("[id='norm/weight-norm'] svg.skill").is_visible()
    assert page.locator("[id='norm/weight-norm'] .how pre").is_visible()
    assert page.locator("[id='norm/weight-norm'] svg.curves").is_visible()
    assert not page.locator("form.tools").is_visible()
    assert not page.locator("button.copy").first.is_visible()


def test_paper_is_white_in_dark_mode_too(look: LOOK, kinds: Any) -> None:
    page = look(kinds, color_scheme="dark").page

    page.emulate_media(media="print", color_scheme="dark")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_printing_unfolds_and_folds_again(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page
    before = opened(page)

    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(opened(page)) == 10

    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert opened(page) == before


def test_without_scripts_everything_can_still_be_read(look: LOOK, kinds: Any) -> None:
    page = look(kinds, java_script_enabled=False).page

    page.click("[id='norm/weight-norm'] > summary")

    assert page.locator("[id='norm/weight-norm'] table.numbers").is_visible()
    assert not page.locator("form.tools").is_visible()
