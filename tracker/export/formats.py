"""The formats of an export, chosen by the suffix of the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tracker.errors import TrackerError
from tracker.findings import Finding
from tracker.stores.base import Store

Writer = Callable[..., tuple[Path, ...]]  # of findings, a store, a path, Omniboard's address, titles


def write(
    findings: Sequence[Finding], store: Store, out: Path, omniboard_url: str = "", **titles: str
) -> tuple[Path, ...]:
    """Write the findings in the format that OUT's suffix names; returns the files that were written.

    `titles` are the project's name and what is said about it, as far as the format has a place for them.
    """
    return writer(out)(findings, store, out, omniboard_url, **titles)


def writer(out: Path) -> Writer:
    """The function that writes this file; raises TrackerError for a suffix that no format has."""
    if out.suffix.lower() not in FORMATS:
        raise TrackerError(f"{out} names no format by its ending; write {known()}")
    return FORMATS[out.suffix.lower()]


def known() -> str:
    """The suffixes in words."""
    *others, last = FORMATS
    return f"{', '.join(others)} or {last}"


def _csv(
    findings: Sequence[Finding], store: Store, out: Path, _omniboard_url: str, **_titles: str
) -> tuple[Path, ...]:
    from tracker.export.csv_file import write_csv

    return write_csv(findings, store, out)


def _xlsx(
    findings: Sequence[Finding], store: Store, out: Path, omniboard_url: str, **_titles: str
) -> tuple[Path, ...]:
    from tracker.export.xlsx_file import write_xlsx

    return write_xlsx(findings, store, out, omniboard_url)


def _html(
    findings: Sequence[Finding], store: Store, out: Path, omniboard_url: str, **titles: str
) -> tuple[Path, ...]:
    from tracker.export.page import write_page

    return write_page(findings, store, out, omniboard_url, **titles)


def _markdown(
    findings: Sequence[Finding], _store: Store, out: Path, _omniboard_url: str, **_titles: str
) -> tuple[Path, ...]:
    from tracker.export.markdown import write_markdown

    return write_markdown(findings, out)


def _latex(
    findings: Sequence[Finding], _store: Store, out: Path, _omniboard_url: str, **_titles: str
) -> tuple[Path, ...]:
    from tracker.export.latex import write_latex

    return write_latex(findings, out)


FORMATS: Mapping[str, Writer] = {
    ".csv": _csv,
    ".xlsx": _xlsx,
    ".html": _html,
    ".md": _markdown,
    ".tex": _latex,
}
