"""What training in bf16 costs in accuracy: what runs say to the questions of sweeps/precision.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.speed.cases import Case
from tracker import Finding, answer, load_questions, open_store, walk
from tracker.errors import StoreError
from tracker.export.markdown import markdown
from tracker.stores import is_absent

QUESTIONS = Path(__file__).parents[2] / "sweeps/precision.yaml@cpu"
UNKNOWN = "not measured"


@dataclass(frozen=True)
class Accuracy:
    """The answers, by question; none where no store was given."""

    found: tuple[Finding, ...] = ()

    def beside(self, case: Case) -> str:
        """How far bf16 is from fp32 where the case trains in bf16; nothing where it does not."""
        if case.precision != "bf16":
            return ""
        return self._by_question.get(case.accuracy, UNKNOWN)

    @property
    def section(self) -> list[str]:
        """The questions with their answers, in lines of Markdown."""
        if not self.found:
            return []
        return ["", "## What bf16 costs in accuracy", "", *markdown(self.found).splitlines()]

    @property
    def _by_question(self) -> Mapping[str, str]:
        every = [one for root in self.found for one in walk(root)]
        return {one.node.question.node: _words(one) for one in every}


def accuracy(store: str) -> Accuracy:
    """What the runs of a store say. Raises StoreError where there is no such store."""
    if is_absent(store):
        command = f"sweeps run sweeps/precision.yaml --profile cpu --store {store}"
        raise StoreError(f"{store} is not there: make it with `{command}`")
    return Accuracy(answer(load_questions(QUESTIONS), open_store(store), datetime.now(UTC)))


def _words(finding: Finding) -> str:
    lead = finding.lead
    if lead is None or lead.delta is None or lead.low is None or lead.high is None or lead.level is None:
        return UNKNOWN
    return f"{lead.delta:+.1f} points ({lead.level:.0%} CI {lead.low:.1f} to {lead.high:.1f}, n={lead.n[0]})"
