"""A sentence says what its table row says, no more and nothing else: read back from random trees.

1,000 trees by default; `make simulate` reads 10,000 (TREES=10000).
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tracker.findings import Finding
from tracker.questions.question import VERDICTS, Claim, Metric, Question
from tracker.statistics.verdicts import OPEN, TRENDS, Comparison
from tracker.table import Row, rows
from tracker.wording.clauses import label

TREES = int(os.environ.get("TREES", "1000"))
NAMES = [
    "full",
    "bn_only",
    "=cmd()",
    "-1",
    "@x",
    "a b; c",
    'say "so"',
    "within 5 points (95% CI 1 to 2, p<0.1)",
]
CLOSE = ("same", "flat", "better-but-small", "worse-but-small")

NUMBER = r"-?\d+(?:\.\d+)?"
PROOF = re.compile(
    rf"\((?P<level>[\d.]+)% CI (?P<low>{NUMBER}) to (?P<high>{NUMBER})"
    rf"(?:, (?P<holm>Holm )?p(?P<sign>[<=])(?P<p>[\d.e-]+))?"
    rf"(?:, TOST (?P<tost_holm>Holm )?p(?P<tost_sign>[<=])(?P<tost>[\d.e-]+))?"
    rf", n=(?P<n>\d+)(?: to (?P<most>\d+))? (?P<of>per value|pairs)(?:, r=(?P<r>-?[\d.]+))?\)$"
)
WORDS = {  # what a clause says -> (verdict, whether the size is told without its sign)
    r" is better than .* by (?P<size>{}).* in .*?, less than .* \(": ("better-but-small", True),
    r" is worse than .* by (?P<size>{}).* in .*?, less than .* \(": ("worse-but-small", True),
    r" is better than .* by (?P<size>{})": ("better", True),
    r" is worse than .* by (?P<size>{})": ("worse", True),
    r" is the same as .* in .* within .*: (?P<size>[+]?{})": ("same", False),
    r" against .* is inconclusive: (?P<size>[+]?{})": ("inconclusive", False),
    r" against .* is unreplicated: (?P<size>[+]?{})": ("unreplicated", False),
    r" cannot be compared with .*: n=": ("unreplicated", False),
    r" never converged \(0 of \d+\), (?:so|nor did)": ("diverged", False),
    r"^with .* rises by (?P<size>{})": ("rising", True),
    r"^with .* falls by (?P<size>{})": ("falling", True),
    r"^with .* stays flat within .*: (?P<size>[+]?{})": ("flat", False),
    r"^with .* is inconclusive: (?P<size>[+]?{})": ("inconclusive", False),
    r"^with .* changes by (?P<size>[+]?{}).*, unreplicated": ("unreplicated", False),
    r"^with .* cannot be fitted: n=": ("unreplicated", False),
    r"^with .* cannot be fitted: .* never converged": ("diverged", False),
    r"^with .* peaks at .*: the fitted middle lies (?P<size>{}).* above": ("peak", True),
    r"^with .* has its valley at .*: the fitted middle lies (?P<size>{}).* below": ("valley", True),
}
PATTERNS = [(re.compile(words.replace("{}", NUMBER)), *rest) for words, rest in WORDS.items()]


def a_random_tree(
    rng: random.Random, a_question: Callable[..., Question], laboratory: Any
) -> Sequence[Finding]:
    """Questions of every kind with runs in every state, mostly complete."""
    roots = []
    for number in range(rng.randint(1, 3)):
        scale = rng.choice(["", "", "ordered", "log"])
        values = sorted(rng.sample([4, 8, 16, 32], 3)) if scale else rng.sample(NAMES, rng.randint(1, 3))
        seeds = tuple(range(rng.choice([1, 2, 3, 3, 4, 5, 6])))
        question = a_question(
            node=f"q{number}",
            values=tuple(values[: rng.randint(2, 3)] if scale else values),
            baseline=None if scale and rng.random() < 0.5 else values[0],
            scale=scale,
            seeds=seeds,
            looks=rng.choice([(), (), (3,), (3, len(seeds))]) if len(seeds) > 3 else (),
            setup={"depth": number},
            metric=Metric(
                rng.choice(["test.accuracy", "acc"]),
                reduce=rng.choice(["last", "max"]),
                unit=rng.choice(["%", "", "s"]),
                goal=rng.choice(["maximize", "minimize"]),
                sesoi=rng.choice([None, 0.3, 5.0, 1e-7]),
                split=rng.choice(["", "validation"]),
            ),
            pair_by=rng.choice(["", "seed"]),
            claims=some_claims(rng, values, scale),
            alpha=rng.choice([0.05, 0.01, 0.3, 0.7, 1e-4]),
        )
        info = {"training": {"data": {"test": 1000, "validation": 200}}}
        laboratory.record(question, random_skills(rng, question), info=info)
        roots.append(question)
    return laboratory.answer(*roots)


def some_claims(rng: random.Random, values: Sequence[Any], scale: str) -> tuple[Claim, ...]:
    """A claim or none, true or false."""
    sizes = {"at_least": rng.choice([None, 2.0]), "at_most": rng.choice([None, 9.0])}
    if scale:
        return (Claim(rng.choice(["rising", "falling", "peak", "valley"]), **sizes), Claim("flat"))
    if len(values) < 2:
        return ()
    return (Claim(rng.choice(["better", "worse"]), values[1], **sizes), Claim("same", values[1]))


def random_skills(rng: random.Random, question: Question) -> dict[Any, list[Any]]:
    spread, step = rng.choice([0.0, 1e-9, 0.1, 1.0, 20.0]), rng.choice([0.0, 1e-8, 0.2, 3.0, -3.0])
    curve = rng.choice([0.0, 0.0, 4.0, -4.0])
    gaps = [None, "diverged", "FAILED", "RUNNING"]
    chaos = rng.choice([0.0, 0.0, 0.05, 0.5])
    return {
        value: [
            rng.choice(gaps)
            if rng.random() < chaos
            else 50 + step * place + curve * (place == 1) + rng.gauss(0, spread) * rng.choice([1, 1, 1, 5])
            for _ in question.seeds
        ]
        for place, value in enumerate(question.values)
    }


@pytest.mark.unwatched
@pytest.mark.timeout(1800)
def test_every_sentence_says_what_its_row_says(a_question: Callable[..., Question], laboratory: Any) -> None:
    rng, seen, outcomes = random.Random(20261121), Counter[str](), Counter[str]()
    for _ in range(TREES):
        found = a_random_tree(rng, a_question, type(laboratory)())
        for row, one in zip(rows(found), found, strict=True):
            seen[row.verdict] += 1
            assert row.finding == one.computed
            assert row.finding[0] not in "=+-@\t\r"
            check_state(row, one)
            clauses = clauses_of(one.computed)
            for clause, comparison in zip(clauses, one.comparisons, strict=False):
                check_clause(clause, comparison, one)
            check_row(row, one)
            check_skill(row, one)
            check_remarks(clauses, one, row)
            check_claims(one, row, outcomes)
    assert set(outcomes) == {"supported", "contradicted", "not settled"}
    assert set(seen) == {"", *VERDICTS}  # else the checks above would look at nothing


def clauses_of(sentence: str) -> list[str]:
    """The clauses of a sentence; names in quotes are hidden, because they may hold anything."""
    assert sentence.endswith(".")
    hidden = re.sub(r'"(?:[^"\\]|\\.)*"', "QUOTED", sentence[:-1])
    return re.split(r"; (?![^()]*\))", hidden)  # a bracket may hold one, too


def check_state(row: Row, one: Finding) -> None:
    complete = row.state in ("done", "diverged")
    alone = len(one.node.question.values) == 1  # described, and compared with nothing
    assert alone or bool(row.verdict) == complete or (one.look and row.verdict)
    if one.look and one.comparisons and not complete:
        assert any(comparison.verdict in OPEN for comparison in one.comparisons)
    assert re.search(r"n=\d|\d of \d+ runs|no run converged|never converged \(0 of \d", row.finding)


def check_clause(clause: str, comparison: Comparison, one: Finding) -> None:
    found = next((found for found in PATTERNS if found[0].search(clause)), None)
    assert found, clause
    pattern, verdict, unsigned = found
    assert verdict == comparison.verdict, clause
    told = pattern.search(clause)
    proof = PROOF.search(clause)
    assert bool(proof) == (comparison.low is not None), clause
    size = told.groupdict().get("size") if told else None
    assert (size is None) == (comparison.delta is None), clause
    if size is not None and comparison.delta is not None:
        shown = abs(comparison.delta) if unsigned else comparison.delta
        assert close(size, shown), clause
    if proof and comparison.low is not None:
        check_proof(proof, comparison, one, turned=unsigned and (comparison.delta or 0) < 0)


def check_proof(proof: re.Match[str], comparison: Comparison, one: Finding, *, turned: bool) -> None:
    question = one.node.question
    assert comparison.low is not None
    assert comparison.high is not None
    assert comparison.level is not None
    assert comparison.delta is not None
    assert comparison.p is not None
    low, high = (-comparison.high, -comparison.low) if turned else (comparison.low, comparison.high)
    assert comparison.low <= comparison.delta <= comparison.high
    assert close(proof["low"], low)
    assert close(proof["high"], high)
    assert float(proof["level"]) == pytest.approx(100 * comparison.level, abs=2 * (1 - comparison.level))
    told = (int(proof["n"]), int(proof["most"] or proof["n"]))
    assert told == (min(comparison.n), max(comparison.n))
    assert (proof["of"] == "pairs") == (comparison.test == "paired t")
    assert (proof["r"] is not None) == (comparison.correlation is not None)
    if proof["r"]:
        assert close(proof["r"], comparison.correlation)
    for sign, printed, p in ((proof["sign"], proof["p"], comparison.p),
                             (proof["tost_sign"], proof["tost"], comparison.p_same)):  # fmt: skip
        if printed:
            assert p is not None
            assert p < float(printed) if sign == "<" else close(printed, p)
            assert (float(printed) < question.error_rate or sign == "<") == (p < question.error_rate)
    if comparison.verdict in CLOSE:
        assert question.metric.sesoi is not None
        assert -question.metric.sesoi <= float(proof["low"]) <= float(proof["high"]) <= question.metric.sesoi
        assert proof["tost"]
    elif comparison.verdict not in OPEN:
        assert 0 < float(proof["low"]) <= float(proof["high"])
        assert proof["p"]


def check_row(row: Row, one: Finding) -> None:
    """The row is the leading comparison's, and its verdict follows from its numbers."""
    lead, alpha, goal = one.lead, one.node.question.error_rate, one.node.question.metric.goal
    assert row.verdict == (lead.verdict if lead else "")
    assert (row.delta, row.p_adj) == ((lead.delta, lead.p) if lead else (None, None))
    if row.verdict in ("", "unreplicated", "diverged"):
        assert (row.p_adj, row.delta_ci_low) == (None, None)
    elif row.verdict in ("inconclusive", "same", "flat"):
        assert row.p_adj is not None
        assert row.p_adj >= alpha or (lead and lead.test == "bend t")
    else:
        assert row.p_adj is not None
        assert row.p_adj < alpha
        up = row.verdict.partition("-")[0] in ("better", "rising", "peak")
        signed = -1 if goal == "minimize" and row.verdict.partition("-")[0] in ("better", "worse") else 1
        assert row.delta is not None
        assert (row.delta * signed > 0) == up
        assert row.delta_ci_low is not None
        assert row.delta_ci_high is not None
        assert row.delta_ci_low * row.delta_ci_high > 0


