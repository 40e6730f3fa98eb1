"""One optimiser step over one batch."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from experiments.training.averaging import follow_step
from experiments.training.evaluate import Network, NonFiniteLossError, forward, non_finite_layer
from experiments.training.guards import Guards
from experiments.training.losses import LOSSES
from experiments.training.score import Tally
from experiments.training.state import TrainState


def take_step(state: TrainState, images: Tensor, labels: Tensor, tally: Tally, guards: Guards) -> float:
    """One optimiser step over a batch, in micro-batches; the learning rate it was made with."""
    state.step += 1
    if state.optimizer is not None:
        state.pitfall.clear(state.optimizer)
        guards.gradients()
    size = state.settings.forward_batch
    for part, answers in zip(torch.split(images, size), torch.split(labels, size), strict=True):
        losses = _losses(state, part, answers, tally, guards)
        if state.optimizer is not None:
            # gradients add up: over the whole batch they become those of its mean loss
            (losses.sum() / state.settings.batch_size).backward()  # type: ignore[no-untyped-call]
    if state.optimizer is None or state.schedule is None:
        return 0.0
    lr = float(state.optimizer.param_groups[-1]["lr"])
    state.optimizer.step()
    state.schedule.step()
    state.pitfall.after_step(state.model)
    follow_step(state.average, state.model, state.settings)
    if state.settings.snapshots and state.step in state.cycle_ends:
        state.snapshots.append({name: value.clone() for name, value in state.model.state_dict().items()})
    return lr


def _losses(state: TrainState, images: Tensor, labels: Tensor, tally: Tally, guards: Guards) -> Tensor:
    """The loss of every image (n,), counted; where each step is looked at, a bad one ends the run here."""
    outputs = state.pitfall.outputs(forward(_network(state), images, state.precision))
    guards.outputs(outputs)
    losses = LOSSES[state.settings.loss](outputs, labels, state.settings.label_smoothing)
    if looks_at_each_step(state) and not losses.isfinite().all():
        raise NonFiniteLossError(non_finite_layer(state.model, images, state.precision))
    tally.add(losses, outputs, labels)
    return losses


def _network(state: TrainState) -> Network:
    """What is compiled, after a first step in which guards listen to the layers."""
    if state.compiled and state.step > 1:
        return state.compiled
    return partial(state.pitfall.forward, state.model)


def looks_at_each_step(state: TrainState) -> bool:
    """Whether reading a loss is free: on the CPU it is, elsewhere it waits for the device."""
    return state.device.type == "cpu"
