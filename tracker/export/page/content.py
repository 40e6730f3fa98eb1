"""What the page says of every node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tracker.export.page.curve_plot import curve_plot, legend
from tracker.export.page.curves import FEWEST_POINTS, MOST_POINTS, learning_curves
from tracker.export.page.evidence import Evidence, evidence
from tracker.export.page.figures import value_text
from tracker.export.page.numbers_table import TableRow, has_differences, table_rows, tones
from tracker.export.page.recordings import Recordings
from tracker.export.page.skill_plot import skill_plot
from tracker.export.page.words import Sign, outcome_sign, state_sign, status_of, verdict_sign
from tracker.findings import Finding, walk
from tracker.findings.claims import Checked
from tracker.rounding import percentage
from tracker.table import Row, rows
from tracker.wording.words import hours

_POINTS_IN_ALL = 14_000  # over all curves of a page, at about 25 bytes each with its range
_DEEPEST_HEADING = 6
FEW_QUESTIONS = 6  # up to here, all are unfolded when the page opens


@dataclass(frozen=True, slots=True)
class LearningCurves:
    """The drawing of the learning curves with its legend: a class and words for each."""

    metric: str
    plot: Markup
    legend: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A node as the page shows it."""

    node: str
    heading: int  # 2 to 6
    name: str
    asked: str
    sign: Sign  # of the verdict, or of the state while there is none
    state: Sign
    verdict: str
    status: str
    sub_project: str
    context: str
    answer: str  # the computed sentence, up to its first semicolon
    more: str  # and the rest of it
    human: str
    outcome: tuple[Sign, str] | None  # what the runs make of the human's words, where they can be checked
    standing: Sign | None  # of the finding, where it does not hold any more
    reason: str
    claims: tuple[tuple[Sign, str], ...]
    hypothesis: str
    notes: str
    explained: tuple[tuple[str, str], ...] = ()  # what its values mean
    facts: tuple[tuple[str, str], ...] = ()
    level: str = "95%"  # of the intervals
    unit: str = ""
    parameter: str = ""
    plot: str = ""  # a drawing, or nothing
    rows: tuple[TableRow, ...] = ()
    differs: bool = False
    curves: LearningCurves | None = None
    evidence: Evidence | None = None
    open: bool = True
    children: tuple[Entry, ...] = ()

    @property
    def is_question(self) -> bool:
        """Whether it asks for runs, and is no group."""
        return self.evidence is not None


def entries(findings: Sequence[Finding], recordings: Recordings, omniboard: str) -> tuple[Entry, ...]:
    """The entry of every root with those beneath it."""
    nodes = [one for root in findings for one in walk(root)]
    told = {row.node: row for row in rows(findings)}
    drawn = sum(len(one.estimates) for one in nodes)
    points = max(FEWEST_POINTS, min(MOST_POINTS, _POINTS_IN_ALL // max(1, drawn)))
    few = sum(bool(one.node.cells) for one in nodes) <= FEW_QUESTIONS

    def entry(finding: Finding) -> Entry:
        children = tuple(entry(child) for child in finding.children)
        return _entry(finding, told[finding.node.question.node], recordings, points, omniboard, few, children)

    return tuple(entry(root) for root in findings)


def _entry(
    finding: Finding,
    row: Row,
    recordings: Recordings,
    points: int,
    omniboard: str,
    few: bool,
    children: tuple[Entry, ...],
) -> Entry:
    question = finding.node.question
    state = state_sign(finding.state)
    stands = finding.standing
    answer, semicolon, more = finding.computed.partition(";")
    found = table_rows(finding)
    is_question = bool(finding.node.cells)
    return Entry(
        node=question.node,
        heading=min(question.level + 1, _DEEPEST_HEADING),
        name=question.name or question.id,
        asked=question.question,
        sign=verdict_sign(finding.verdict) if finding.verdict else state,
        state=state,
        verdict=finding.verdict,
        status=status_of(finding),
        sub_project=question.sub_project,
        context=question.context,
        answer=answer + semicolon,
        more=more,
        human=question.finding,
        outcome=_outcome(finding),
        standing=outcome_sign(stands.state) if stands.state in ("stale", "contradicted") else None,
        reason=stands.reason.removeprefix(f"{stands.state}: "),
        claims=tuple((outcome_sign(one.outcome), _claimed(one)) for one in finding.claims),
        hypothesis=question.hypothesis,
        notes=question.notes,
        explained=tuple(question.explain.items()),
        facts=_facts(finding, row) if is_question else (),
        level=percentage(1 - question.alpha),
        unit=question.metric.unit,
        parameter=question.parameter,
        plot=skill_plot(question, finding.estimates, tones(finding)),
        rows=found,
        differs=has_differences(found),
        curves=_curves(finding, recordings, points),
        evidence=evidence(finding, omniboard) if is_question else None,
        open=few or not is_question,
        children=children,
    )


def _outcome(finding: Finding) -> tuple[Sign, str] | None:
    """None as well where it is contradicted, because its standing says so."""
    human = finding.human
    if human is None or human.outcome == finding.standing.state:
        return None
    return outcome_sign(human.outcome), _claimed(human)


def _claimed(one: Checked) -> str:
    """The claim in words, without the outcome, which has a sign of its own."""
    return one.claim.says or one.sentence.removeprefix(f"{one.outcome}: ")


def _curves(finding: Finding, recordings: Recordings, points: int) -> LearningCurves | None:
    found = learning_curves(finding, recordings, points)
    if found is None:
        return None
    metric = finding.node.question.metric
    unit = metric.unit if found.metric.rpartition(".")[2] == metric.name.rpartition(".")[2] else ""
    return LearningCurves(found.metric, curve_plot(found, unit), legend(found))


def _facts(finding: Finding, row: Row) -> tuple[tuple[str, str], ...]:
    question = finding.node.question
    metric = question.metric
    better = "higher" if metric.goal == "maximize" else "lower"
    scale = {"log": " (log scale)", "ordered": " (in this order)"}.get(question.scale, "")
    failed = f", {row.n_failed} failed" if row.n_failed else ""
    left = "" if row.cost_left_h == 0 else f", {hours(row.cost_left_h)} left"
    facts = (
        ("Varied", f"{question.parameter}: {', '.join(map(value_text, question.values))}{scale}"),
        ("Measured", f"{metric.name}, {metric.reduce} of each run; {better} is better"),
        ("Runs", f"{len(row.run_ids)} of {row.n_planned} done{failed}"),
        ("Computing", f"{hours(row.cost_used_h)} used{left}"),
        ("Context", question.context),
    )
    return tuple((name, words) for name, words in facts if words)