SKILL = re.compile(
    rf"(?P<mean>{NUMBER}(?:e[+-]?\d+)?)(?: ± (?P<sd>{NUMBER}))?(?: (?:%|s))?"
    r"(?: \[.*?\])?(?: \(n=(?P<n>\d+)\))?$"
)


def check_skill(row: Row, one: Finding) -> None:
    known = [estimate for estimate in one.estimates if estimate.mean is not None]
    hidden = re.sub(r'"(?:[^"\\]|\\.)*"', "QUOTED", row.skill)
    common = re.search(r" \((?:mean ± sd, )?n=(\d+)\)$", hidden)
    parts = hidden.split("; ") if hidden else []
    assert len(parts) == len(known)
    counts = {estimate.n for estimate in known}
    for part, estimate in zip(parts, known, strict=True):
        text = part[: common.start()] if common and part is parts[-1] and len(parts) == 1 else part
        text = re.sub(r" \((?:mean ± sd, )n=\d+\)$| \(n=\d+\)$", "", text)
        found = SKILL.search(text)
        assert found, part
        assert estimate.mean is not None
        assert close(found["mean"], estimate.mean)
        assert (found["sd"] is None) == (estimate.sd is None)
        if found["sd"] and estimate.sd is not None:
            assert close(found["sd"], estimate.sd)
    if len(counts) == 1:
        assert common
        assert int(common[1]) in counts


