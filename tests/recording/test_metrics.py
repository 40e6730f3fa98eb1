"""What is logged as a number becomes one at once, or costs itself."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy
import pytest
import torch

from tracker.recording.metrics import Metrics


def logged(*points: tuple[Any, ...]) -> tuple[dict[str, tuple[list[Any], list[Any]]], list[str]]:
    left_out: list[str] = []
    metrics = Metrics(left_out.append, also_for_sacred=False)
    for point in points:
        metrics.log_scalar_metric(*point)
    return {name: (batch.steps, batch.values) for name, batch in metrics.take().items()}, left_out


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (numpy.float32(0.5), 0.5),
        (numpy.int64(3), 3),
        (numpy.array([2.5]), 2.5),
        (torch.tensor(0.5, requires_grad=True), 0.5),
        (torch.tensor([[7]]), 7),
        (torch.tensor(1.5, dtype=torch.bfloat16), 1.5),
        (Decimal("0.5"), 0.5),
        (True, 1),
        (10**30, 1e30),
        (2**53, 2**53),
    ],
)
def test_a_number_of_any_kind_becomes_plain(value: Any, plain: float) -> None:
    points, left_out = logged(("loss", value, 1))

    assert points == {"loss": ([1], [plain])}
    assert type(points["loss"][1][0]) in (int, float)
    assert left_out == []


@pytest.mark.parametrize(
    "value", ["0.5", None, 1j, 10**400, [1], {}, numpy.zeros(3), torch.zeros(2, 2), b"1"]
)
def test_what_is_no_number_costs_its_own_point(value: Any) -> None:
    points, left_out = logged(("loss", 0.1, 1), ("loss", value, 2), ("loss", value, 3), ("loss", 0.3, 4))

    assert points == {"loss": ([1, 4], [0.1, 0.3])}
    (message,) = left_out
    assert message.startswith("metric loss at step 2 is left out")


@pytest.mark.parametrize("step", ["3", math.nan, [1], 10**400])
def test_a_step_that_is_no_number_costs_its_own_point(step: Any) -> None:
    points, left_out = logged(("loss", 0.1, 1), ("loss", 0.2, step), ("loss", 0.3))

    assert points == {"loss": ([1, 2], [0.1, 0.3])}
    assert len(left_out) == 1


def test_steps_of_any_kind_become_whole_numbers_where_they_are() -> None:
    points, _ = logged(
        ("a", 0.0, numpy.int32(2)), ("a", 0.0, torch.tensor(3)), ("a", 0.0, 4.0), ("a", 0.0, 4.5)
    )

    assert points["a"][0] == [2, 3, 4, 4.5]
    assert [type(step) for step in points["a"][0]] == [int, int, int, float]


def test_without_a_step_each_metric_counts_its_own() -> None:
    points, _ = logged(("a", 0.0), ("b", 0.0), ("a", 0.0), ("a", 0.0, 9), ("a", 0.0))

    assert points["a"][0] == [0, 1, 9, 10]
    assert points["b"][0] == [0]


def test_a_tensor_that_changes_later_keeps_the_value_that_was_logged() -> None:
    tensor = torch.tensor(1.0)
    metrics = Metrics(print, also_for_sacred=False)
    metrics.log_scalar_metric("loss", tensor, 1)
    tensor += 1

    assert metrics.take()["loss"].values == [1.0]


def test_both_readers_get_every_point_once() -> None:
    metrics = Metrics(print, also_for_sacred=True)
    metrics.log_scalar_metric("loss", 0.5, 1)
    assert metrics.take()["loss"].steps == [1]
    metrics.log_scalar_metric("loss", 0.25, 2)

    entries = metrics.get_last_metrics()

    assert [(entry.name, entry.step, entry.value) for entry in entries] == [
        ("loss", 1, 0.5),
        ("loss", 2, 0.25),
    ]
    assert entries[0].timestamp.tzinfo is None
    assert metrics.take()["loss"].steps == [2]
    assert (metrics.take(), metrics.get_last_metrics()) == ({}, [])
