"""Which layers come to rest first on the way from their start to where they end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from experiments.training.measures.look import Look
from experiments.training.measures.moments import is_moment
from experiments.training.results import Measured, Result, Table

LOOKS = 10  # whose weights are kept, beside those of the start
COLUMNS = ("layer", "epoch", "from_start", "to_end", "cosine_to_end")

Weights = Mapping[str, Tensor]  # of each layer that learns, from the first to the output, flat


def remember(look: Look) -> Iterator[Result]:
    """Keep the weights of this epoch, if it is one of those that are kept."""
    state = look.state
    if is_moment(state.epoch, state.settings.epochs, LOOKS):
        look.memory("settling")[str(state.epoch)] = _weights(state.model, state.trainable)
    return
    yield


def settling(look: Look) -> Iterator[Result]:
    """How far each layer was from its start and its end, and whether earlier layers settled first."""
    epochs: dict[str, Weights] = look.memory("settling")
    rows = [
        (name, int(epoch), *distances(weights, epochs["0"][name], list(epochs.values())[-1][name]))
        for epoch, kept in epochs.items()
        for name, weights in kept.items()
    ]
    if not rows:
        return
    yield Table("settling", COLUMNS, tuple(rows))
    correlation = order_of_settling(rows, _matrices(look.state.model))
    if correlation is not None:
        yield Measured(look.state.step, {"settling.rank_correlation": correlation})


def distances(now: Tensor, start: Tensor, end: Tensor) -> tuple[float, float, float]:
    """From the start, in lengths of the start; to the end, as a share of the way; the cosine to the end.

    A layer that ends where it began has gone its way from the beginning.
    """
    way = (end - start).norm().item()
    from_start = (now - start).norm().item() / (start.norm().item() or 1.0)
    to_end = (now - end).norm().item() / way if way else 0.0
    return from_start, to_end, cosine_similarity(now, end, dim=0).item()


def order_of_settling(
    rows: list[tuple[str, int, float, float, float]], matrices: frozenset[str]
) -> float | None:
    """Spearman's correlation of a layer's place with its mean distance to the end; None for too few layers.

    Above zero where earlier layers settle first. Convolutions and the output layer are compared with each
    other, or other layers where none of them moves.
    """
    from scipy.stats import spearmanr  # here, so that other trainings start without scipy

    left: dict[str, list[float]] = {}
    for name, _epoch, _from_start, to_end, _cosine in rows:
        left.setdefault(name, []).append(to_end)
    moved = [name for name in left if any(left[name])]
    compared = [name for name in moved if name in matrices] or moved
    means = [sum(left[name]) / len(left[name]) for name in compared]
    if len(set(means)) < 3:
        return None
    return float(spearmanr(range(len(means)), means).statistic)


def _weights(model: nn.Module, learning: frozenset[str]) -> Weights:
    found: dict[str, list[Tensor]] = {}
    for name, parameter in model.named_parameters():
        if name in learning:
            found.setdefault(_layer_of(name), []).append(parameter.detach().flatten().float().cpu())
    return {layer: torch.cat(parts) for layer, parts in found.items()}


def _matrices(model: nn.Module) -> frozenset[str]:
    """The layers that mix their inputs."""
    return frozenset(
        _layer_of(f"{name}.weight")
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    )


def _layer_of(parameter: str) -> str:
    """The layer's name; a weight that is made of others belongs to its layer."""
    return parameter.partition(".parametrizations")[0].removesuffix(".weight").removesuffix(".bias")
