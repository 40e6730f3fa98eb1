"""How far BatchNorm's running statistics are from those of the images, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

from experiments.training.evaluate import forward
from experiments.training.measures.activations import inputs_of, moments_of
from experiments.training.measures.drift import drift_between
from experiments.training.measures.look import Look
from experiments.training.modes import unchanged
from experiments.training.norms import batchnorm_layers
from experiments.training.results import Measured, Result, Table

COLUMNS = ("layer", "epoch", "mean_gap", "spread_gap")


def statistics_gap(look: Look) -> Iterator[Result]:
    """The running statistics against those of the fixed images in train mode, in deviations of the latter."""
    memory, model = look.memory("statistics"), look.state.model
    norms = {name: layer for name, layer in batchnorm_layers(model).items() if layer.running_mean is not None}
    if not norms:
        return
    with unchanged(model), inputs_of(model, tuple(map(type, norms.values()))) as inputs:
        model.train()
        forward(model, look.images[0], look.state.precision)
    rows = []
    for name, layer in norms.items():
        assert layer.running_mean is not None
        assert layer.running_var is not None
        running = layer.running_mean.cpu(), layer.running_var.cpu().sqrt()
        rows.append((name, look.state.epoch, *drift_between(moments_of(inputs[name]), running)))
    memory["rows"] = [*memory.get("rows", []), *rows]
    numbers = {
        "statistics.mean_gap": fmean(of_mean for _, _, of_mean, _ in rows),
        "statistics.spread_gap": fmean(of_spread for _, _, _, of_spread in rows),
    }
    yield Measured(look.state.step, numbers)


def statistics_table(look: Look) -> Iterator[Result]:
    """Every layer at every epoch."""
    if rows := look.memory("statistics").get("rows"):
        yield Table("statistics", COLUMNS, tuple(tuple(row) for row in rows))
