"""Elements of an SVG drawing, escaped as they are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from markupsafe import Markup, escape

from tracker.export.page.visible import visible

Point = tuple[float, float]

WIDTH = 360.0  # of every plot, in its own units: one of them is about a pixel on a phone
CHARACTER = 6.6  # the width that a character of a label needs, at the larger of the two font sizes


def element(name: str, *children: str, **attributes: object) -> Markup:
    """An element; `class_` is class, `_` in a name is `-`, and children that are no Markup become text."""
    given = [
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _written(value))
        for key, value in attributes.items()
        if value is not None
    ]
    opening = Markup("<" + name) + Markup("").join(given)
    if not children:
        return opening + Markup("/>")
    return opening + Markup(">") + joined(children) + Markup("</" + name + ">")


def joined(parts: Iterable[str]) -> Markup:
    """Elements and texts, one after the other."""
    return Markup("").join(
        escape(part) if isinstance(part, Markup) else escape(visible(part)) for part in parts
    )


def text(words: str, x: float, y: float, **attributes: object) -> Markup:
    """A text with its start, middle or end at a place, to whole units."""
    return element("text", words, x=round(x), y=round(y), **attributes)


def line(start: Point, end: Point, **attributes: object) -> Markup:
    """A straight line."""
    return lines([(start, end)], **attributes)


def lines(pairs: Iterable[tuple[Point, Point]], **attributes: object) -> Markup:
    """Straight lines that look the same, as one element."""
    return element("path", d="".join(map(_stroke, pairs)), **attributes)


def box(x: float, y: float, width: float, height: float, **attributes: object) -> Markup:
    """A rectangle, to whole units."""
    d = f"M{round(x)} {round(y)}h{round(width)}v{round(height)}h{-round(width)}z"
    return element("path", d=d, **attributes)


def group(parts: Iterable[str], **attributes: object) -> Markup:
    """Parts that share attributes."""
    return element("g", *parts, **attributes)


def path(points: Sequence[Point]) -> str:
    """A path through points in whole units, told by the steps from one to the next, which are short."""
    whole = [(round(x), round(y)) for x, y in points]
    steps = [
        f"{x - before_x}{'' if y < before_y else ' '}{y - before_y}"
        for (before_x, before_y), (x, y) in pairwise(whole)
    ]
    relative = "l" + "".join(
        f"{'' if step.startswith('-') or not at else ' '}{step}" for at, step in enumerate(steps)
    )
    return f"M{whole[0][0]} {whole[0][1]}" + (relative if steps else "h0")


def simplified(points: Sequence[Point], tolerance: float) -> list[Point]:
    """The points without those that lie on the line between others (Ramer, Douglas and Peucker's way)."""
    if len(points) < 3:
        return list(points)
    (x, y), (to_x, to_y) = points[0], points[-1]
    steep = (to_y - y) / (to_x - x) if to_x != x else 0.0
    gaps = [abs(at_y - y - steep * (at_x - x)) for at_x, at_y in points]
    farthest = max(range(len(points)), key=lambda place: gaps[place])
    if gaps[farthest] <= tolerance:
        return [points[0], points[-1]]
    before, after = points[: farthest + 1], points[farthest:]
    return simplified(before, tolerance)[:-1] + simplified(after, tolerance)


def dots(points: Sequence[Point]) -> str:
    """A path that marks each point; with round ends of its line it draws dots."""
    placed = [(round(x, 1), round(y, 1)) for x, y in points]
    moves = [
        f"m{_written(x - before_x)} {_written(y - before_y)}h0"
        for (before_x, before_y), (x, y) in pairwise(placed)
    ]
    return f"M{_point(placed[0])}h0{''.join(moves)}"


def short(label: str, most: int) -> str:
    """A label that fits, with … where it was cut."""
    clean = visible(label)
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def _stroke(ends: tuple[Point, Point]) -> str:
    (x, y), (to_x, to_y) = ends
    if y == to_y:
        return f"M{_point(ends[0])}H{_written(to_x)}"
    return f"M{_point(ends[0])}V{_written(to_y)}" if x == to_x else f"M{_point(ends[0])}L{_point(ends[1])}"


def _point(point: Point) -> str:
    return f"{_written(point[0])} {_written(point[1])}"


def _written(value: object) -> object:
    """Coordinates with one decimal, which nobody sees the lack of."""
    if not isinstance(value, float):
        return visible(value) if isinstance(value, str) else value
    rounded = round(value, 1)
    return int(rounded) if rounded == int(rounded) else rounded
