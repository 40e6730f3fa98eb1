"""Points of a lost part of a run: they stay in the file; a line after them says that they do not count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

CUT = b'{"cut":'  # begins such a line, and no line of points

Span = tuple[int, int]  # from this byte on, up to that one


def cut_line(place: int) -> bytes:
    """What stands from this byte of the file up to this line does not count."""
    return CUT + b"%d}\n" % place


def cut_from(text: bytes) -> int | None:
    """The byte that a line names, None for a line of another kind."""
    digits = text.removeprefix(CUT).removesuffix(b"}\n")
    return int(digits) if text.startswith(CUT) and digits.isdigit() else None


def lost_spans(points: Path) -> tuple[Span, ...]:
    """What does not count in a file of points. Raises OSError."""
    found = ((cut_from(text), place) for place, text in placed_lines(points) if text.startswith(CUT))
    return tuple((begin, end) for begin, end in found if begin is not None)


def counted_lines(points: Path) -> Iterator[tuple[int, bytes]]:
    """The whole lines that count, each with the byte that it begins at. Raises OSError."""
    lost = lost_spans(points)
    for place, text in placed_lines(points):
        if not is_lost(place, lost):
            yield place, text


def placed_lines(points: Path) -> Iterator[tuple[int, bytes]]:
    """All whole lines, each with the byte that it begins at. Raises OSError."""
    with points.open("rb") as file:
        yield from with_places(file, 0)


def with_places(lines: Iterable[bytes], place: int) -> Iterator[tuple[int, bytes]]:
    """The whole ones of the lines that stand from this byte on, each with its own."""
    for text in lines:
        if text.endswith(b"\n"):
            yield place, text
        place += len(text)


def is_lost(place: int, lost: Iterable[Span]) -> bool:
    """Whether the line that begins there does not count."""
    return any(begin <= place < end for begin, end in lost)
