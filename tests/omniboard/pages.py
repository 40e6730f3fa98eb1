"""What stands on a page of Omniboard."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

ROWS = ".public_fixedDataTable_bodyRow"

_TABLE = """() => {
  const cells = (row) => [...row.querySelectorAll('.public_fixedDataTableCell_main')];
  const name = (cell) => cell.querySelector('[test-attr^=header-sort-]')?.getAttribute('test-attr').slice(12);
  const header = cells(document.querySelector('.public_fixedDataTable_header')).map(name);
  return [...document.querySelectorAll('.public_fixedDataTable_bodyRow')].map((row) =>
    Object.fromEntries(
      cells(row).map((cell, i) => [header[i], cell.innerText.trim()]).filter(([name]) => name)));
}"""
_TRACES = """() => [...document.querySelectorAll('.js-plotly-plot')].flatMap((plot) =>
  plot.data.filter((trace) => trace.opacity === 1)
    .map((trace) => [trace.name, [...trace.x], [...trace.y]]))"""


def open_table(page: Any, url: str, line: str = "") -> None:
    """The table of runs, arranged by the line for the browser's console where there is one."""
    page.goto(url)
    page.wait_for_selector(ROWS)
    if line:
        with page.expect_navigation():
            page.evaluate(line)
        page.wait_for_selector(ROWS)


def table(page: Any) -> dict[int, dict[str, str]]:
    """The cells that are shown, by the run's id and the column's name."""
    return {int(row["_id"]): row for row in page.evaluate(_TABLE)}


def columns(page: Any) -> list[str]:
    """The names of the columns, in their order."""
    places = page.locator("[test-attr^=header-sort-]").all()
    return [place.get_attribute("test-attr").removeprefix("header-sort-") for place in places]


def toggle(page: Any, row: int) -> None:
    """Open or close the details of the run in a row."""
    page.locator(f'[test-attr="cell-row_expander-{row}"]').click()


def select(page: Any, *rows: int) -> None:
    """Tick the runs in these rows."""
    for row in rows:
        page.locator(f'[test-attr="cell-row_selection-{row}"]').click()


def open_tab(page: Any, name: str) -> str:
    """The text under a tab of a run's details."""
    page.locator("#sidebar").get_by_text(name, exact=True).click()
    return str(page.locator(".tab-content").inner_text())


def traces(page: Any) -> dict[str, tuple[list[float], list[float]]]:
    """What a plot draws at full strength: steps and values by name."""
    page.wait_for_selector(".js-plotly-plot .legend, .js-plotly-plot .scatterlayer")
    return {name: (steps, values) for name, steps, values in page.evaluate(_TRACES)}


def picture(page: Any, name: str, *, width: int, height: int) -> None:
    """Keep what is seen for the documents, where PICTURES names a folder for it."""
    if "PICTURES" in os.environ:
        page.set_viewport_size({"width": width, "height": height})
        page.mouse.move(0, 0)
        page.wait_for_timeout(1000)  # the table follows the size of the window, and plots grow in
        page.screenshot(path=Path(os.environ["PICTURES"]) / f"omniboard-{name}.png")
