"""The page for those who do not see it, do not see colours, or use no mouse."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from itertools import pairwise, product
from typing import Any

import pytest

from tracker.export.page.words import STATES, VERDICTS
from tracker.questions.question import VERDICTS as ALL_VERDICTS

LOOK = Callable[..., Any]
STYLE = files("tracker.export.page").joinpath("page.css").read_text(encoding="utf-8")
TONES = ("good", "bad", "trend", "even", "open", "run", "trouble", "plan", "done", "ink", "soft")


def palettes() -> list[dict[str, str]]:
    """The colours of light, dark and paper, by name."""
    found = [
        dict(re.findall(r"--([\w]+): (#[0-9a-f]+)", block))
        for block in re.findall(r":root {(.*?)}", STYLE, re.S)
    ]
    assert len(found) == 3
    return found


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    wide = digits if len(digits) == 6 else "".join(digit * 2 for digit in digits)
    parts = [int(wide[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("place", range(3), ids=["light", "dark", "paper"])
def test_every_colour_of_text_stands_out(place: int) -> None:
    colours = palettes()[place]

    weak = {
        (tone, ground): round(contrast(colours[tone], colours[ground]), 2)
        for tone, ground in product(TONES, ("paper", "card"))
        if contrast(colours[tone], colours[ground]) < 4.5
    }

    assert weak == {}


@pytest.mark.parametrize("place", range(3), ids=["light", "dark", "paper"])
def test_every_curve_stands_out(place: int) -> None:
    colours = palettes()[place]

    assert all(contrast(colours[f"c{number}"], colours["paper"]) >= 3 for number in range(8))


def test_every_verdict_has_a_sign_and_no_two_of_a_tone_share_it() -> None:
    assert set(ALL_VERDICTS) <= set(VERDICTS)
    for signs in (
        VERDICTS,
        {word: STATES[word] for word in ("planned", "running", "partial", "failed", "done")},
    ):
        shown = [(sign.glyph, sign.tone) for sign in signs.values()]
        assert len(set(shown)) == len(shown)
        assert len({glyph for glyph, _ in shown}) == len(shown)


def test_headings_go_down_one_level_at_a_time(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page

    levels = page.eval_on_selector_all("h1, h2, h3, h4, h5, h6", "all => all.map(one => +one.tagName[1])")

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_everything_that_can_be_used_has_a_name(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")

    nameless = page.evaluate(
        """() => [...document.querySelectorAll("a, button, input, select, summary, [tabindex='0'], svg.plot")]
          .map((one) => [one.outerHTML, one.ariaLabel, one.labels?.[0]?.textContent, one.textContent])
          .filter(([html, ...names]) => !names.some((name) => name?.trim()))"""
    )

    assert nameless == []


def test_no_identifier_is_given_twice(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page

    ids = page.eval_on_selector_all("[id]", "all => all.map(one => one.id)")

    assert len(set(ids)) == len(ids)


def test_a_screen_reader_is_told_the_language_the_landmarks_and_the_plots(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page
    page.click("[id='norm/weight-norm'] > summary")

    assert page.get_attribute("html", "lang") == "en"
    for role in ("banner", "main", "contentinfo", "search"):
        assert page.get_by_role(role).count() == 1
    plot = page.get_by_role("group", name="test.accuracy (%) for each norm").first
    assert "Means: batchnorm 91.40 %, weight_norm 81.03 %." in plot.locator("desc").text_content()
    assert page.get_by_role("columnheader", name="95% interval").first.is_visible()
    assert page.get_by_role("rowheader", name="weight_norm").first.is_visible()
    assert page.get_by_role(
        "heading", name="Does weight normalisation reach BatchNorm's accuracy?", level=3
    ).is_visible()


def test_the_first_stop_of_the_keyboard_skips_to_the_questions(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the questions"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.parentElement.id") == "norm"


def test_where_the_keyboard_is_can_be_seen(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page
    for _ in range(12):
        page.keyboard.press("Tab")
        style = "getComputedStyle(document.activeElement)"
        assert page.evaluate(f"{style}.outlineStyle !== 'none' && parseFloat({style}.outlineWidth) >= 2")


def test_verdicts_can_be_told_apart_without_colour(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page

    badges = page.eval_on_selector_all("summary .badge", "all => all.map(one => one.textContent)")

    assert {"▼ worse", "= same", "? inconclusive", "✕ diverged", "⊘ blocked", "✕ failed"} <= set(badges)


def test_motion_stops_where_it_is_not_wanted(look: LOOK, kinds: Any) -> None:
    page = look(kinds, reduced_motion="reduce").page

    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert page.evaluate(
        "getComputedStyle(document.querySelector('.node > summary'), '::before').transition"
    ) in (
        "none",
        "none 0s ease 0s",
    )
