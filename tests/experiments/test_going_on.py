"""A training run that is killed and started again is one record, the same as that of a run left alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.forked import Forked, run_module

ROOT = Path(__file__).parents[2]
EPOCHS = 5
# an epoch of half a second on one core, so that a signal comes in the middle
TINY = (
    *("with", "smoke", "subset=600", "test_subset=100", f"epochs={EPOCHS}", "batch_size=32", "width=4"),
    *("seed=3", "log_every=4"),
)

Start = Callable[..., Forked]


@pytest.fixture
def start(tmp_path: Path, data: Path) -> Iterator[Start]:
    """start(*words, **environ) starts a training whose state is kept in the test's folder."""
    started: list[Forked] = []

    def run(*words: str, **environ: str) -> Forked:
        place = {"TRACKER_STORE": str(tmp_path / "runs"), "TRACKER_CHECKPOINT": str(checkpoint(tmp_path))}
        environ = {**os.environ, "OMP_NUM_THREADS": "1", "TRACKER_LEASE": "", **place, **environ}
        words = (*TINY, f"data_dir={data}", *words)
        started.append(Forked("experiments.full", *words, cwd=ROOT, environ=environ))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def checkpoint(folder: Path) -> Path:
    return folder / "runs" / "_checkpoints" / "key.pt"


def finish(process: Forked) -> str:
    output = process.communicate()
    assert process.returncode == 0, output
    return output


def interrupt(process: Forked, store: Path, epoch: int, number: int, run: int = 1) -> None:
    """Ends the process by a signal when it is in the middle of the epoch after this one."""
    points = store / str(run) / "points.jsonl"
    begun = points.stat().st_size if points.exists() else 0
    for line in process.stdout:
        if line.startswith(f"epoch {epoch}/"):
            break
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and points.stat().st_size <= begun:
        time.sleep(0.02)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)


def record(store: Path, run: int = 1) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in (store / str(run)).glob("*.json")}


def runs(store: Path) -> list[str]:
    return sorted(path.name for path in store.iterdir() if path.name.isdecimal())


def curves(recorded: dict[str, Any]) -> dict[str, Any]:
    return {name: (one["steps"], one["values"]) for name, one in recorded["metrics"].items()}


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory: pytest.TempPathFactory, data: Path) -> dict[str, Any]:
    """The record of the run that nobody interrupts."""
    store = tmp_path_factory.mktemp("alone") / "runs"
    words = (*TINY, f"data_dir={data}", "-F", str(store))
    environ = {**os.environ, "OMP_NUM_THREADS": "1"}
    assert run_module("experiments.full", *words, cwd=ROOT, environ=environ).returncode == 0
    return record(store)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_was_ended_goes_on_in_its_record_and_ends_bitwise_as_if_it_had_not_been(
    start: Start, tmp_path: Path, left_alone: dict[str, Any], number: int
) -> None:
    store = tmp_path / "runs"
    interrupt(start(), store, 2, number)
    assert checkpoint(tmp_path).exists()

    output = finish(start())

    recorded = record(store)
    assert runs(store) == ["1"]
    assert recorded["run"]["status"] == "COMPLETED"
    assert recorded["run"]["result"] == left_alone["run"]["result"]
    assert curves(recorded) == curves(left_alone)
    assert recorded["config"] == {**left_alone["config"], "data_dir": recorded["config"]["data_dir"]}
    assert len(recorded["metrics"]["validation.loss"]["values"]) == EPOCHS
    first, second = recorded["info"]["tracker"]["parts"]
    assert second["after_step"] > 0
    assert first["host"] == second["host"]
    assert "going on after epoch" in output


