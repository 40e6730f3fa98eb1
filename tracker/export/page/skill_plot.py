"""The plot of skill against values: intervals, every seed as a dot, the baseline."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from tracker.configs import same
from tracker.export.page import svg
from tracker.export.page.figures import by_seed, decimals_of, number, value_text, with_unit
from tracker.export.page.layouts import Layout, layout
from tracker.export.page.svg import WIDTH, element
from tracker.questions.question import Question
from tracker.statistics.estimates import Estimate

_SPREAD = 18.0  # over which the seeds of a value are spread, so that none hides another
_STEP = 5.0  # at most, from one seed to the next


def skill_plot(question: Question, estimates: Sequence[Estimate], tones: Sequence[str]) -> Markup:
    """The drawing, or nothing where no run has a number; `tones` colour the values."""
    if not any(one.n for one in estimates):
        return Markup("")
    drawn = layout(question, estimates)
    decimals = decimals_of(estimates)
    values = [
        _value(drawn, place, one, tone, by_seed(one, decimals))
        for place, (one, tone) in enumerate(zip(estimates, tones, strict=True))
    ]
    return element(
        "svg",
        element("title", f"{with_unit(question)} for each {question.parameter}"),
        element("desc", _described(question, estimates)),
        *drawn.frame(),
        *_baseline(question, drawn, estimates),
        *values,
        class_="skill plot",
        viewBox=f"0 0 {WIDTH:g} {drawn.height:g}",
        role="group",
    )


def _baseline(question: Question, drawn: Layout, estimates: Sequence[Estimate]) -> list[Markup]:
    if not question.has_baseline:
        return []
    means = [one.mean for one in estimates if same(one.value, question.baseline) and one.mean is not None]
    return drawn.baseline(means[0], question.metric.sesoi or 0.0) if means else []


def _value(drawn: Layout, place: int, one: Estimate, tone: str, words: str) -> Markup:
    """The marks of one value, in the order of the table's rows: the script takes its words from there."""
    hit = svg.box(*drawn.box(place), class_="hit")
    marks = [*_interval(drawn, place, one), *_skills(drawn, place, one)]
    if not one.n:
        instead = "diverged" if one.diverged else "no number yet"
        marks = [svg.text(instead, *drawn.empty(place), class_="none", text_anchor="middle")]
    return element("g", element("title", words), hit, *marks, class_=f"value {tone}")


def _interval(drawn: Layout, place: int, one: Estimate) -> list[Markup]:
    if one.low is None or one.high is None:
        return []
    cut = "" if drawn.axis.holds(one.low) and drawn.axis.holds(one.high) else " cut"
    return [svg.line(drawn.point(place, one.low, 0), drawn.point(place, one.high, 0), class_=f"ci{cut}")]


def _skills(drawn: Layout, place: int, one: Estimate) -> list[Markup]:
    """A stroke for the mean, a dot for each seed."""
    if one.mean is None:
        return []
    step = min(_STEP, _SPREAD / max(1, one.n - 1))
    marks = [
        drawn.point(place, skill, step * (at - (one.n - 1) / 2))
        for at, skill in enumerate(one.skills.values())
    ]
    return [
        svg.line(drawn.point(place, one.mean, -10), drawn.point(place, one.mean, 10), class_="mean"),
        element("path", d=svg.dots(marks), class_="dot"),
    ]


def _described(question: Question, estimates: Sequence[Estimate]) -> str:
    decimals = decimals_of(estimates)
    unit = f" {question.metric.unit}" if question.metric.unit else ""
    known = [f"{value_text(one.value)} {number(one.mean, decimals)}{unit}" for one in estimates if one.n]
    return f"Means: {', '.join(known)}."
