"""The tree in a terminal, in colour or as plain text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text
from rich.tree import Tree

from tracker.findings import Finding, walk
from tracker.statistics.discovery import expected_false
from tracker.table import costs
from tracker.wording import sentences
from tracker.wording.words import hours

MARKS = {  # state -> sign, style
    "planned": ("○", "dim"),
    "blocked": ("○", "dim"),
    "parked": ("○", "dim"),
    "queued": ("…", "cyan"),
    "running": ("…", "cyan"),
    "stalled": ("!", "yellow"),
    "partial": ("…", "yellow"),
    "failed": ("×", "red"),
    "dead": ("×", "red"),
    "diverged": ("×", "magenta"),
    "done": ("●", "green"),
    "moot": ("–", "dim"),
}
OUTCOMES = {  # of a claim or a finding -> sign, style
    "supported": ("✓", "green"),
    "contradicted": ("✗", "red"),
    "not settled": ("?", "yellow"),
    "stale": ("!", "yellow"),
}
_VERDICTS = {"better": "green", "rising": "green", "worse": "red", "falling": "red", "diverged": "magenta"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def render(findings: Iterable[Finding], console: Console) -> None:
    """Print the tree: per node its state, the question, the skill of each value, the finding."""
    roots = list(findings)
    for finding in roots:
        tree = Tree(_block(finding), guide_style="dim")
        _grow(tree, finding.children)
        _print(tree, console)
    if told := sentences.reliance(*expected_false(one.lead for root in roots for one in walk(root))):
        console.print(Text(told, "dim", overflow="fold"))


def _print(tree: Tree, console: Console) -> None:
    """Print; to a file without the blanks that fill a line."""
    if console.is_terminal:
        console.print(tree)
        return
    with console.capture() as captured:
        console.print(tree)
    for line in captured.get().splitlines():
        console.out(line.rstrip(), highlight=False)


def _grow(tree: Tree, findings: Sequence[Finding]) -> None:
    for finding in findings:
        _grow(tree.add(_block(finding)), finding.children)


def _block(finding: Finding) -> RenderableType:
    question = finding.node.question
    lines = [_heading(finding)]
    if question.question:
        lines.append(_line(question.question, "italic"))
    if question.hypothesis:
        lines.append(_line(f"hypothesis: {question.hypothesis}", "dim"))
    lines += _skills(finding)
    if question.finding:
        lines.append(_line(f"{question.finding} (a human's words)"))
    if finding.computed:
        lines.append(_line(finding.computed, _VERDICTS.get(finding.verdict.partition("-")[0], "")))
    lines += _outcomes(finding)
    if question.notes:
        lines.append(_line(f"notes: {question.notes}", "dim"))
    return Group(lines[0], *(Padding(line, (0, 0, 0, 2), expand=False) for line in lines[1:]))


def _outcomes(finding: Finding) -> Iterator[Text]:
    """What became of a finding since somebody looked, and what the runs make of each claim."""
    stands = finding.standing
    if stands.reason:
        yield _outcome(stands.state, f"{stands.state}: {stands.reason.removeprefix(f'{stands.state}: ')}")
    if finding.human and finding.human.outcome != stands.state:
        yield _outcome(finding.human.outcome, f"finding {finding.human.sentence}")
    for one in finding.claims:
        yield _outcome(one.outcome, f"claim {one.sentence}")


def _outcome(word: str, sentence: str) -> Text:
    sign, style = OUTCOMES[word]
    return _line(f"{sign} {sentence}", style)


def _heading(finding: Finding) -> Text:
    question = finding.node.question
    mark, style = MARKS[finding.state]
    heading = Text.assemble((f"{mark} ", style), (shown(question.name), "bold"), overflow="fold")
    if question.name != question.id:
        heading.append(f" [{question.id}]", "dim")
    stands = finding.standing
    holds = stands.state if finding.seal or stands.reason else ""  # what nobody has looked at is no news
    words = [word for word in (finding.state, finding.verdict, holds) if word]
    return heading.append(f"  {', '.join(words)}", style).append(_costs(finding), "dim")


def _costs(finding: Finding) -> str:
    """What its runs took, and what the others will take."""
    used, left = costs(finding)
    told = [f"{hours(used)} used"] * (used > 0) + [f"{hours(left)} left"] * bool(left)
    return f"  {', '.join(told)}" if told else ""


def _skills(finding: Finding) -> list[Text]:
    known = [one for one in finding.estimates if one.mean is not None]
    question = finding.node.question
    return [_line(f"{sentences.skill(question, one, known)}  n={one.n}") for one in known]


def _line(text: str, style: str = "") -> Text:
    return Text(shown(text), style, overflow="fold")


def shown(text: str) -> str:
    """Text whose control characters are visible instead of obeyed."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
