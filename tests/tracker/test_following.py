"""Whoever looks again and again is told what one is told who looks for the first time."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker import answer, load_questions
from tracker.errors import TrackerError
from tracker.findings import answering
from tracker.findings.following import Following
from tracker.run import Run
from tracker.tree import Cell, LastingTree, Node, build_tree

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
QUESTIONS = """\
version: 1
project: followed
metric: {name: skill, sesoi: 1}
defaults: {experiment: tiny, seeds: [1, 2, 3]}
tree:
  - id: norm
    question: Does it matter?
    parameter: norm
    values: [a, b]
    baseline: a
    setup: {lr: 1}
    children:
      - {id: size, question: "And the size?", parameter: size, values: [1, 2], baseline: 1, setup: {lr: 2},
         when: {parent.verdict: better}}
  - {id: lr, question: "Does the rate?", parameter: lr, values: [1, 2], baseline: 1}
  - {id: tuned, question: "And tuned?", parameter: norm, values: [a, b], baseline: a, tuning_seeds: [4],
     nuisance: {lr: {low: 1, high: 2}}, trials: 2, select_by: validation}
  - {id: both, question: "And together?", parameter: way, baseline: small, setup: {lr: 1},
     values: [{name: small, set: {norm: a, size: 1}}, {name: large, set: {norm: b, size: 2}}]}
"""


class InMemory:
    """A store whose runs a test changes; a run that did not change stays the same object."""

    address = "memory"

    def __init__(self) -> None:
        self.known: dict[int, Run] = {}
        self.skills: dict[int | str, float] = {}

    def runs(self) -> Iterable[Run]:
        return [self.known[id] for id in sorted(self.known)]

    def values(self, runs: Iterable[Run], name: str, reduction: str) -> dict[int | str, float]:
        assert name in ("skill", "validation")
        assert reduction == "last"
        return {run.id: self.skills[run.id] for run in runs if run.id in self.skills}

    def record(self, id: int, seed: int, setup: tuple[str, int, int], status: str, skill: float) -> None:
        norm, size, lr = setup
        config = {"seed": seed, "norm": norm, "size": size, "lr": lr}
        self.known[id] = Run(id, "tiny", status, config, seed, started=NOON, heartbeat=NOON, stopped=NOON)
        self.skills[id] = skill

    def change(self, choice: random.Random) -> None:
        """One run comes, goes, or is another; or a number of it is."""
        id, what = choice.randint(1, 24), choice.choice(("record", "record", "number", "delete"))
        if what == "record":
            setup = (choice.choice("ab"), choice.randint(1, 2), choice.randint(1, 2))
            status = choice.choice(("COMPLETED", "COMPLETED", "RUNNING", "FAILED", "QUEUED"))
            self.record(id, choice.randint(1, 4), setup, status, choice.randint(0, 9))
        elif what == "number":
            self.skills[id] = choice.randint(0, 9)
        else:
            self.known.pop(id, None)

    def fill(self) -> None:
        """All runs that are asked for; the second value of `norm` is far better."""
        for at, (norm, size, lr, seed) in enumerate(itertools.product("ab", (1, 2), (1, 2), (1, 2, 3))):
            self.record(at + 1, seed, (norm, size, lr), "COMPLETED", 50 * (norm == "b") + seed)


@pytest.mark.unwatched
@given(choice=st.integers(0, 1 << 32).map(random.Random))
@settings(max_examples=20)
def test_each_look_finds_what_a_first_look_would(
    tmp_path_factory: pytest.TempPathFactory, choice: random.Random
) -> None:
    path = tmp_path_factory.mktemp("followed") / "q.yaml"
    path.write_text(QUESTIONS)
    store, now = InMemory(), NOON
    store.fill()
    following = Following(path, store)  # type: ignore[arg-type]
    for _ in range(12):
        first = answer(load_questions(path), store, now)  # type: ignore[arg-type]
        assert repr(following.look(now)[1]) == repr(first)
        store.change(choice)
        now = NOON + timedelta(seconds=choice.choice((0, 40)))  # at 40, who runs at NOON is dead


def test_only_questions_whose_runs_changed_are_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, store = tmp_path / "q.yaml", InMemory()
    path.write_text(QUESTIONS)
    store.fill()
    following = Following(path, store)  # type: ignore[arg-type]
    following.look(NOON)
    computed: list[str] = []
    real = answering.estimates
    monkeypatch.setattr(
        answering, "estimates", lambda node, numbers: computed.append(node.question.id) or real(node, numbers)
    )
    following.look(NOON + timedelta(seconds=9))
    assert computed == []
    store.known[1] = replace(store.known[1], config={**store.known[1].config, "lr": 3})
    following.look(NOON)
    assert "lr" in computed


@pytest.mark.parametrize(
    ("norm", "size", "lr", "others"),
    [("a", 1, 1, {"norm", "lr", "tuned", "both"}), ("b", 1, 2, {"size", "lr", "tuned"})],
)
def test_a_question_keeps_its_cells_while_no_run_of_its_setup_is_another(
    norm: str, size: int, lr: int, others: set[str], tmp_path: Path
) -> None:
    path, store, tree = tmp_path / "q.yaml", InMemory(), LastingTree()
    path.write_text(QUESTIONS)
    store.fill()
    questions = load_questions(path)
    before = cells(tree.grown(questions, store.runs()))
    store.record(1 + max(store.known), 1, (norm, size, lr), "COMPLETED", 7)
    after = cells(tree.grown(questions, store.runs()))
    assert {id for id in after if after[id] is not before[id]} == others
    assert after == cells(build_tree(questions, store.runs()))


def cells(nodes: Iterable[Node]) -> dict[str, tuple[Cell, ...]]:
    """Those of each question, by its id."""
    found: dict[str, tuple[Cell, ...]] = {}
    for node in nodes:
        found |= {node.question.id: node.cells} | cells(node.children)
    return found


def test_a_question_file_is_read_again_only_when_it_is_another(tmp_path: Path) -> None:
    path = tmp_path / "q.yaml"
    path.write_text(QUESTIONS)
    following = Following(path, InMemory())  # type: ignore[arg-type]
    first = following.look(NOON)[0]
    assert following.look(NOON)[0] is first
    path.write_text(QUESTIONS.replace("followed", "renamed"))
    assert following.look(NOON)[0].project == "renamed"
    path.unlink()
    with pytest.raises(TrackerError):
        following.look(NOON)
