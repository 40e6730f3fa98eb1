"""How far the distribution of what each layer is given moves while the network learns."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean
from typing import TypeAlias

from torch import Tensor, nn

from experiments.training.evaluate import forward
from experiments.training.measures.activations import inputs_of, moments_of
from experiments.training.measures.look import Look
from experiments.training.modes import unchanged
from experiments.training.results import Measured, Result, Table

LEAST_SPREAD = 1e-6  # below which a channel is dead, and has no scale to measure its drift by
COLUMNS = ("layer", "epoch", "mean_drift", "spread_drift")

Moments: TypeAlias = tuple[Tensor, Tensor]  # mean (channels,), standard deviation (channels,)


def drift(look: Look) -> Iterator[Result]:
    """The drift of every layer's inputs since the epoch before, on the same images, in train mode."""
    memory, state = look.memory("drift"), look.state
    before, now = memory.get("moments"), _moments(look)
    memory["moments"] = now
    if before is None:
        return
    moved = {name: drift_between(before[name], now[name]) for name in now}
    rows = [(name, state.epoch, *of_layer) for name, of_layer in moved.items()]
    memory["rows"] = [*memory.get("rows", []), *rows]
    hidden = [of_layer for name, of_layer in moved.items() if not name.startswith("stem")]
    numbers = {
        "drift.mean": fmean(of_mean for of_mean, _ in hidden),
        "drift.spread": fmean(of_spread for _, of_spread in hidden),
    }
    yield Measured(state.step, numbers)


def drift_table(look: Look) -> Iterator[Result]:
    """Every layer at every epoch."""
    yield Table("drift", COLUMNS, tuple(tuple(row) for row in look.memory("drift")["rows"]))


def drift_between(before: Moments, now: Moments) -> tuple[float, float]:
    """How far the mean has moved, in deviations of before; how far the logarithm of the deviation has.

    Both are means over the channels that were alive before and are alive now; 0 where none is.
    """
    (mean, spread), (mean_now, spread_now) = before, now
    alive = (spread > LEAST_SPREAD) & (spread_now > LEAST_SPREAD)
    if not alive.any():
        return 0.0, 0.0
    of_mean = (mean_now - mean)[alive].abs() / spread[alive]
    of_spread = (spread_now[alive] / spread[alive]).log().abs()
    return of_mean.mean().item(), of_spread.mean().item()


def _moments(look: Look) -> dict[str, Moments]:
    """Of what convolutions and the output layer are given by the first chunk of the fixed images."""
    model = look.state.model
    with unchanged(model), inputs_of(model, (nn.Conv2d, nn.Linear)) as inputs:
        model.train()
        forward(model, look.images[0], look.state.precision)
    return {name: moments_of(values) for name, values in inputs.items()}
