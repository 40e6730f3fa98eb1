"""Whether a finding that was written down or sealed still holds."""

from __future__ import annotations

from dataclasses import dataclass

from tracker.findings.claims import CONTRADICTED, Checked
from tracker.findings.evidence import Evidence, changes
from tracker.findings.seals import Seal
from tracker.statistics.verdicts import OPEN


@dataclass(frozen=True, slots=True)
class Standing:
    """fresh, stale or contradicted, with the reason; empty without any run to rest on."""

    state: str = ""
    reason: str = ""


def standing(
    human: str, verdict: str, checked: Checked | None, evidence: Evidence, seal: Seal | None
) -> Standing:
    """What became of a finding; `human` are a human's words and `checked` what the runs make of them."""
    if checked and checked.outcome == CONTRADICTED:
        return Standing(CONTRADICTED, checked.sentence)
    if seal is None:
        return Standing("fresh" if evidence.mark else "")
    turned = verdict != seal.verdict and verdict not in OPEN and seal.verdict not in OPEN
    if human and human == seal.human and checked is None and turned:
        return Standing(
            CONTRADICTED, f"it was written when the verdict was {seal.verdict}; now it is {verdict}"
        )
    changed = changes(seal.evidence, evidence) if seal.evidence.mark != evidence.mark else ""
    return Standing("stale", changed) if changed else Standing("fresh")
