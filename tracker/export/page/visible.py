"""Text that cannot act: control characters and those that turn the direction of writing are spelt out."""

from __future__ import annotations

import re

from tracker.export.terminal import shown

_TURNING = re.compile(
    "[\u202a-\u202e\u2066-\u2069]"
)  # marks of the direction without scope, \u200e and \u200f, may stay


def visible(text: str) -> str:
    """The text with control characters as \\x1b and overrides of the direction as \\u202e."""
    return _TURNING.sub(lambda found: f"\\u{ord(found[0]):04x}", shown(text))
