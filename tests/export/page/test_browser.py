"""The page in a real Chromium: folding, filtering, hovering, keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LOOK = Callable[..., Any]
EVERY_FOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


def opened(page: Any) -> list[str]:
    return list(page.eval_on_selector_all("details.node[open]", "all => all.map(one => one.id)"))


def listed(page: Any) -> list[str]:
    """The questions that can be seen."""
    shown = "all => all.filter(one => one.checkVisibility()).map(one => one.id)"
    return list(page.eval_on_selector_all("details.node:not(.group)", shown))


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.parentElement.id"))


def test_the_page_opens_without_a_complaint_and_asks_for_nothing(look: LOOK, kinds: Any) -> None:
    watched = look(kinds)

    assert watched.complaints == []
    assert watched.requests == [watched.page.url]
    assert watched.page.title() == "Made up: what was asked, what was found"


def test_nothing_leaves_the_page_while_everything_is_tried(look: LOOK, kinds: Any) -> None:
    watched = look(kinds)
    page = watched.page
    page.evaluate(EVERY_FOLD)
    for value in page.locator("g.value").all()[:5]:
        value.hover()
    page.locator("button.copy").first.click()
    page.fill("input[type=search]", "norm")
    page.select_option("select[name=verdict]", "same")
    page.click("text=Unfold all")
    page.click("[id='page.collapse']")
    page.wait_for_timeout(200)

    assert watched.complaints == []
    assert watched.requests == [page.url]


def test_a_click_folds_and_unfolds(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page
    assert opened(page) == ["norm", "size"]

    page.click("[id='norm/weight-norm'] > summary")
    assert opened(page) == ["norm", "norm/weight-norm", "size"]
    assert page.locator("[id='norm/weight-norm'] svg.skill").is_visible()

    page.click("[id='norm/weight-norm'] > summary h3")
    page.click("#norm > summary")
    assert opened(page) == ["size"]
    assert not page.locator("[id='norm/weight-norm']").is_visible()


def test_all_unfold_and_fold_at_once(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page

    page.click("text=Unfold all")
    assert len(opened(page)) == 10

    page.click("[id='page.collapse']")
    assert opened(page) == []


@pytest.mark.parametrize(
    ("field", "choice", "left"),
    [
        ("status", "planned", ["size/eval-mode"]),
        ("verdict", "same", ["norm/initial-scale"]),
        ("verdict", "none yet", ["norm/without", "size/eval-mode", "size/micro-batch"]),
        ("sub", "Batch size", ["size/optimiser-batch", "size/high-rate", "size/micro-batch"]),
        ("context", "paper recipe", ["size/optimiser-batch", "size/high-rate", "size/eval-mode"]),
    ],
)
def test_a_filter_leaves_what_fits(look: LOOK, kinds: Any, field: str, choice: str, left: list[str]) -> None:
    page = look(kinds).page

    page.select_option(f"select[name={field}]", choice)

    assert listed(page) == left
    assert page.inner_text("[id='page.found']") == f"{len(left)} of 8 questions"


def test_the_search_goes_over_everything_that_a_question_says(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page

    page.fill("input[type=search]", "ask ADA")
    assert listed(page) == ["norm/initial-scale"]

    page.fill("input[type=search]", "out of memory")
    assert listed(page) == ["size/micro-batch"]

    page.fill("input[type=search]", "no such words")
    assert listed(page) == []
    page.click("text=Show all")
    assert len(listed(page)) == 8


def test_filters_add_up(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page

    page.select_option("select[name=status]", "done")
    page.fill("input[type=search]", "size/")

    assert listed(page) == ["size/optimiser-batch", "size/high-rate"]


def test_a_pointer_over_a_value_tells_its_numbers(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page
    page.click("[id='norm/weight-norm'] > summary")
    tip = page.locator("[role=tooltip]")
    assert not tip.is_visible()

    page.hover("[id='norm/weight-norm'] g.value >> nth=1")

    lines = tip.inner_text().splitlines()
    assert lines[:4] == ["weight_norm", "n 3", "mean (%) 81.03", "sd 0.95"]
    assert "95% interval 78.67 to 83.39" in lines
    assert lines[-1] == "by seed 1: 80.10, 2: 82.00, 3: 81.00"

    page.hover("h1")
    assert not tip.is_visible()


def test_the_keyboard_reaches_the_numbers_too_and_escape_hides_them(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page
    page.click("[id='norm/weight-norm'] > summary")

    page.keyboard.press("Tab")
    tip = page.locator("[role=tooltip]")
    assert "batchnorm" in tip.inner_text()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith(
        "batchnorm; n 3; mean"
    )

    page.keyboard.press("Escape")
    assert not tip.is_visible()


def test_arrows_walk_the_tree(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page
    page.focus("#norm > summary")

    page.keyboard.press("ArrowDown")
    assert focused(page) == "norm/weight-norm"
    page.keyboard.press("ArrowRight")
    assert "norm/weight-norm" in opened(page)
    page.keyboard.press("ArrowLeft")
    assert "norm/weight-norm" not in opened(page)
    page.keyboard.press("ArrowLeft")
    assert focused(page) == "norm"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    assert focused(page) == "size"
    page.keyboard.press("End")
    assert focused(page) == "size/micro-batch"
    page.keyboard.press("Enter")
    assert "size/micro-batch" in opened(page)
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    assert focused(page) == "norm"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert focused(page) == "norm/weight-norm"


def test_a_slash_searches_and_escape_clears(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page

    page.keyboard.press("/")
    page.keyboard.type("weight_norm and/or")
    assert page.input_value("input[type=search]") == "weight_norm and/or"
    assert listed(page) == []

    page.keyboard.press("Escape")
    assert page.input_value("input[type=search]") == ""
    assert len(listed(page)) == 8


def test_a_link_unfolds_its_question(look: LOOK, kinds: Any) -> None:
    page = look(kinds, fragment="#size/optimiser-batch").page

    page.wait_for_function("document.activeElement.matches('summary')")
    assert "size/optimiser-batch" in opened(page)
    assert focused(page) == "size/optimiser-batch"

    page.click(".glance >> nth=1")
    assert "norm/initial-scale" in opened(page)


def test_a_link_to_a_question_that_a_filter_hides_shows_it(look: LOOK, kinds: Any) -> None:
    page = look(kinds).page
    page.fill("input[type=search]", "size/optimiser-batch")

    page.click("nav a[href='#norm/frozen-shift']")

    assert page.locator("[id='norm/frozen-shift'] > summary").is_visible()
    assert page.input_value("input[type=search]") == ""


def test_commands_are_copied(look: LOOK, kinds: Any) -> None:
    page = look(kinds, permissions=["clipboard-read", "clipboard-write"]).page
    page.click("[id='size/optimiser-batch'] > summary")
    page.click("[id='size/optimiser-batch'] .how > summary")

    page.click("[id='size/optimiser-batch'] button.copy")

    page.wait_for_selector("text=Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("for value in 8 32 128 512; do for seed in 1 2 3; do python -m experiments.full")


@pytest.mark.unwatched
def test_two_hundred_questions_open_and_filter_at_once(look: LOOK, crowd: Any) -> None:
    page = look(crowd).page
    took = page.evaluate(
        """() => {
          const search = document.querySelector("input[type=search]");
          const began = performance.now();
          search.value = "question-7";
          search.dispatchEvent(new Event("input", { bubbles: true }));
          return performance.now() - began;
        }"""
    )

    assert len(listed(page)) == 10
    assert took < 1500


def test_every_run_leads_to_omniboard(look: LOOK, kinds: Any) -> None:
    page = look(kinds, omniboard_url="http://localhost:9000/sacred").page

    links = page.eval_on_selector_all(".runs a", "all => all.map(one => [one.textContent, one.href])")

    query = "http://localhost:9000/sacred?showDrillDownRunModal=true&runIdToExpand={}&runIdStatus={}"
    assert links[0] == ["1", query.format(1, "COMPLETED")]
    assert ["43", query.format(43, "FAILED")] in links
    assert ["23", query.format(23, "RUNNING")] in links
    assert len(links) == 45
