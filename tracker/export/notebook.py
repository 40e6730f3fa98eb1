"""A finding in a notebook: the question, the answer, its numbers, its plot."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from tracker.export.page.figures import between, decimals_of, difference_decimals, number, value_text
from tracker.export.page.numbers_table import against, tones
from tracker.export.page.skill_plot import skill_plot
from tracker.export.page.svg import element, joined
from tracker.export.terminal import MARKS
from tracker.findings import Finding
from tracker.statistics.estimates import Estimate

# Notebooks have their own colours, light or dark: only the tones of verdicts are ours, readable on both.
_STYLE = """
.sacred-grove { max-width: 46rem; }
.sacred-grove td, .sacred-grove th { padding: .15em .7em .15em 0; text-align: left; }
.sacred-grove .plot { max-width: 30rem; overflow: visible; }
.sacred-grove .plot text { font: 10px sans-serif; fill: currentColor; }
.sacred-grove .plot path { fill: none; stroke: currentColor; }
.sacred-grove .plot .grid { stroke-width: .8; stroke-opacity: .2; }
.sacred-grove .plot .base { stroke-dasharray: 4 3; stroke-opacity: .6; }
.sacred-grove .plot .hit { stroke: none; }
.sacred-grove .value path { stroke: #6b7480; }
.sacred-grove .good path { stroke: #2b8a57; } .sacred-grove .bad path { stroke: #c8502e; }
.sacred-grove .value .ci { stroke-width: 7; stroke-opacity: .3; }
.sacred-grove .value .mean { stroke-width: 2.4; }
.sacred-grove .value .dot { stroke-width: 5; stroke-linecap: round; }
"""
_VALUES = ("value", "n", "mean", "sd", "interval", "difference", "verdict")
_CHILDREN = ("question", "state", "finding")


def finding_html(finding: Finding) -> str:
    """The finding as a piece of HTML that brings its own style and runs no script."""
    question = finding.node.question
    told = [element("p", element("em", question.question))] if question.question else []
    return str(
        element(
            "div",
            element("style", Markup(_STYLE)),
            element("h4", f"{question.name}: {_state(finding)}"),
            *told,
            skill_plot(question, finding.estimates, tones(finding)) if finding.estimates else Markup(""),
            _table(_VALUES, (_value(finding, one) for one in finding.estimates)),
            *(element("p", words) for words in _answers(finding)),
            _table(_CHILDREN, (_child(child) for child in finding.children)),
            class_="sacred-grove",
        )
    )


def _answers(finding: Finding) -> list[str]:
    """A human's words where there are any, then what was computed."""
    human = finding.node.question.finding
    return [
        *([f"{human} (a human's words)"] if human else []),
        *([finding.computed] if finding.computed else []),
    ]


def _state(finding: Finding) -> str:
    sign = MARKS.get(finding.state, ("", ""))[0]
    return f"{sign} {finding.state}{f', {finding.verdict}' if finding.verdict else ''}"


def _value(finding: Finding, one: Estimate) -> tuple[str, ...]:
    decimals = decimals_of(finding.estimates)
    found = against(finding, one)
    return (
        value_text(one.value),
        str(one.n),
        number(one.mean, decimals),
        number(one.sd, decimals),
        between(one.low, one.high, decimals),
        number(found.delta, difference_decimals(finding.node.question, found)) if found else "",
        found.verdict if found else "",
    )


def _child(finding: Finding) -> tuple[str, ...]:
    return finding.node.question.name, _state(finding), " ".join(_answers(finding))


def _table(heading: Iterable[str], lines: Iterable[Iterable[str]]) -> Markup:
    """A table, or nothing where it would have no row."""
    body = [element("tr", *(element("td", word) for word in line)) for line in lines]
    head = element("tr", *(element("th", word) for word in heading))
    return element("table", element("thead", head), element("tbody", joined(body))) if body else Markup("")
