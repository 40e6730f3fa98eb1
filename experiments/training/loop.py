"""The training loop: a network, images in, results out."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from experiments.training.averaging import follow_epoch, follow_step
from experiments.training.closing import close
from experiments.training.data import Dataset
from experiments.training.evaluate import NonFiniteLossError, evaluate, forward, mode_gap, non_finite_layer
from experiments.training.losses import LOSSES
from experiments.training.resizing import sized
from experiments.training.results import Diverged, EpochResult, Result, StepResult
from experiments.training.score import Tally
from experiments.training.state import TrainState, batches_of, fixed_batch, start

__all__ = ["TrainState", "start", "train"]

LOOK_BACK = 50  # steps between looks at the losses on an accelerator, where a look waits for the device


def train(state: TrainState, dataset: Dataset) -> Iterator[Result]:
    """Train from where the state is to its last epoch, then test once; the state changes along the way.

    Yields a StepResult every `log_every` steps, an EpochResult after every epoch; at the end what is measured
    once, a TestResult last.
    A loss that is not finite ends it with Diverged instead.
    """
    try:
        yield from _train(state, dataset)
    except NonFiniteLossError as error:
        step = state.step if error.step is None else error.step
        yield Diverged(step=step, epoch=(step - 1) // state.steps_per_epoch + 1, layer=error.layer)


def _train(state: TrainState, dataset: Dataset) -> Iterator[Result]:
    settings, model, precision = state.settings, state.model, state.precision
    training = batches_of(dataset, dataset.train, settings, state.device)
    validation = batches_of(dataset, dataset.validation, settings, state.device)
    fixed = fixed_batch(training, settings)

    while state.epoch < settings.epochs:
        # pass over the training images, in the order that this epoch of this seed has
        model.train()
        tally, reported = Tally(), 0
        for images, labels in training.epoch(
            settings.batch_size, settings.seed, state.epoch, settings.augment
        ):
            lr = _step(state, sized(images, state), labels, tally)
            due = settings.log_every > 0 and state.step % settings.log_every == 0
            if due or state.step % LOOK_BACK == 0:
                _check_losses(state, tally)
            if due:
                recent, reported = tally.score(since=reported), len(tally)
                yield StepResult(state.step, state.epoch + 1, recent.loss, recent.accuracy, lr)
        _check_losses(state, tally)

        # look at the network, which leaves it as it is
        trained = tally.score()
        held_out = evaluate(model, validation, settings.eval_batch_size, precision) if validation else None
        gap = mode_gap(model, *fixed, precision)

        # now the epoch is over, and a checkpoint can be saved
        state.epoch += 1
        follow_epoch(state.average, model, settings, state.epoch)
        yield EpochResult(
            epoch=state.epoch,
            step=state.step,
            lr=lr,
            train_loss=trained.loss,
            train_accuracy=trained.accuracy,
            train_images=trained.images,
            validation_loss=held_out.loss if held_out else None,
            validation_accuracy=held_out.accuracy if held_out else None,
            validation_images=held_out.images if held_out else 0,
            batchnorm_gap=gap,
        )

    yield from close(state, dataset, training, validation)


def _step(state: TrainState, images: Tensor, labels: Tensor, tally: Tally) -> float:
    """One optimiser step over a batch, in micro-batches; the learning rate it was made with."""
    state.step += 1
    if state.optimizer is not None:
        state.optimizer.zero_grad()
    size = state.settings.forward_batch
    for part, answers in zip(torch.split(images, size), torch.split(labels, size), strict=True):
        losses = _losses(state, part, answers, tally)
        if state.optimizer is not None:
            # gradients add up: over the whole batch they become those of its mean loss
            (losses.sum() / state.settings.batch_size).backward()  # type: ignore[no-untyped-call]
    if state.optimizer is None or state.schedule is None:
        return 0.0
    lr = float(state.optimizer.param_groups[-1]["lr"])
    state.optimizer.step()
    state.schedule.step()
    follow_step(state.average, state.model, state.settings)
    if state.settings.snapshots and state.step in state.cycle_ends:
        state.snapshots.append({name: value.clone() for name, value in state.model.state_dict().items()})
    return lr


def _losses(state: TrainState, images: Tensor, labels: Tensor, tally: Tally) -> Tensor:
    """The loss of every image (n,), counted; where each step is looked at, a bad one ends the run here."""
    outputs = forward(state.model, images, state.precision)
    losses = LOSSES[state.settings.loss](outputs, labels, state.settings.label_smoothing)
    if looks_at_each_step(state) and not losses.isfinite().all():
        raise NonFiniteLossError(non_finite_layer(state.model, images, state.precision))
    tally.add(losses, outputs, labels)
    return losses


def looks_at_each_step(state: TrainState) -> bool:
    """Whether reading a loss is free: on the CPU it is, elsewhere it waits for the device."""
    return state.device.type == "cpu"


def _check_losses(state: TrainState, tally: Tally) -> None:
    """Find the step of this epoch whose loss was not finite, where nobody looked at each step.

    The steps since then have spoilt every weight, so that the layer is not known any more.
    """
    image = tally.first_non_finite()
    if image is not None:
        step = state.epoch * state.steps_per_epoch + image // state.settings.batch_size + 1
        raise NonFiniteLossError(layer="", step=step)
