"""Whoever looks again and again is told what one is told who looks for the first time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker import answer, load_questions
from tracker.errors import TrackerError
from tracker.findings import finding
from tracker.findings.following import Following
from tracker.run import Run

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
    children:
      - {id: size, question: "And the size?", parameter: size, values: [1, 2], baseline: 1,
         when: {parent.verdict: better}}
  - {id: lr, question: "Does the rate?", parameter: lr, values: [1, 2], baseline: 1}
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
        assert (name, reduction) == ("skill", "last")
        return {run.id: self.skills[run.id] for run in runs if run.id in self.skills}

    def record(self, id: int, seed: int, settings: tuple[str, int, int], status: str, skill: float) -> None:
        norm, size, lr = settings
        config = {"seed": seed, "norm": norm, "size": size, "lr": lr}
        self.known[id] = Run(id, "tiny", status, config, seed, started=NOON, heartbeat=NOON, stopped=NOON)
        self.skills[id] = skill


STATUS = st.sampled_from(["COMPLETED"] * 5 + ["RUNNING", "FAILED", "QUEUED"])
SETTINGS = st.tuples(st.sampled_from("ab"), st.sampled_from([1, 2]), st.sampled_from([1, 2]))
RECORD = st.tuples(
    st.integers(1, 40), st.integers(1, 4), SETTINGS, STATUS, st.floats(0, 99, allow_nan=False).map(round)
)


@given(
    looks=st.lists(
        st.tuples(st.lists(RECORD, max_size=9), st.integers(1, 40), st.integers(0, 50)), max_size=6
    )
)
def test_each_look_finds_what_a_first_look_would(
    tmp_path_factory: object,
    looks: list[tuple[list[tuple[int, int, tuple[str, int, int], str, float]], int, int]],
) -> None:
    path = Path(tmp_path_factory.mktemp("followed"), "q.yaml")  # type: ignore[attr-defined]
    path.write_text(QUESTIONS)
    store, now = InMemory(), NOON
    following = Following(path, store)  # type: ignore[arg-type]
    for records, gone, seconds in looks:
        for record in records:
            store.record(*record)
        store.known.pop(gone, None)
        store.skills.update({id: skill + 1 for id, skill in store.skills.items() if id == gone + 1})
        now += timedelta(seconds=seconds)
        first = answer(load_questions(path), store, now)  # type: ignore[arg-type]
        assert repr(following.look(now)[1]) == repr(first)


def test_only_questions_whose_runs_changed_are_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, store = tmp_path / "q.yaml", InMemory()
    path.write_text(QUESTIONS)
    for at in range(24):
        store.record(at + 1, at % 3 + 1, ("ab"[at // 3 % 2], at // 6 % 2 + 1, at // 12 + 1), "COMPLETED", at)
    following = Following(path, store)  # type: ignore[arg-type]
    following.look(NOON)
    computed: list[str] = []
    real = finding.estimates
    monkeypatch.setattr(
        finding, "estimates", lambda node, numbers: computed.append(node.question.id) or real(node, numbers)
    )
    following.look(NOON + timedelta(seconds=9))
    assert computed == []
    store.known[1] = replace(store.known[1], config={**store.known[1].config, "lr": 3})
    following.look(NOON)
    assert "lr" in computed


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