def check_remarks(clauses: Sequence[str], one: Finding, row: Row) -> None:
    """Every remark is true, and what has to be remarked is."""
    question, text = one.node.question, "; ".join(clauses)
    needed = re.search(r"(about|more than) (\d+) seeds per value would find", text)
    if needed:
        assert one.seeds_needed is not None
        assert row.verdict in OPEN
        assert one.seeds_needed == int(needed[2]) + (needed[1] == "more than")
    for one_of in one.estimates:
        if one_of.diverged and one.comparisons and not lost_all(one, one_of):
            assert f": {one_of.completed - one_of.diverged} of {one_of.completed} converged" in text
    settled = bool(one.comparisons) or (len(question.values) == 1 and " ± " in text)
    assert ("lies far out" in text) == (settled and any(e.outlier is not None for e in one.estimates))
    assert ("hangs on" in text) == any(comparison.hangs_on for comparison in one.comparisons)
    assert not re.search(r"(?<![\d.])1 points", text)
    assert ("with diverged runs as the worst" in text) == any(c.by_ranks for c in one.comparisons)
    assert not any(c.by_ranks for c in one.comparisons) or any(e.diverged for e in one.estimates)
    assert all(c.by_ranks != c.verdict for c in one.comparisons if c.by_ranks)
    assert ("exploratory" in text) == bool(one.look and not one.look.number)
    if one.look and one.look.number and one.comparisons:
        assert f"look {one.look.number} of {len(question.looks)}, at {one.look.seeds} seeds" in text
    assert label(question, question.values[0])


