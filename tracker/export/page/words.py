"""The sign, the colour and the word of every state and verdict."""

from __future__ import annotations

from dataclasses import dataclass

from tracker.findings import Finding
from tracker.findings.states import ALIVE


@dataclass(frozen=True, slots=True)
class Sign:
    """How a word is shown: readable by its glyph and by itself, whatever the colour."""

    word: str
    glyph: str
    tone: str  # the CSS class that colours it
    meaning: str = ""


def _signs(*entries: tuple[str, str, str, str]) -> dict[str, Sign]:
    return {word: Sign(word, glyph, tone, meaning) for word, glyph, tone, meaning in entries}


# The selector \ufe0e asks for the plain form of an arrow that phones would draw as a picture.
VERDICTS = _signs(
    ("better", "▲", "good", "better than the baseline, beyond what seeds explain"),
    ("better-but-small", "△", "good", "better, by less than the smallest difference that matters"),
    ("worse", "▼", "bad", "worse than the baseline, beyond what seeds explain"),
    ("worse-but-small", "▽", "bad", "worse, by less than the smallest difference that matters"),
    ("same", "=", "even", "the same, within the smallest difference that matters"),
    ("rising", "↗\ufe0e", "trend", "the number goes up along the scale"),
    ("falling", "↘\ufe0e", "trend", "the number goes down along the scale"),
    ("flat", "→", "even", "along the scale, less changes than matters"),
    ("peak", "∧", "trend", "the number is highest somewhere inside the scale"),
    ("valley", "∨", "trend", "the number is lowest somewhere inside the scale"),
    ("inconclusive", "?", "open", "the seeds do not decide"),
    ("unreplicated", "◌", "open", "too few seeds for a verdict"),
    ("diverged", "✕", "trouble", "a value or the baseline never converged"),
)
STATES = _signs(
    ("planned", "○", "plan", "no run yet"),
    ("blocked", "⊘", "plan", "waits for the verdict of the question above"),
    ("parked", "‖", "plan", "put aside by a human"),
    ("moot", "–", "plan", "the question above came out so that this one needs no answer"),
    ("queued", "◔", "run", "runs wait for a machine"),
    ("running", "◐", "run", "runs are under way"),
    ("partial", "◑", "open", "some runs are there, none is under way"),
    ("stalled", "◑", "open", "runs are alive without progress"),
    ("interrupted", "✕", "trouble", "somebody stopped a run"),
    ("failed", "✕", "trouble", "a run ended with an error"),
    ("dead", "✕", "trouble", "a run ended without a word"),
    ("diverged", "✕", "trouble", "no run converged"),
    ("done", "●", "done", "every run that was asked for is there"),
)
OUTCOMES = _signs(  # of claims, and of findings that were written down
    ("supported", "✓", "good", "the runs say what was claimed"),
    ("contradicted", "✗", "trouble", "the runs say something else than was written"),
    ("not settled", "?", "open", "the runs do not decide what was claimed"),
    ("stale", "!", "open", "the runs have changed since somebody looked"),
)
TERMS = (  # that sentences and tables use
    ("n", "how many runs a mean goes over, each with another seed"),
    ("sd", "standard deviation: how far the seeds of one value lie apart"),
    ("CI", "confidence interval: it holds the true number as often as its percentage says"),
    ("p", "how often chance alone would make as large a difference, where there is none"),
    ("Holm p", "p, made larger because one question makes several comparisons"),
    (
        "TOST p",
        "how often chance alone would make the values look as alike, where they differ by what matters",
    ),
    ("r", "how well pairs of runs with the same seed go together, from −1 to 1"),
)
UNFINISHED = Sign("unfinished", "◑", "open", "has some of its runs or failed ones, and none is under way")
STATUSES = ("done", "running", "unfinished", "planned")  # as the head counts questions


def verdict_sign(word: str) -> Sign:
    """The sign of a verdict; a word that is not known gets a neutral one."""
    return VERDICTS.get(word, Sign(word, "•", "even"))


def outcome_sign(word: str) -> Sign:
    """The sign of a claim's outcome or of a finding's standing."""
    return OUTCOMES.get(word, Sign(word, "•", "even"))


def status_of(finding: Finding) -> str:
    """The status in one of STATUSES: running only where something runs."""
    unfinished = finding.status == "running" and finding.state not in ALIVE
    return UNFINISHED.word if unfinished else finding.status


def status_sign(word: str) -> Sign:
    """The sign of one of STATUSES."""
    return UNFINISHED if word == UNFINISHED.word else STATES[word]


def state_sign(word: str) -> Sign:
    """The sign of a state; a word that is not known gets a neutral one."""
    return STATES.get(word, Sign(word, "•", "even"))
