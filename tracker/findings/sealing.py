"""Seals findings, so that a later build can tell which of them rest on something else by then."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path

from tracker.findings import Finding, walk
from tracker.findings.seals import Seal, read_seals, write_seals


def seal(
    questions: Path, findings: Iterable[Finding], now: datetime, accept: Collection[str] = ()
) -> tuple[str, ...]:
    """Seal every finding that rests on runs; the nodes whose seal was made or made anew.

    A human's finding keeps its seal while its words stay the same, because the human has not looked again;
    naming its node in `accept` says that the words still hold. A seal outlives its runs: it alone tells that
    they are gone, and at how many seeds somebody has looked.
    """
    before = read_seals(questions)
    asked = [one for root in findings for one in walk(root) if one.cells]
    after = {}
    for one in asked:
        node = one.node.question.node
        kept = before.get(node)
        if one.evidence.mark and (kept is None or _is_due(one, kept, node in accept)):
            after[node] = _sealed(one, kept, now)
        elif kept:
            after[node] = kept
    if after != before:
        write_seals(questions, after)
    return tuple(node for node, made in after.items() if made is not before.get(node))


def _is_due(one: Finding, kept: Seal, accepted: bool) -> bool:
    words = one.node.question.finding
    if words != kept.human:
        return True
    if words and not accepted:
        return False
    return one.evidence.mark != kept.evidence.mark


def _sealed(one: Finding, kept: Seal | None, now: datetime) -> Seal:
    tested = one.lead is not None and one.lead.p is not None
    looks = {*(kept.looked_at if kept else ()), *([one.seeds_counted] if tested else [])}
    return Seal(
        sealed=now.astimezone(UTC).isoformat(timespec="seconds"),
        verdict=one.verdict,
        sentence=one.computed,
        human=one.node.question.finding,
        looked_at=tuple(sorted(looks)),
        evidence=one.evidence,
    )
