"""`python -m benchmarks.syllabus` writes docs/syllabus.md."""

from __future__ import annotations

import sys

from benchmarks.syllabus.homes import ROOT
from benchmarks.syllabus.page import page
from benchmarks.syllabus.table import SyllabusError, load_chapters

PAGE = ROOT / "docs/syllabus.md"


def main() -> None:
    try:
        PAGE.write_text(page(load_chapters()), encoding="utf-8")
    except SyllabusError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
