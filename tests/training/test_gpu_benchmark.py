"""The benchmark of a graphics card goes through everything at toy size where there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks import gpu, gpu_measure
from benchmarks.gpu_measure import CARD, TOY, flops_of_an_image, settings_of
from experiments.training import loop
from experiments.training.around import Around
from experiments.training.batches import Batches
from experiments.training.results import Result
from experiments.training.score import Tally


@pytest.fixture(autouse=True)
def without_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def test_without_a_card_everything_is_gone_through_and_nothing_counts_as_measured(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gpu.main(["--data-dir", str(data), "--json", str(tmp_path / "gpu.json")]) == 0

    assert "no graphics card here" in capsys.readouterr().out
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert found["measured"] is False
    assert [check["passed"] for check in found["checks"]] == [True, None]
    assert [(row["trainable"], row["seeds"]) for row in found["at_once"]] == [
        (part, seeds) for part in ("all", "batchnorm") for seeds in TOY.at_once
    ]
    assert [row["processes"] for row in found["processes"]] == [1]
    assert {row["precision"] for row in found["speed"]} == {"fp32", "bf16"}
    assert all(0 <= accuracy <= 100 for row in found["accuracy"] for accuracy in row["test_accuracy"])
    assert found["left_out"] == []


def test_what_does_not_fit_into_the_minutes_is_said(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done, left_out = gpu._accuracies(TOY, str(data), seconds=0)
    assert done == []
    assert [words.partition(", 1 epochs")[0] for words in left_out] == [
        "ResNet-8, all learns",
        "ResNet-8, batchnorm learns",
    ]
    assert capsys.readouterr().out.count("left out: ") == 2


def test_a_check_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "largest_difference", lambda _scale: 0.5)
    first, second = gpu._checks(TOY, has_card=False)
    assert first["passed"] is False
    assert second["passed"] is None


@pytest.mark.parametrize("waits", [False, True])
def test_what_waits_for_the_card_inside_an_epoch_is_told(
    monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    modes: list[str] = []
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", modes.append)

    def one_pass(around: Around, training: Batches, tally: Tally) -> list[Result]:
        if waits and modes == ["error"]:
            raise RuntimeError("called a synchronizing CUDA operation")
        return list(loop.one_pass(around, training, tally))

    monkeypatch.setattr(gpu_measure, "one_pass", one_pass)
    told = gpu_measure.waits_inside_an_epoch(TOY)
    assert told == ("called a synchronizing CUDA operation" if waits else "")
    assert modes == ["error", "default"]


def test_what_fails_inside_an_epoch_is_not_taken_for_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[str] = []
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", modes.append)

    def one_pass(around: Around, training: Batches, tally: Tally) -> list[Result]:
        if modes == ["error"]:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return list(loop.one_pass(around, training, tally))

    monkeypatch.setattr(gpu_measure, "one_pass", one_pass)
    with pytest.raises(torch.OutOfMemoryError):
        gpu_measure.waits_inside_an_epoch(TOY)
    assert modes == ["error", "default"]


def test_a_process_that_fails_ends_the_benchmark_and_what_was_measured_before_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("_speeds", "_at_once"):
        monkeypatch.setattr(gpu, name, lambda *_: ["measured"])
    monkeypatch.setattr(gpu, "TOY", replace(TOY, process_steps="many"))
    with pytest.raises(SystemExit, match="1 processes on the device: 1 failed, the first with code 1; why"):
        gpu.main(["--json", str(tmp_path / "gpu.json")])
    assert "Error: " in capfd.readouterr().err
    assert json.loads((tmp_path / "gpu.json").read_text())["speed"] == ["measured"]


def test_the_operations_of_an_image_are_those_known_of_resnet_20() -> None:
    # 40.55 million multiplications forward; backward twice as many, but for the gradient of the image
    settings = settings_of(CARD, 20, device="cpu", shortcut="A")
    assert flops_of_an_image(settings) == pytest.approx(242.4e6, rel=0.01)
