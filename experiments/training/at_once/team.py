"""The runs that are trained at once: one wide network, of which each run's own network is a part."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from experiments.training.at_once.checks import check_together
from experiments.training.at_once.wide import widened
from experiments.training.averaging import follow_step
from experiments.training.evaluate import forward
from experiments.training.losses import LOSSES
from experiments.training.optimizer import make_optimizer
from experiments.training.schedule import make_schedule
from experiments.training.state import TrainState


class Team:
    """Runs of one setting before their first step.

    Each keeps a network of its own, which can be evaluated and saved as ever: its weights and statistics are
    views of the wide network's, where steps are made for all.
    """

    def __init__(self, states: Sequence[TrainState]) -> None:
        check_together([state.settings for state in states])
        self.states = list(states)
        self.going = list(range(len(states)))  # the numbers of those that have not ended
        first = states[0]
        self.settings = first.settings
        self._layout = torch.channels_last if self.settings.channels_last else torch.contiguous_format
        self.wide = widened(first.model, len(states)).to(first.device).to(memory_format=self._layout)
        _share(self.wide, [state.model for state in states])
        self._optimizer = self._schedule = None
        if first.trainable:
            learning = {
                name: value for name, value in self.wide.named_parameters() if name in first.trainable
            }
            self._optimizer = make_optimizer(self.settings, learning)
            self._schedule = make_schedule(self._optimizer, self.settings, first.total_steps)

    def train_mode(self) -> None:
        """For the wide network and for each of its parts."""
        for model in (self.wide, *(state.model for state in self.states)):
            model.train()

    def begin_step(self) -> None:
        """Count the step; no gradient is left of the one before."""
        for state in self.states:
            state.step += 1
        if self._optimizer is not None:
            self._optimizer.zero_grad()

    def outputs(self, images: Tensor) -> Tensor:
        """What each network answers, (networks, n, classes), to images of its own, (networks, n, 3, H, W)."""
        beside = images.transpose(0, 1).flatten(1, 2).contiguous(memory_format=self._layout)
        return forward(self.wide, beside, self.states[0].precision)

    def losses(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """The loss of every image: (networks, n)."""
        loss = LOSSES[self.settings.loss]
        return loss(outputs.flatten(0, 1), labels.flatten(), self.settings.label_smoothing).view(labels.shape)

    def backward(self, losses: Tensor) -> None:
        """The gradients of each network's mean loss; one that is not finite spoils those of no other."""
        if self._optimizer is not None:
            (losses.sum() / self.settings.batch_size).backward()  # type: ignore[no-untyped-call]

    def end_step(self) -> float:
        """Let everything that learns make its step; the learning rate it was made with."""
        if self._optimizer is None or self._schedule is None:
            return 0.0
        lr = float(self._optimizer.param_groups[-1]["lr"])
        self._optimizer.step()
        self._schedule.step()
        for number in self.going:
            follow_step(self.states[number].average, self.states[number].model, self.settings)
        return lr


def _share(wide: nn.Module, models: Sequence[nn.Module]) -> None:
    """Put the weights and statistics of networks into the wide one, of which they are views from now on.

    How many batches have passed is one number for all.
    """
    own = [dict([*model.named_parameters(), *model.named_buffers()]) for model in models]
    with torch.no_grad():
        for name, whole in (*wide.named_parameters(), *wide.named_buffers()):
            for number, tensors in enumerate(own):
                part = _part(whole, number, tensors[name].shape)
                part.copy_(tensors[name])
                tensors[name].data = part.detach()


def _part(whole: Tensor, number: int, shape: torch.Size) -> Tensor:
    """What belongs to one network, in the shape that it has there."""
    return whole.view(-1, *shape)[number] if whole.dim() else whole
