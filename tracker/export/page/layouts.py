"""How a skill plot is laid out: categories as rows, or values along a scale."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

from markupsafe import Markup

from tracker.export.page import svg
from tracker.export.page.axes import Axis, fitted, tick_labels
from tracker.export.page.figures import value_text, with_unit
from tracker.export.page.svg import CHARACTER, WIDTH, Point, element
from tracker.questions.question import Question
from tracker.statistics.comparisons import places
from tracker.statistics.estimates import Estimate

_ROW = 36.0  # height of a category
_HEIGHT = 250.0  # of a plot along a scale
_MOST_GUTTER = 130.0
_EDGE = 14.0


class Layout(Protocol):
    """Where the values of a question lie on its plot; values go by their place in the question."""

    height: float
    axis: Axis  # of the skill

    def point(self, place: int, skill: float, aside: float) -> Point:
        """Where a skill of a value lies, moved aside so that it hides no other."""

    def box(self, place: int) -> tuple[float, float, float, float]:
        """x, y, width and height of what belongs to a value."""

    def empty(self, place: int) -> Point:
        """Where words stand for a value without numbers."""

    def frame(self) -> list[Markup]:
        """Axes, ticks, names."""

    def baseline(self, mean: float, margin: float) -> list[Markup]:
        """The line of the baseline, on a band of the differences that do not matter."""


def layout(question: Question, estimates: Sequence[Estimate]) -> Layout:
    """Rows for categories; a scale where the question declares one."""
    return Scaled(question, estimates) if question.scale else Rows(question, estimates)


class Rows:
    """Categories as rows, the skill from left to right."""

    def __init__(self, question: Question, estimates: Sequence[Estimate]) -> None:
        self.question, self.estimates = question, estimates
        self.labels = [value_text(one.value) for one in estimates]
        longest = max(len(label) for label in self.labels)
        self.gutter = min(longest * CHARACTER + 16, _MOST_GUTTER)
        self.top = 22.0
        self.bottom = self.top + _ROW * len(estimates)
        self.height = self.bottom + 40
        self.axis = _skill_axis(estimates, self.gutter + 6, WIDTH - _EDGE)

    def point(self, place: int, skill: float, aside: float) -> Point:
        return self.axis.at(skill), self._middle(place) + aside

    def box(self, place: int) -> tuple[float, float, float, float]:
        return 1.0, self.top + _ROW * place + 1, WIDTH - 2, _ROW - 2

    def frame(self) -> list[Markup]:
        ticks = self.axis.ticks()
        xs = [self.axis.at(tick) for tick in ticks]
        most = int((self.gutter - 12) / CHARACTER)
        names = [
            svg.text(svg.short(label, most), self.gutter - 6, self._middle(place) + 4)
            for place, label in enumerate(self.labels)
        ]
        numbers = [
            svg.text(label, x, self.bottom + 15) for x, label in zip(xs, tick_labels(ticks), strict=True)
        ]
        middle = (self.axis.start + self.axis.end) / 2
        numbers.append(svg.text(with_unit(self.question), middle, self.bottom + 33, class_="axis"))
        return [
            svg.lines([((x, self.top), (x, self.bottom)) for x in xs], class_="grid"),
            svg.group(names, text_anchor="end"),
            svg.group(numbers, text_anchor="middle"),
        ]

    def baseline(self, mean: float, margin: float) -> list[Markup]:
        x, left, right = (self.axis.at(place) for place in (mean, mean - margin, mean + margin))
        anchor = "end" if x > WIDTH - 60 else "middle"
        return [
            svg.box(left, self.top, right - left, self.bottom - self.top, class_="matters"),
            svg.line((x, self.top - 4), (x, self.bottom), class_="base"),
            svg.text("baseline", min(x, WIDTH - 4), self.top - 9, text_anchor=anchor, class_="base-label"),
        ]

    def empty(self, place: int) -> Point:
        return (self.axis.start + self.axis.end) / 2, self._middle(place) + 4

    def _middle(self, place: int) -> float:
        return self.top + _ROW * (place + 0.5)


class Scaled:
    """Values along a scale from left to right, the skill upwards."""

    def __init__(self, question: Question, estimates: Sequence[Estimate]) -> None:
        self.question, self.estimates = question, estimates
        self.height = _HEIGHT
        self.top, self.bottom = 30.0, _HEIGHT - 42
        self.axis = _skill_axis(estimates, self.bottom, self.top)
        self.numbers = tick_labels(self.axis.ticks())
        self.left = max(len(label) for label in self.numbers or ("",)) * CHARACTER + 12
        located = places(question)
        span = Axis(min(located), max(located) if len(set(located)) > 1 else min(located) + 1, 0, 1)
        room = 34.0
        reach = WIDTH - _EDGE - room - (self.left + room)
        self.xs = [self.left + room + reach * span.at(place) for place in located]

    def point(self, place: int, skill: float, aside: float) -> Point:
        return self.xs[place] + aside * 0.7, self.axis.at(skill)

    def box(self, place: int) -> tuple[float, float, float, float]:
        ordered = sorted(self.xs)
        gaps = [after - before for before, after in pairwise(ordered)]
        half = min([17.0, *(gap / 2 for gap in gaps if gap)])
        return self.xs[place] - half, self.top - 4, 2 * half, self.bottom - self.top + 8

    def frame(self) -> list[Markup]:
        ys = [self.axis.at(tick) for tick in self.axis.ticks()]
        numbers = [svg.text(label, self.left - 6, y + 4) for y, label in zip(ys, self.numbers, strict=True)]
        scale = "log scale" if self.question.scale == "log" else "in order"
        middle = (self.left + WIDTH - _EDGE) / 2
        title = svg.text(f"{self.question.parameter} ({scale})", middle, self.height - 6, class_="axis")
        return [
            svg.lines([((self.left, y), (WIDTH - _EDGE, y)) for y in ys], class_="grid"),
            svg.group(numbers, text_anchor="end"),
            svg.text(with_unit(self.question), 2.0, 13.0, class_="axis"),
            svg.group([*self._names(), title], text_anchor="middle"),
            *self._means(),
        ]

    def empty(self, place: int) -> Point:
        return self.xs[place], self.bottom - 6

    def baseline(self, mean: float, margin: float) -> list[Markup]:
        y, under, over = (self.axis.at(place) for place in (mean, mean - margin, mean + margin))
        return [
            svg.box(self.left, over, WIDTH - _EDGE - self.left, under - over, class_="matters"),
            svg.line((self.left, y), (WIDTH - _EDGE, y), class_="base"),
            svg.text("baseline", WIDTH - 4, max(y - 5, self.top - 6), text_anchor="end", class_="base-label"),
        ]

    def _means(self) -> list[Markup]:
        both = zip(self.xs, self.estimates, strict=True)
        known = [(x, self.axis.at(one.mean)) for x, one in both if one.mean is not None]
        return [element("path", d=svg.path(sorted(known)), class_="means")] if len(known) > 1 else []

    def _names(self) -> list[Markup]:
        """The values under their places, as many as fit."""
        parts: list[Markup] = []
        free = 0.0
        room = (max(self.xs) - min(self.xs)) / max(1, len(self.xs) - 1)
        for x, one in sorted(zip(self.xs, self.estimates, strict=True), key=lambda pair: pair[0]):
            label = svg.short(value_text(one.value), max(5, int(room / CHARACTER)))
            half = len(label) * CHARACTER / 2
            if x - half >= free:
                parts.append(svg.text(label, x, self.bottom + 18))
                free = x + half + 3
        return parts


def _skill_axis(estimates: Sequence[Estimate], start: float, end: float) -> Axis:
    skills = [skill for one in estimates for skill in one.skills.values()]
    bounds = [bound for one in estimates for bound in (one.low, one.high) if bound is not None]
    return fitted(skills, bounds, start, end)
