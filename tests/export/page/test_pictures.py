"""The pictures of the page in the documents, made anew where PICTURES names their folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

LOOK = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the pictures go: PICTURES, else a folder that is thrown away."""
    named = Path(os.environ.get("PICTURES", tmp_path))
    named.mkdir(parents=True, exist_ok=True)
    return named


def test_a_wide_screen(look: LOOK, kinds: Any, folder: Path) -> None:
    page = look(kinds, width=1180, height=1500, omniboard_url="http://localhost:9000/sacred").page
    page.click("[id='norm/weight-norm'] > summary")
    page.click("[id='norm/weight-norm'] .over-time > summary")
    page.hover("[id='norm/weight-norm'] g.value >> nth=1")

    page.screenshot(path=folder / "page-wide.png")

    assert (folder / "page-wide.png").stat().st_size > 20_000


def test_a_phone(look: LOOK, kinds: Any, folder: Path) -> None:
    page = look(kinds, width=360, height=1400, device_scale_factor=2, color_scheme="dark").page
    page.click("[id='size/optimiser-batch'] > summary")
    page.evaluate("document.getElementById('size').scrollIntoView({ behavior: 'instant' })")

    page.screenshot(path=folder / "page-phone.png")

    assert (folder / "page-phone.png").stat().st_size > 20_000


def test_paper(look: LOOK, kinds: Any, folder: Path) -> None:
    page = look(kinds, width=690, height=1010).page
    page.emulate_media(media="print")
    page.screenshot(path=folder / "page-print.png")
    with Image.open(folder / "page-print.png") as sheet:  # with the margins of a sheet of A4
        ImageOps.expand(sheet, (52, 56), "white").save(folder / "page-print.png", optimize=True)

    assert (folder / "page-print.png").stat().st_size > 20_000
