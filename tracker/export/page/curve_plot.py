"""The plot of learning curves."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from tracker.export.page import svg
from tracker.export.page.axes import Axis, apart, fitted, tick_labels
from tracker.export.page.curves import Curve, Curves
from tracker.export.page.figures import value_text
from tracker.export.page.svg import CHARACTER, WIDTH, element

COLOURS = 8  # classes c0 to c7 of the style sheet; the dashes of a line tell the same
_HEIGHT = 210.0
_TOP, _BOTTOM = 26.0, _HEIGHT - 40
_EDGE = 14.0
_FINE = 2  # curves are drawn in halves of a unit
_TOLERANCE = 1.5  # of these halves: what nobody sees


def curve_plot(curves: Curves, unit: str) -> Markup:
    """The medians as lines, the ranges as bands behind them."""
    medians = [number for one in curves.curves for number in one.median]
    skill = fitted(
        medians, [number for one in curves.curves for number in (*one.low, *one.high)], _BOTTOM, _TOP
    )
    labels = tick_labels(skill.ticks(4))
    left = max(len(label) for label in labels or ("",)) * CHARACTER + 12
    steps = [step for one in curves.curves for step in one.steps]
    time = Axis(*apart(min(steps), max(steps)), left, WIDTH - _EDGE)
    bands = [_band(one, place, time, skill) for place, one in enumerate(curves.curves)]
    lines = [_median(one, place, time, skill) for place, one in enumerate(curves.curves)]
    drawn = element("g", *bands, *lines, transform=f"scale({1 / _FINE})")
    title = f"{curves.metric}{f' ({unit})' if unit else ''}"
    return element(
        "svg",
        element("title", f"{title} over the steps of training"),
        element("desc", _described(curves)),
        *_frame(skill, labels, left, time),
        svg.text(title, 2.0, 13.0, class_="axis"),
        drawn,
        class_="curves plot",
        viewBox=f"0 0 {WIDTH:g} {_HEIGHT:g}",
        role="img",
    )


def legend(curves: Curves) -> tuple[tuple[str, str], ...]:
    """For each curve its class and its words, with the number of runs where it differs."""
    uneven = len({one.runs for one in curves.curves}) > 1
    return tuple(
        (f"c{place % COLOURS}", f"{value_text(one.value)}{f' ({one.runs})' if uneven else ''}")
        for place, one in enumerate(curves.curves)
    )


def _frame(skill: Axis, labels: Sequence[str], left: float, time: Axis) -> list[Markup]:
    ys = [skill.at(tick) for tick in skill.ticks(4)]
    ticks = time.ticks(4)
    under = [
        svg.text(label, min(time.at(tick), WIDTH - len(label) * CHARACTER / 2), _BOTTOM + 16)
        for tick, label in zip(ticks, tick_labels(ticks), strict=True)
    ]
    under.append(svg.text("step", (left + WIDTH - _EDGE) / 2, _HEIGHT - 6, class_="axis"))
    beside = [svg.text(label, left - 6, y + 4) for y, label in zip(ys, labels, strict=True)]
    return [
        svg.lines([((left, y), (WIDTH - _EDGE, y)) for y in ys], class_="grid"),
        svg.group(beside, text_anchor="end"),
        svg.group(under, text_anchor="middle"),
    ]


def _median(one: Curve, place: int, time: Axis, skill: Axis) -> Markup:
    return element(
        "path", d=svg.path(_points(one.steps, one.median, time, skill)), class_=f"c{place % COLOURS}"
    )


def _band(one: Curve, place: int, time: Axis, skill: Axis) -> Markup:
    if one.runs < 2:
        return Markup("")
    over = _points(one.steps, one.high, time, skill)
    under = _points(one.steps, one.low, time, skill)
    return element("path", d=svg.path([*over, *reversed(under)]) + "z", class_=f"band c{place % COLOURS}")


def _points(steps: Sequence[float], numbers: Sequence[float], time: Axis, skill: Axis) -> list[svg.Point]:
    both = zip(steps, numbers, strict=True)
    placed = [(_FINE * time.at(step), _FINE * skill.at(number)) for step, number in both]
    return svg.simplified(placed, _TOLERANCE)


def _described(curves: Curves) -> str:
    ends = [f"{value_text(one.value)} {one.median[0]:.3g} to {one.median[-1]:.3g}" for one in curves.curves]
    return f"Medians from start to end: {'; '.join(ends)}."
