"""Text and numbers as the cells of a spreadsheet hold them."""

from __future__ import annotations

import json
import math
import re
from typing import Any

# How a formula begins (the wide signs in East Asian editions of Excel), or a cell that was made safe before.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
# What XML forbids, spreadsheets drop or UTF-8 lacks; a cell would come back changed.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_NEWLINE = re.compile("\r\n?")


def clean(text: str) -> str:
    """Text with plain newlines whose control characters are visible instead, such as \\x1b."""
    return _UNFIT.sub(_visible, _NEWLINE.sub("\n", text))


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula; `unguarded` undoes it."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """Text as it was before `guarded`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def as_json(value: Any) -> str:
    """A list or a mapping as JSON that every reader takes."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    return _UNFIT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def number(value: float) -> float | None:
    """A number that a cell can hold, or nothing."""
    return value if math.isfinite(value) else None


def cell(value: Any) -> str:
    """A value in a text file: numbers in full, text guarded, everything else as JSON; nothing is empty."""
    if value is None or (isinstance(value, float) and number(value) is None):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return guarded(clean(value))
    return repr(value) if isinstance(value, int | float) else as_json(value)


def _visible(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
