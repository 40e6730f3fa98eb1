"""Training several runs at once: the results are those that each would have alone, up to rounding."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from experiments.training.around import Around, check_losses, diverged
from experiments.training.at_once.team import Team
from experiments.training.batches import Batches
from experiments.training.data import Dataset
from experiments.training.evaluate import NonFiniteLossError, non_finite_layer
from experiments.training.resizing import sized
from experiments.training.results import Result, StepResult
from experiments.training.score import Tallies
from experiments.training.state import TrainState, batches_of
from experiments.training.step import looks_at_each_step

Numbered: TypeAlias = tuple[int, Result]  # of which run, counted from 0


def _always(number: int) -> bool:  # noqa: ARG001
    return True


def train_at_once(
    states: Sequence[TrainState], dataset: Dataset, wanted: Callable[[int], bool] = _always
) -> Iterator[Numbered]:
    """Train runs of one setting that have just been started, each to its end; the states change.

    The results of each are those of `train`, in its order; one that diverges leaves the others alone.
    A run that is not `wanted` any more is given up after the epoch.
    Raises SettingsError for runs that cannot be trained at once.
    """
    training = batches_of(dataset, dataset.train, states[0].settings, states[0].device)
    together = _Together(Team(states), dataset, training, wanted)
    yield from together.train()


class _Together:
    def __init__(
        self, team: Team, dataset: Dataset, training: Batches, wanted: Callable[[int], bool]
    ) -> None:
        self._team, self._training, self._wanted = team, training, wanted
        self._arounds = [Around(state, dataset, training) for state in team.states]

    def train(self) -> Iterator[Numbered]:
        for number in [*self._team.going]:
            yield from self._guarded(number, self._arounds[number].begin())
        for epoch in range(self._team.settings.epochs):
            tallies = Tallies()
            lr = yield from self._pass(epoch, tallies)
            for number in [*self._team.going]:
                yield from self._guarded(number, self._arounds[number].end_epoch(tallies.of(number), lr))
            self._team.going = [number for number in self._team.going if self._wanted(number)]
            if not self._team.going:
                return
        for number in [*self._team.going]:
            yield from self._guarded(number, self._arounds[number].close())

    def _pass(self, epoch: int, tallies: Tallies) -> Generator[Numbered, None, float]:
        """Over the training images, which every run sees in an order of its own; the last learning rate."""
        team, settings, first = self._team, self._team.settings, self._team.states[0]
        seeds = [state.settings.seed for state in team.states]
        shape, reported = (len(seeds), settings.batch_size), 0
        team.train_mode()
        for images, labels in self._training.epoch_of_each(
            settings.batch_size, seeds, epoch, settings.augment
        ):
            of_each = torch.unflatten(sized(images, first), 0, shape)
            lr = yield from self._step(of_each, labels.view(shape), tallies)
            if settings.log_every and first.step % settings.log_every == 0:
                for number in [*team.going]:
                    yield from self._guarded(number, self._report(number, tallies, reported, lr))
                reported = len(tallies)
            if not team.going:
                break
        return lr

    def _step(self, images: Tensor, labels: Tensor, tallies: Tallies) -> Generator[Numbered, None, float]:
        """One step of each, in micro-batches; the learning rate it was made with."""
        team, size = self._team, self._team.settings.forward_batch
        team.begin_step()
        for part, answers in zip(torch.split(images, size, 1), torch.split(labels, size, 1), strict=True):
            outputs = team.outputs(part)
            self._look_at_first(outputs)
            losses = team.losses(outputs, answers)
            for number in self._not_finite(losses):
                state = team.states[number]
                layer = non_finite_layer(state.model, part[number], state.precision)
                yield number, diverged(state, NonFiniteLossError(layer))
                team.going.remove(number)
            tallies.add(losses, outputs, answers)
            team.backward(losses)
        return team.end_step()

    def _look_at_first(self, outputs: Tensor) -> None:
        for number in self._team.going if self._team.states[0].step == 1 else ():
            self._arounds[number].guards.outputs(outputs[number])

    def _not_finite(self, losses: Tensor) -> list[int]:
        """The runs whose losses are not finite, where looking at them is free."""
        if not looks_at_each_step(self._team.states[0]):
            return []
        finite = losses.isfinite().all(dim=1).tolist()
        return [number for number in self._team.going if not finite[number]]

    def _report(self, number: int, tallies: Tallies, since: int, lr: float) -> Iterator[Result]:
        state, tally = self._team.states[number], tallies.of(number)
        check_losses(state, tally)
        recent = tally.score(since)
        yield StepResult(state.step, state.epoch + 1, recent.loss, recent.accuracy, lr)

    def _guarded(self, number: int, results: Iterable[Result]) -> Iterator[Numbered]:
        """The results of one run, which ends where it has diverged."""
        try:
            for result in results:
                yield number, result
        except NonFiniteLossError as error:
            yield number, diverged(self._team.states[number], error)
            self._team.going.remove(number)