def check_claims(one: Finding, row: Row, outcomes: Counter[str]) -> None:
    """What a claim comes to never goes beyond the verdict that it is about."""
    told = [checked.outcome for checked in one.claims]
    outcomes.update(told)
    assert row.claim.splitlines() == [checked.sentence for checked in one.claims]
    assert row.claim_state in ("", *told)
    for checked in one.claims:
        trends = checked.claim.verdict not in ("better", "worse", "same")
        about = [
            comparison.verdict
            for comparison in one.comparisons
            if (comparison.test in TRENDS) == trends and (trends or comparison.value == checked.claim.value)
        ]
        word = checked.claim.verdict
        agrees = {"better": ("better",), "worse": ("worse",), "same": ("same", "better-", "worse-")}.get(
            word, (word,)
        )
        said = any(verdict.startswith(agrees) for verdict in about)
        assert checked.outcome != "supported" or said
        assert checked.outcome != "contradicted" or about
        if said and not (checked.claim.at_least or checked.claim.at_most):
            assert checked.outcome == "supported"


def lost_all(one: Finding, estimate: Any) -> bool:
    seeds = one.node.question.seeds[: one.look.seeds] if one.look else one.node.question.seeds
    return estimate.completed == estimate.diverged == len(seeds)


def close(printed: str, number: float | None) -> bool:
    """Whether a number was printed so: right to the last digit that is shown."""
    assert number is not None
    mantissa, _, power = printed.lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(power or 0)
    return abs(float(printed) - number) <= 0.5 * 10.0**-decimals + 1e-15 * abs(number)


def test_the_reader_of_this_test_tells_sentences_apart() -> None:
    for words, verdict in (
        ("a is better than b by 3 in x (", "better"),
        ("a is worse than b by 3 in x", "worse"),
    ):
        assert next(found[1] for found in PATTERNS if found[0].search(words)) == verdict
