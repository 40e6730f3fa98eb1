"""The tree as one HTML page, which needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tracker.export.files import replace_all
from tracker.export.page.recordings import Recordings
from tracker.export.page.render import page_text
from tracker.findings import Finding
from tracker.stores.base import Store

__all__ = ["page_text", "write_page"]


def write_page(
    findings: Sequence[Finding],
    store: Store,
    out: Path,
    omniboard_url: str = "",
    *,
    project: str = "",
    about: str = "",
) -> tuple[Path, ...]:
    """Write the page, all or nothing; missing folders are made."""
    text = page_text(
        findings,
        Recordings(store),
        store.address,
        project=project,
        about=about,
        omniboard_url=omniboard_url,
    )
    replace_all({out: text.encode("utf-8", errors="replace")})
    return (out,)
