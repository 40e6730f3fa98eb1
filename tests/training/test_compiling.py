"""A training through torch's compiler learns what a plain one learns, where it is worth the time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.training.compiling import Compiled, is_compiled
from experiments.training.data import Dataset
from experiments.training.loop import start, train
from experiments.training.results import EpochResult, TestResult, Warned
from experiments.training.settings import SettingsError, TrainSettings

MakeSettings = Callable[..., TrainSettings]
MakeDataset = Callable[..., Dataset]

TRAININGS: dict[str, dict[str, Any]] = {
    "everything, with dropout": {"dropout": 0.2},
    "BN-only that saves memory": {"trainable": "batchnorm", "save_memory": True},
    "weight norm in micro-batches": {"norm": "weight_norm", "micro_batch_size": 8},
}


def losses(settings: TrainSettings, dataset: Dataset) -> tuple[list[float], list[Warned], Compiled | None]:
    """The losses of every epoch and of the test, what guards said, and what stood for the network."""
    state = start(settings, dataset)
    results = list(train(state, dataset))
    found = [one.train_loss for one in results if isinstance(one, EpochResult)]
    found += [one.loss for one in results if isinstance(one, TestResult)]
    return found, [one for one in results if isinstance(one, Warned)], state.compiled


@pytest.mark.parametrize("name", TRAININGS)
def test_a_compiled_training_learns_what_a_plain_one_learns_and_compiles_once(
    name: str, make_settings: MakeSettings, dataset: Dataset
) -> None:
    from torch._dynamo.utils import counters

    plain, _, nothing = losses(make_settings(compile="off", **TRAININGS[name]), dataset)
    counters.clear()
    compiled, warned, network = losses(make_settings(compile="on", **TRAININGS[name]), dataset)

    assert nothing is None
    assert network is not None
    assert not network.trouble
    assert not [one for one in warned if one.guard == "compiler"]
    assert counters["stats"]["unique_graphs"] == 1
    assert not counters["graph_break"]
    assert compiled == pytest.approx(plain, rel=1e-3)


def test_without_a_working_compiler_a_training_goes_on_plainly_and_says_so(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._inductor import config

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))  # nothing is compiled already
    plain, _, _ = losses(make_settings(compile="off"), dataset)
    with config.patch({"cpp.cxx": ("no-such-compiler",)}):
        found, warned, _ = losses(make_settings(compile="on"), dataset)

    assert found == plain
    (said,) = [one for one in warned if one.guard == "compiler"]
    assert "without the compiler" in said.words
    assert "no-such-compiler" in said.words


def test_a_network_that_needs_more_variants_than_the_compiler_keeps_is_told(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    from torch._dynamo import config

    network = Compiled(start(make_settings(compile="on", norm="none"), dataset))
    with config.patch(recompile_limit=1):
        for images in (2, 3):
            network(torch.zeros(images, 3, 16, 16))

    assert "recompile" in network.trouble


@pytest.mark.parametrize(
    ("changes", "decided"),
    [
        ({}, False),
        ({"epochs": 10**6}, True),
        ({"epochs": 10**6, "compile": "off"}, False),
        ({"epochs": 1, "compile": "on"}, True),
        ({"epochs": 10**6, "image_sides": (8, 16)}, False),
        ({"epochs": 10**6, "pitfall": "one_pass"}, False),
        ({"epochs": 10**6, "batchnorm_average": "cumulative"}, False),
        ({"epochs": 10**6, "trainable": "none"}, False),
    ],
)
def test_a_run_is_compiled_where_it_is_long_and_its_steps_are_alike(
    changes: dict[str, Any], decided: bool, make_settings: MakeSettings, dataset: Dataset
) -> None:
    state = start(make_settings(schedule="constant", **changes), dataset)
    before = [layer.training for layer in state.model.modules()]

    assert is_compiled(state, dataset) is decided
    assert [layer.training for layer in state.model.modules()] == before


@pytest.mark.parametrize(
    "change",
    [{"image_sides": (8, 16)}, {"pitfall": "one_pass"}, {"trainable": "none"}],
    ids=lambda change: next(iter(change)),
)
def test_asking_for_the_compiler_where_steps_differ_is_refused(
    change: dict[str, Any], make_settings: MakeSettings
) -> None:
    (name,) = change
    with pytest.raises(SettingsError, match=f"steps that are all alike, but {name} is .*use compile=auto"):
        make_settings(compile="on", **change)