def test_a_run_may_be_interrupted_again_and_again(
    start: Start, tmp_path: Path, left_alone: dict[str, Any]
) -> None:
    store = tmp_path / "runs"
    interrupt(start(), store, 2, signal.SIGKILL)
    interrupt(start(), store, 4, signal.SIGTERM)
    finish(start())

    recorded = record(store)
    assert (runs(store), recorded["run"]["status"]) == (["1"], "COMPLETED")
    assert curves(recorded) == curves(left_alone)
    steps = [part.get("after_step") for part in recorded["info"]["tracker"]["parts"]]
    assert steps[0] is None
    assert 0 < steps[1] < steps[2]


def test_a_damaged_checkpoint_makes_the_run_start_anew_in_its_record(
    start: Start, tmp_path: Path, left_alone: dict[str, Any]
) -> None:
    store = tmp_path / "runs"
    interrupt(start(), store, 2, signal.SIGKILL)
    checkpoint(tmp_path).write_bytes(checkpoint(tmp_path).read_bytes()[:1000])

    output = finish(start())

    recorded = record(store)
    assert "is damaged or no checkpoint" in output
    assert "the run starts anew" in recorded["info"]["training"]["checkpoint"]
    assert runs(store) == ["1"]
    assert curves(recorded) == curves(left_alone)
    assert recorded["info"]["tracker"]["parts"][1]["after_step"] is None


def test_another_configuration_is_another_run_and_starts_anew(start: Start, tmp_path: Path) -> None:
    store = tmp_path / "runs"
    interrupt(start(), store, 2, signal.SIGKILL)

    output = finish(start("lr=0.05"))

    assert runs(store) == ["1", "2"]
    assert "belongs to another run: lr is 0.1 there, 0.05 here" in output
    recorded = record(store, 2)
    assert recorded["run"]["status"] == "COMPLETED"
    assert len(recorded["metrics"]["validation.loss"]["values"]) == EPOCHS
    assert "continues" not in recorded["info"]["tracker"]


def test_a_run_that_is_alive_is_left_alone(start: Start, tmp_path: Path) -> None:
    first = start()
    for line in first.stdout:
        if line.startswith("epoch 1/"):
            break
    first.send_signal(signal.SIGSTOP)

    second = start()
    output = second.communicate(timeout=60)
    first.send_signal(signal.SIGCONT)

    assert second.returncode == 1
    assert f"still goes on, as process {first.pid}" in output
    assert "Traceback" not in output
    finish(first)
    assert runs(tmp_path / "runs") == ["1"]


def test_where_the_folder_is_not_at_hand_a_new_run_names_the_one_that_it_continues(
    start: Start, tmp_path: Path, left_alone: dict[str, Any]
) -> None:
    store, elsewhere = tmp_path / "runs", tmp_path / "elsewhere"
    interrupt(start(), store, 2, signal.SIGTERM)
    uuid = record(store)["info"]["tracker"]["uuid"]
    shutil.copytree(store / "_checkpoints", tmp_path / "shared")
    store.rename(tmp_path / "gone")

    finish(start(TRACKER_STORE=str(elsewhere), TRACKER_CHECKPOINT=str(tmp_path / "shared" / "key.pt")))

    recorded = record(elsewhere)
    told = recorded["info"]["tracker"]["continues"]
    assert (told["run"], told["uuid"]) == (1, uuid)
    assert min(recorded["metrics"]["validation.loss"]["steps"]) > told["after_step"] > 0
    assert recorded["run"]["result"] == left_alone["run"]["result"]
    assert recorded["config"]["checkpoint"] == ""


def test_a_place_that_cannot_be_written_costs_the_checkpoint_and_not_the_run(
    start: Start, tmp_path: Path, left_alone: dict[str, Any]
) -> None:
    (tmp_path / "file").write_text("")

    output = finish(start(TRACKER_CHECKPOINT=str(tmp_path / "file" / "key.pt")))

    recorded = record(tmp_path / "runs")
    assert "cannot be written" in output
    assert curves(recorded) == curves(left_alone)
    assert "the run goes on without" in recorded["info"]["training"]["checkpoint"]
