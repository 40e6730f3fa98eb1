"""The benchmarks of speed: every side runs, ratios point the right way, the page says what was found."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.speed.cases import CASES, Case, Side
from benchmarks.speed.less import NETWORKS, WHOLE, kept, sampled
from benchmarks.speed.less import table as less_table
from benchmarks.speed.parts import COMPILED, PARTS, REST, WORKS, measured, peak, rate_words, shares, table
from benchmarks.speed.report import EXPLAINED, EXPLANATIONS, line, page
from benchmarks.speed.rounds import OF_PROCESSES, Found, Round, rounds_of
from benchmarks.speed.sides import SIDES
from benchmarks.speed.start_up import COMMANDS, FIRST_STEP, Times
from benchmarks.speed.turns import SideError, Turn, Turns

ROOT = Path(__file__).parents[2]
TINY = {"depth": 8, "width": 4, "precision": "fp32", "compile": "off"}
SMALL: dict[str, dict[str, Any]] = {
    "train": {"steps": 5, **TINY},
    "evaluate": {"images": 256, **TINY},
    "fit": {"subset": 300, "epochs": 2, **TINY},
    "peer train": {"steps": 1, "depth": 8},
    "peer evaluate": {"images": 256, "depth": 8},
}


def found(*ratios: float, others: float = 0.0) -> Found:
    return Found(tuple(Round(100 * ratio, 100, ratio, others, 1.0, 2.0) for ratio in ratios))


def turns_of(side: Side, count: int = 1) -> list[Turn]:
    with Turns(side) as turns:
        return [turns.turn() for _ in range(count)]


@pytest.fixture
def as_it_was() -> Iterator[None]:
    """Sacred puts a handler and a level of its own into the log of the process."""
    log = logging.getLogger()
    handlers, level = log.handlers[:], log.level
    yield
    log.handlers[:] = handlers
    log.setLevel(level)


@pytest.mark.usefixtures("as_it_was")
@pytest.mark.parametrize("name", sorted(SIDES.keys() - {"memory"}))  # which needs a process of its own
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_every_side_measures_something(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_STORE", "")  # the side sets its own, and this puts the old one back
    monkeypatch.setattr("benchmarks.speed.sides.TRAINED", 1000)

    value, _began = next(SIDES[name](**SMALL[name]))

    assert value > 0


def test_a_round_goes_to_the_other_side_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = Side("small", "memory"), Side("large", "memory")
    turns, sizes = [], iter([100.0, 300.0, 500.0, 300.0])

    def turn(side: Turns) -> Turn:
        turns.append(side.side.label)
        return Turn(next(sizes), 1.0, True)

    monkeypatch.setattr(Turns, "turn", turn)
    (found,) = rounds_of(Case("memory", "fp32", small, large, unit="MiB", less_is_better=True), 1)

    assert turns == ["small", "large", "large", "small"]
    assert (found.ours, found.other, found.ratio) == (200, 400, 2)


def test_new_processes_take_over_after_some_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[str] = []
    monkeypatch.setattr(Turns, "__enter__", lambda side: began.append(side.side.label) or side)
    monkeypatch.setattr(Turns, "turn", lambda _side: Turn(100.0, 1.0, True))

    found = list(rounds_of(Case("", "fp32", Side("ours", "train"), Side("other", "train")), OF_PROCESSES + 1))

    assert len(found) == OF_PROCESSES + 1
    assert began == ["ours", "other"] * 2


def test_a_wider_network_needs_more_memory() -> None:
    narrow, wide = (
        turns_of(Side(f"width {width}", "memory", {**TINY, "width": width}, threads=1))[0].value
        for width in (4, 16)
    )

    assert wide > 2 * narrow > 0


def test_processes_wait_between_their_turns_and_add_up() -> None:
    first, second = turns_of(Side("two", "train", {"steps": 5, **TINY}, processes=2, threads=1), 2)

    assert first.value > 0
    assert second.value > 0
    assert second.start == first.start > 0
    assert second.goes_on


def test_a_side_that_ends_with_its_turn_starts_anew_for_the_next() -> None:
    small = Side("small", "memory", {**TINY, "batch_size": 128}, threads=1)

    first, second = turns_of(small, 2)

    assert not first.goes_on
    assert second.value > 0


def test_a_side_that_breaks_off_says_why() -> None:
    with pytest.raises(SideError, match="depth=9"):
        turns_of(Side("impossible", "train", {"steps": 5, "depth": 9}, threads=1))


def test_a_training_that_ends_within_a_turn_is_no_measurement() -> None:
    diverges = {**TINY, "trainable": "all_but_batchnorm", "batchnorm": "frozen", "lr": 1e30}

    with pytest.raises(SideError, match="the training ended after"):
        turns_of(Side("too fast", "train", {"steps": 5, **diverges}, threads=1))


def test_a_gate_is_for_clean_rounds_alone() -> None:
    assert found(1.5, 1.4).clears(1.3) is True
    assert found(1.5, 1.2).clears(1.3) is False
    assert found(1.2, others=0.5).clears(1.3) is None
    assert found(1.2, others=0.5).dirty == 1


def test_the_page_says_what_was_found_beside_the_target() -> None:
    told = page({"train-fp32": found(1.4, 1.5, 1.7)}, [Times(COMMANDS[0], (0.1, 0.4))], "this", "A machine")

    assert "training, ResNet-20 | fp32 | 150 images/s | 100 (the peer's recipe)" in told
    assert "1.50 (1.40 to 1.70) | 1.60, missed | 1.30, cleared | 0 of 3" in told
    assert "tracker --help | 0.25 s (0.10 to 0.40) | 0.2 s, missed | 0.3 s, not cleared" in told
    assert "target 1.60 missed" in line(CASES["train-fp32"], found(1.5))


def test_a_missed_target_leads_to_what_explains_it() -> None:
    slow = [Times(COMMANDS[0], (0.4,))]
    told = page({"train-fp32": found(1.4), "bn-only-fp32": found(1.1)}, slow, "this", "A machine")

    assert f"- training, ResNet-20, fp32: [where the time goes]({EXPLAINED}#training-in-fp32)." in told
    assert (
        f"- BN-only against the full run, fp32: [where the time goes]({EXPLAINED}#where-less-learns)." in told
    )
    assert f"- tracker --help: [where the time goes]({EXPLAINED}#start-up)." in told


def test_a_page_without_a_missed_target_has_no_list_of_them() -> None:
    assert "missed" not in page({"train-fp32": found(1.7), "points": found(0.1)}, [], "this", "A machine")


def test_every_target_has_an_explanation_in_a_section_that_exists() -> None:
    headings = re.findall("^##+ (.*)$", (ROOT / "docs" / EXPLAINED).read_text(), re.MULTILINE)
    sections = {heading.lower().replace(" ", "-") for heading in headings}

    aimed = {name for name, case in CASES.items() if case.target}
    assert set(EXPLANATIONS.values()) <= sections
    assert set(EXPLANATIONS) == aimed | {one.title for one in (*COMMANDS, FIRST_STEP)}


def test_every_operator_counts_for_one_part_and_what_is_unknown_for_the_rest() -> None:
    times = {"aten::convolution_backward": 30.0, "aten::add": 5.0, "aten::add_": 5.0, "something": 10.0}

    found = shares(times)

    assert found == {
        "convolution, backward": 0.6, "sums of shortcuts and of gradients": 0.2, REST: 0.2
    }  # fmt: skip
    operators = list(chain.from_iterable(PARTS.values()))
    assert len(operators) == len(set(operators))


def test_shares_are_told_with_their_spread_and_speeds_beside_the_peak() -> None:
    samples = [{"augmentation": 0.1}, {"augmentation": 0.3}, {"augmentation": 0.2, REST: 0.1}]

    assert "| augmentation | 20.0 % (10.0 to 30.0) |" in table("training", {"fp32": samples})
    assert "| all else | 0.0 % (0.0 to 10.0) |" in table("training", {"fp32": samples})
    words = rate_words("training", "fp32", [1000.0, 900.0, 1100.0], [484.8e9] * 3)
    assert "1000 (900 to 1100) images/s, which is 242 GFLOP/s" in words
    assert "50% of it; n=3" in words


@pytest.mark.parametrize("work", sorted(WORKS.keys() - {COMPILED}))
def test_what_is_looked_into_goes_on(work: str) -> None:
    going = WORKS[work]("fp32", 4, depth=8)

    assert [next(going), next(going)] == [20, 20]
    assert peak(torch.float32, side=64) > 0


def test_what_the_compiler_fused_is_a_part_of_a_step_beside_the_convolutions() -> None:
    (sample,), (speed,) = measured(partial(WORKS[COMPILED], batch=4, depth=8), "fp32", 1)

    assert sample["passes that the compiler fused"] > 0
    assert sample["convolution, backward"] > 0
    assert "BatchNorm, forward" not in sample
    assert speed > 0


def test_where_less_learns_a_step_takes_its_time_in_the_same_parts() -> None:
    told = less_table("fp32", sampled(NETWORKS, "fp32", 1, 4, depth=8, width=4))

    assert told.startswith(f"| ms, fp32 | {' | '.join(NETWORKS)} |")
    assert f"| {WHOLE} | " in told
    assert "| convolution, backward | " in told
    saving = told.splitlines()[2:]
    assert all(len(row.split("|")) == len(NETWORKS) + 3 for row in saving)


def test_autograd_keeps_half_where_memory_is_saved() -> None:
    full, saving = (
        kept("fp32", 16, depth=8, width=8, **NETWORKS[name])
        for name in ("the full run", "BN-only, saving memory")
    )

    assert 0.4 < saving / full < 0.6


def test_no_precision_shares_a_row_with_another() -> None:
    assert all(case.precision in ("fp32", "bf16") for case in CASES.values())
    assert all(
        side.options.get("precision", case.precision) == case.precision or side.function.startswith("peer")
        for case in CASES.values()
        for side in (case.ours, case.other)
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nothing"], "there is no case 'nothing'"),
        (["--rounds", "0"], "--rounds 0 must be at least 1"),
        (["--peer-dir", "/nowhere"], "there is no trainer.py in it"),
    ],
)
def test_a_wrong_wish_is_refused(words: list[str], told: str) -> None:
    command = [sys.executable, "-m", "benchmarks.speed", *words]

    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert answer.returncode == 2
    assert told in answer.stderr
