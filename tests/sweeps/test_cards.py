"""Runs on graphics cards. No card here: a small nvidia-smi of our own, the only thing that is not real."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from sweeps.engines import measuring
from sweeps.engines.base import Event, Needs, Task
from sweeps.engines.cards import MIB, cards, seen, used_by, variables
from sweeps.engines.local import LocalEngine
from sweeps.engines.options import EngineOptions
from sweeps.engines.places import Places, places
from sweeps.exit_codes import KILLED
from tests.sweeps.scene import wait_for
from tracker.errors import LaunchError

NVIDIA_SMI = """#!/bin/sh
case "$1" in
  --query-gpu=*) cat {folder}/cards ;;
  *) for one in {folder}/uses/*; do [ -e "$one" ] && echo "${{one##*/}}, $(cat "$one")"; done ;;
esac
"""
USES = """
import os, pathlib, sys, time
print("on", os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
use = pathlib.Path({uses!r}) / str(os.getpid())
use.with_suffix(".new").write_text("{mebibytes}")
os.replace(use.with_suffix(".new"), use)
while not pathlib.Path({gate!r}).exists():
    time.sleep(0.02)
use.unlink()
{then}
"""

Machine = Callable[..., None]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """machine(2, total=1000) has two cards with 1000 MiB each, of which `used` are taken."""
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    (tmp_path / "uses").mkdir()
    program.write_text(NVIDIA_SMI.format(folder=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)
    monkeypatch.setattr(measuring, "OFTEN", 0.0)
    monkeypatch.setattr(measuring, "SELDOM", 0.0)

    def build(number: int, total: int = 1000, used: int = 0) -> None:
        lines = [f"{index}, GPU-{index}abc-def, {total}, {used}\n" for index in range(number)]
        (tmp_path / "cards").write_text("".join(lines))

    return build


@pytest.fixture
def engine() -> Iterator[Callable[..., LocalEngine]]:
    """engine(per_gpu=2) is an engine on those cards."""
    engines: list[LocalEngine] = []

    def build(**options: object) -> LocalEngine:
        engines.append(LocalEngine(EngineOptions(**options)))  # type: ignore[arg-type]
        return engines[-1]

    yield build
    for one in engines:
        one.cancel(hard=True)
        one.close()


@pytest.fixture
def task(tmp_path: Path) -> Callable[..., Task]:
    """task("key", 300) takes 300 MiB of its card until a file `key.gate` is there, then does the rest."""

    def build(key: str, mebibytes: int = 0, then: str = "") -> Task:
        uses, gate = str(tmp_path / "uses"), str(tmp_path / f"{key}.gate")
        code = USES.format(uses=uses, gate=gate, mebibytes=mebibytes, then=then)
        return Task(key, (sys.executable, "-c", code), tmp_path / f"{key}.log")

    return build


def ended(engine: LocalEngine, key: str) -> Event:
    """The end of this task."""
    found: list[Event] = []

    def heard() -> bool:
        found.extend(event for event in engine.events(0.1) if event.over and event.key == key)
        return bool(found)

    wait_for(heard)
    return found[0]


def on(task: Task) -> str:
    """The cards that the run of the task was shown."""
    wait_for(lambda: task.log.exists() and "\non " in task.log.read_text())
    return task.log.read_text().split("\non ")[1].split()[0]


def test_the_cards_are_those_of_the_machine(machine: Machine) -> None:
    machine(2)
    assert cards({}) == ("0", "1")
    assert [(card.total, card.used) for card in seen()] == [(1000 * MIB, 0)] * 2


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ("", ()),
        ("-1", ()),
        ("NoDevFiles", ()),
        ("1, 0", ("1", "0")),
        ("0,-1,1", ("0",)),
        ("GPU-0abc,MIG-12-ab/1/0", ("GPU-0abc", "MIG-12-ab/1/0")),
    ],
)
def test_a_choice_that_is_there_counts_as_cuda_reads_it(chosen: str, found: tuple[str, ...]) -> None:
    assert cards({"CUDA_VISIBLE_DEVICES": chosen}) == found


def test_numbers_of_our_own_are_those_of_nvidia_smi() -> None:
    ours: Mapping[str, str] = variables(("1",), {})
    assert ours == {"CUDA_VISIBLE_DEVICES": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    assert variables(("1",), {"CUDA_VISIBLE_DEVICES": "1"}) == {"CUDA_VISIBLE_DEVICES": "1"}


def test_without_nvidia_smi_nothing_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (seen(), used_by([os.getpid()])) == ([], None)


def test_each_run_sees_one_card(
    machine: Machine, engine: Callable[..., LocalEngine], task: Callable[..., Task]
) -> None:
    machine(2)
    pool = engine(per_gpu=1)
    two = [task("a"), task("b")]
    pool.submit(two)
    assert sorted(on(one) for one in two) == ["0", "1"]
    assert pool.room == 0


def test_as_many_runs_share_a_card_as_told(
    machine: Machine, engine: Callable[..., LocalEngine], task: Callable[..., Task]
) -> None:
    machine(2)
    pool = engine(per_gpu=2)
    four = [task(key) for key in "abcd"]
    pool.submit(four)
    assert sorted(on(one) for one in four) == ["0", "0", "1", "1"]


def test_a_run_may_have_several_cards(
    machine: Machine, engine: Callable[..., LocalEngine], task: Callable[..., Task]
) -> None:
    machine(3)
    pool, one = engine(needs=Needs(gpus=2)), task("a")
    pool.submit([one])
    assert (on(one), pool.room) == ("0,1", 0)


def test_the_first_run_goes_alone_until_it_is_known_how_many_fit(
    machine: Machine,
    engine: Callable[..., LocalEngine],
    task: Callable[..., Task],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    machine(1, used=100)
    monkeypatch.setattr("sweeps.engines.local.cores", lambda: 16)
    pool = engine()
    assert pool.room == 1
    pool.submit([task("a", 250)])
    wait_for(lambda: (pool.events(0.05), len(list((tmp_path / "uses").iterdir())))[1] == 1)
    pool.events(0.2)
    assert pool.room == 0
    (tmp_path / "a.gate").touch()
    ended(pool, "a")
    assert pool.room == 3  # of 250 MiB each in 90 % of 1000, less the 100 that somebody else has


def test_a_peak_that_has_not_grown_for_long_is_believed_before_the_end(
    machine: Machine,
    engine: Callable[..., LocalEngine],
    task: Callable[..., Task],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine(1)
    monkeypatch.setattr(measuring, "SETTLED", 0.0)
    monkeypatch.setattr("sweeps.engines.local.cores", lambda: 16)
    pool = engine()
    pool.submit([task("a", 300)])
    wait_for(lambda: (pool.events(0.05), pool.room)[1] == 2)


def measured(cores: int, cards: int, each: int, room: int) -> Places:
    """The places after a run of so many bytes."""
    found = places(EngineOptions(), cores, [str(card) for card in range(cards)], 0)
    found.learn(each, room)
    return found


@pytest.mark.parametrize(
    ("cores", "cards", "each", "room", "free", "threads"),
    [
        (16, 1, 100, 900, 9, 1),
        (16, 2, 300, 900, 6, 2),
        (4, 1, 1, 900, 4, 1),
        (2, 8, 1, 900, 8, 1),
        (8, 1, 999, 900, 1, 8),
    ],
)
def test_as_many_share_as_fit_but_no_more_than_cores(
    cores: int, cards: int, each: int, room: int, free: int, threads: int
) -> None:
    found = measured(cores, cards, each, room)
    assert (found.free, found.threads) == (free, threads)


def test_the_threads_of_all_runs_are_never_more_than_the_cores() -> None:
    found = places(EngineOptions(), 16, ["0"], 0)
    found.take("first")
    found.learn(100, 900)
    while found.take(f"run {found.taken}"):
        pass
    assert sum(found.groups[0].threads.values()) <= 16


def test_a_run_that_lacked_memory_among_others_is_tried_again_alone(
    machine: Machine, engine: Callable[..., LocalEngine], task: Callable[..., Task], tmp_path: Path
) -> None:
    machine(1)
    pool = engine(per_gpu=3)
    lacks = "sys.exit('RuntimeError: CUDA out of memory')"
    pool.submit([task("a", 1, lacks), task("b", 1)])
    (tmp_path / "a.gate").touch()
    assert ended(pool, "a").exit_code == KILLED  # which the driver tries again
    pool.submit([task("a", 1, lacks)])
    assert pool.room == 0  # nobody else comes while the card empties
    (tmp_path / "b.gate").touch()
    ended(pool, "b")
    assert ended(pool, "a").exit_code == 1  # alone, the failure is its own
    assert pool.room == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (EngineOptions(needs=Needs(gpus=1)), "--gpus 1: there is no graphics card"),
        (EngineOptions(per_gpu=2), "--per-gpu 2: there is no graphics card"),
    ],
)
def test_a_card_where_there_is_none_is_refused(options: EngineOptions, words: str) -> None:
    with pytest.raises(LaunchError, match=words):
        places(options, 4, (), 0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (EngineOptions(needs=Needs(gpus=3)), "this machine has 2"),
        (EngineOptions(needs=Needs(gpus=1.5)), "say 0.5, 1 or 2"),
        (EngineOptions(per_gpu=2, needs=Needs(gpus=1)), "shares none"),
    ],
)
def test_cards_that_cannot_be_divided_so_are_refused(options: EngineOptions, words: str) -> None:
    with pytest.raises(LaunchError, match=words):
        places(options, 4, ("0", "1"), 0)


def test_as_many_workers_as_told_are_put_on_the_cards_evenly() -> None:
    found = places(EngineOptions(workers=3), 8, ("0", "1"), 0)
    assert [found.take(key) is not None for key in "abcd"] == [True, True, True, False]
    assert sorted(len(group.threads) for group in found.groups) == [1, 2]
