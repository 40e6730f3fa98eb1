"""Inside an epoch nothing waits for the device, so that an accelerator always has work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from experiments.training import step
from experiments.training.at_once import loop as at_once
from experiments.training.data import Dataset
from experiments.training.loop import start, train
from experiments.training.results import EpochResult
from experiments.training.settings import TrainSettings

aten = torch.ops.aten
# reading a number, and everything whose result has a size that only the device knows
WAITS = {
    aten._local_scalar_dense.default,
    aten.nonzero.default,
    aten.masked_select.default,
    aten.equal.default,
}


class Waits(TorchDispatchMode):
    """Counts what would make the program wait for an accelerator."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func in WAITS
        return func(*args, **(kwargs or {}))


def waits_of_epoch(settings: TrainSettings, dataset: Dataset) -> int:
    """Of the first epoch, with what is looked at after it."""
    results = train(start(settings, dataset), dataset)
    with Waits() as waits:
        assert isinstance(next(results), EpochResult)
    return waits.count


@pytest.fixture
def as_on_an_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (step, at_once):
        monkeypatch.setattr(place, "looks_at_each_step", lambda _state: False)


@pytest.mark.usefixtures("as_on_an_accelerator")
@pytest.mark.parametrize("trainable", ["all", "batchnorm"])
def test_a_longer_epoch_waits_for_the_device_no_more_often(
    make_settings: Callable[..., TrainSettings], make_dataset: Callable[..., Dataset], trainable: str
) -> None:
    settings = make_settings(trainable=trainable, width=1, batch_size=8)
    short, long = (waits_of_epoch(settings, make_dataset(train=images)) for images in (256, 512))
    assert 0 < short == long


@pytest.mark.usefixtures("as_on_an_accelerator")
def test_neither_does_one_of_several_seeds(
    make_settings: Callable[..., TrainSettings], make_dataset: Callable[..., Dataset]
) -> None:
    runs = [make_settings(seed=seed, width=1, batch_size=8) for seed in (1, 2)]
    counts = []
    for images in (256, 512):
        dataset = make_dataset(train=images)
        results = at_once.train_at_once([start(settings, dataset) for settings in runs], dataset)
        with Waits() as waits:
            assert [type(next(results)[1]) for _ in runs] == [EpochResult, EpochResult]
        counts.append(waits.count)
    assert 0 < counts[0] == counts[1]


def test_on_a_cpu_every_step_is_looked_at(
    make_settings: Callable[..., TrainSettings], make_dataset: Callable[..., Dataset]
) -> None:
    # so that the count above can tell
    settings = make_settings(width=1, batch_size=8)
    short, long = (waits_of_epoch(settings, make_dataset(train=images)) for images in (256, 512))
    assert long == short + 32
