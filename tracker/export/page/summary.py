"""The head of the page: counts, what is running, what it costs."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tracker.configs import key
from tracker.export.page.evidence import run_address
from tracker.export.page.words import (
    OUTCOMES,
    STATES,
    STATUSES,
    VERDICTS,
    Sign,
    state_sign,
    status_of,
    status_sign,
    verdict_sign,
)
from tracker.findings import Finding, walk
from tracker.run import Run
from tracker.statistics.discovery import expected_false
from tracker.table import NEVER
from tracker.tree import Cell
from tracker.wording import sentences
from tracker.wording.words import hours

_TROUBLES = ("failed", "dead", "stalled", "interrupted")
_LISTED = 12  # runs in a list; the rest is counted


@dataclass(frozen=True, slots=True)
class Notice:
    """A run that somebody may want to look at."""

    id: str
    node: str
    sign: Sign
    words: str
    address: str


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything at a glance."""

    statuses: tuple[tuple[Sign, int], ...]
    verdicts: tuple[tuple[Sign, int], ...]
    questions: int
    answered: int
    running: tuple[Notice, ...]
    troubles: tuple[Notice, ...]
    more_running: int
    more_troubles: int
    hours_used: float
    hours_left: float | None
    runs: int
    reliance: str  # how far all answers together can be trusted


def summary(findings: Sequence[Finding], omniboard: str) -> Summary:
    """The counts over all questions; a run that answers several counts once."""
    asked = [one for root in findings for one in walk(root) if one.node.cells]
    cells = [cell for one in asked if one.state not in NEVER for cell in one.wanted]
    runs = {run.id: run for one in asked for cell in one.cells for run in cell.runs}
    running = list(_notices(asked, ("running", "queued"), omniboard))
    troubles = list(_notices(asked, _TROUBLES, omniboard))
    statuses = Counter(map(status_of, asked))
    verdicts = Counter(one.verdict for one in asked if one.verdict)
    return Summary(
        statuses=tuple((status_sign(word), statuses[word]) for word in STATUSES if statuses[word]),
        verdicts=tuple((verdict_sign(word), verdicts[word]) for word in _ordered(verdicts)),
        questions=len(asked),
        answered=sum(one.verdict not in ("", "inconclusive", "unreplicated") for one in asked),
        running=tuple(running[:_LISTED]),
        troubles=tuple(troubles[:_LISTED]),
        more_running=max(0, len(running) - _LISTED),
        more_troubles=max(0, len(troubles) - _LISTED),
        hours_used=sum(run.hours for run in runs.values()),
        hours_left=_hours_left(cells),
        runs=len(runs),
        reliance=sentences.reliance(*expected_false(one.lead for one in asked)),
    )


def used_signs(findings: Iterable[Finding]) -> tuple[Sign, ...]:
    """The signs that the page shows, to be explained: verdicts, then states, then outcomes of claims."""
    nodes = [one for root in findings for one in walk(root)]
    verdicts = {comparison.verdict for one in nodes for comparison in one.comparisons}
    states = {one.state for one in nodes}
    outcomes = {claim.outcome for one in nodes for claim in one.checked} | {
        one.standing.state for one in nodes
    }
    used = ((VERDICTS, verdicts), (STATES, states - verdicts), (OUTCOMES, outcomes))
    return tuple(sign for signs, words in used for word, sign in signs.items() if word in words)


def _ordered(words: Iterable[str]) -> list[str]:
    """Verdicts in the house's order, unknown ones last."""
    order = list(VERDICTS)
    return sorted(words, key=lambda word: (order.index(word) if word in order else len(order), word))


def _notices(asked: Iterable[Finding], states: tuple[str, ...], omniboard: str) -> Iterable[Notice]:
    """Every run in one of these states that nobody has answered for, each once."""
    seen = set()
    for one in asked:
        for cell in one.cells:
            state = cell.state(one.now)
            run = next((run for run in reversed(cell.runs) if run.state(one.now) == state), None)
            if run and state in states and run.id not in seen:
                seen.add(run.id)
                yield Notice(
                    str(run.id),
                    one.node.question.node,
                    state_sign(state),
                    _told(run),
                    run_address(omniboard, run),
                )


def _told(run: Run) -> str:
    if run.failure:
        return run.failure
    began = run.started
    if began is None:
        return f"seed {run.seed}"
    return f"seed {run.seed}, started {began:%Y-%m-%d %H:%M} UTC, {hours(run.hours)}"


def _hours_left(cells: Sequence[Cell]) -> float | None:
    """What the missing runs will take at the mean of those that answer."""
    answers = {cell.answer.id: cell.answer for cell in cells if cell.answer}
    left = {(key(cell.settings), cell.seed) for cell in cells if not cell.answer}
    if left and not answers:
        return None
    return len(left) * statistics.fmean(run.hours for run in answers.values()) if left else 0.0
