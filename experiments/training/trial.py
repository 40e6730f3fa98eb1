"""A network with an optimiser of its own, for steps that nobody keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from torch.optim.lr_scheduler import LambdaLR

from experiments.training.optimizer import make_optimizer
from experiments.training.settings import TrainSettings
from experiments.training.state import TrainState


def trial_of(state: TrainState, settings: TrainSettings, factor: Callable[[int], float]) -> TrainState:
    """The same network before its first step, with another optimiser: at step n (from 0) `lr` times a factor.

    Without one where nothing learns. The steps belong inside `rehearsing`, which puts the network back.
    """
    alone = replace(settings, average="none", snapshots=False)
    if not state.trainable:
        return replace(state, settings=alone, average=None, epoch=0, step=0)
    learning = {name: value for name, value in state.model.named_parameters() if name in state.trainable}
    optimizer = make_optimizer(alone, learning)
    schedule = LambdaLR(optimizer, factor)
    return replace(
        state, settings=alone, optimizer=optimizer, schedule=schedule, average=None, epoch=0, step=0
    )
