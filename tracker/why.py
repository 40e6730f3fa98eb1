"""What stands behind a number of the table: the runs, where they were read, and the formula."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tracker.configs import same
from tracker.findings import Finding
from tracker.run import Run, Series
from tracker.statistics.effects import Sample
from tracker.statistics.estimates import Estimate
from tracker.statistics.omnibus import welch_anova
from tracker.statistics.seeds import POWER, SURE
from tracker.statistics.verdicts import Comparison
from tracker.stores.base import Store
from tracker.surroundings import code_state
from tracker.table import Row
from tracker.tree import Cell
from tracker.wording.words import label, measure


@dataclass(frozen=True, slots=True)
class Source:
    """One run behind a finding, with the place where its number was read."""

    value: str
    seed: int
    run: int | str
    step: float | None  # None where the number is that of no single step
    number: float | None
    code: str  # the commit; empty where the record tells none
    role: str  # counted, diverged, no number, other setting, tuning, later look
    past: str = ""  # that it went on where another process, or another run, had stopped; in words


def sources(finding: Finding, store: Store) -> Iterator[Source]:
    """The runs that answer a question, counted or not."""
    question = finding.node.question
    counted = {run for one in finding.estimates for run in one.runs}
    for cell in finding.cells:
        if run := cell.answer:
            series = store.series(run, question.metric.name)
            number = store.values([run], question.metric.name, question.metric.reduce).get(run.id)
            yield Source(
                value=label(question, cell.value),
                seed=cell.seed,
                run=run.id,
                step=_step(series, question.metric.reduce, number),
                number=number,
                code=code_state(run),
                role="counted" if run.id in counted else _role(finding, run, cell, number),
                past=past(run),
            )


def past(run: Run) -> str:
    """Whether a run is one of several parts, or goes on from another run; empty for most."""
    parts = f"in {len(run.parts)} parts" if run.parts else ""
    before = run.continues
    after = f"goes on from run {before.get('run')} after step {before.get('after_step')}" if before else ""
    return ", ".join(filter(None, (parts, after)))


def formula(finding: Finding, row: Row, field: str) -> str:
    """How a field of the row came about, in a line; empty for a field that needs no words."""
    write = _FORMULAS.get(field)
    return write(finding, row) if write else ""


def matters(finding: Finding) -> str:
    """Whether the parameter matters at all, in a line; empty under three values and for pairs."""
    samples = [list(one.skills.values()) for one in finding.estimates]
    if not finding.comparisons or len(samples) < 3 or finding.node.question.pair_by:
        return ""
    p = welch_anova([Sample.of(numbers) for numbers in samples]) if min(map(len, samples)) >= 3 else None
    if p is None:
        return ""
    return f"all {len(samples)} values in one test, which decides no verdict: p = {p:.3g} (Welch's ANOVA)"


def _step(series: Series, reduction: str, number: float | None) -> float | None:
    if number is None or not series.steps or reduction == "mean":
        return None
    if reduction == "last":
        return series.steps[-1]
    return next(
        (step for step, value in zip(series.steps, series.values, strict=True) if value == number), None
    )


def _role(finding: Finding, run: Run, cell: Cell, number: float | None) -> str:
    if cell.trial:
        return "tuning"
    if run.diverged is not None:
        return "diverged"
    if number is None:
        return "no number"
    seeds = finding.node.question.seeds[: finding.seeds_counted]
    return "other setting" if cell.seed in seeds else "later look"


# ---------------------------------------------------------------------------------------------------
# Formulas


def _best(finding: Finding, row: Row) -> Estimate | None:
    return next(
        (one for one in finding.estimates if one.mean is not None and one.mean == row.skill_mean), None
    )


def _skill(finding: Finding, row: Row) -> str:
    best = _best(finding, row)
    if best is None:
        return "no run has the metric yet"
    numbers = ", ".join(f"{number:g}" for number in best.skills.values())
    what, count = measure(finding.node.question.metric), f"{best.n} seed{'s' * (best.n != 1)}"
    return f"{what} of {label(finding.node.question, best.value)} over {count}: {numbers}"


def _mean(finding: Finding, row: Row) -> str:
    return f"the mean of {_skill(finding, row)}"


def _sd(finding: Finding, row: Row) -> str:
    return f"the standard deviation, with n - 1, of {_skill(finding, row)}"


def _interval(finding: Finding, row: Row) -> str:
    share = 1 - finding.node.question.alpha / 2
    return f"mean ± t({share:g}; n - 1) * sd / sqrt(n), Student's t, of {_skill(finding, row)}"


def _lead(write: Callable[[Finding, Comparison], str]) -> Callable[[Finding, Row], str]:
    """A formula of the comparison that leads, where there is one with an effect."""

    def told(finding: Finding, _row: Row) -> str:
        lead = finding.lead
        return write(finding, lead) if lead and lead.effect else "nothing is tested yet"

    return told


def _delta(finding: Finding, lead: Comparison) -> str:
    question = finding.node.question
    if lead.test == "slope t":
        return "the change of the fitted line from one end of the scale to the other"
    if lead.test == "bend t":
        return "how far the middle of the fitted parabola lies above the mean of its ends"
    one = next(one for one in finding.estimates if same(one.value, lead.value))
    base = next(one for one in finding.estimates if same(one.value, question.baseline))
    pairs = ", over the seeds that both have" if question.pair_by else f" = {one.mean:g} - {base.mean:g}"
    return f"mean of {label(question, one.value)} - mean of {label(question, base.value)}{pairs}"


def _delta_interval(_finding: Finding, lead: Comparison) -> str:
    assert lead.effect is not None
    assert lead.level is not None
    effect, share = lead.effect, 1 - (1 - lead.level) / 2
    return f"{effect.delta:g} ± t({share:g}; {effect.freedom:.4g}) * {effect.error:.4g}, not adjusted"


def _p(_finding: Finding, lead: Comparison) -> str:
    assert lead.effect is not None
    effect = lead.effect
    raw = f"{lead.test}: t({effect.freedom:.4g}) = {effect.delta / effect.error:.4g}, p = {effect.p:.3g}"
    adjusted = f"by Holm over {lead.family} tests" if lead.family > 1 else ""
    permuted = "" if lead.p_permuted is None else f"by permutation, adjusted alike, {lead.p_permuted:.3g}"
    pairs = "" if lead.correlation is None else f"the pairs correlate with r = {lead.correlation:.2f}"
    return "; ".join(filter(None, (raw, adjusted, permuted, pairs)))


def _g(_finding: Finding, _lead: Comparison) -> str:
    return "delta / pooled sd * (1 - 3 / (4 df - 1)), Hedges's g"


def _verdict(finding: Finding, lead: Comparison) -> str:
    question, sesoi = finding.node.question, finding.node.question.metric.sesoi
    looks = f" ({question.alpha:g} shared by {len(question.looks)} looks)" if question.looks else ""
    same = f", TOST p = {lead.p_same:.3g} at ± {sesoi:g}" if lead.p_same is not None else ""
    return f"p = {lead.p:.3g}{same}, each against {question.error_rate:g}{looks}"


def _needed(finding: Finding, _row: Row) -> str:
    sesoi = finding.node.question.metric.sesoi
    if sesoi is None:
        return "the metric has no sesoi"
    share = f"the upper {100 * SURE:g} % bound of the pooled standard deviation"
    return f"the fewest with power {POWER:g} for {sesoi:g}, by the noncentral t, at {share}"


_FORMULAS: Mapping[str, Callable[[Finding, Row], str]] = {
    "skill_mean": _mean,
    "skill_sd": _sd,
    "skill_ci_low": _interval,
    "skill_ci_high": _interval,
    "delta": _lead(_delta),
    "delta_ci_low": _lead(_delta_interval),
    "delta_ci_high": _lead(_delta_interval),
    "p_adj": _lead(_p),
    "effect_size": _lead(_g),
    "verdict": _lead(_verdict),
    "seeds_needed": _needed,
}
