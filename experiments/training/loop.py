"""The training loop: a network, images in, results out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

from experiments.training.averaging import follow_epoch
from experiments.training.closing import close
from experiments.training.data import Dataset
from experiments.training.evaluate import NonFiniteLossError, evaluate, mode_gap
from experiments.training.guards import Guards
from experiments.training.measures.look import Look
from experiments.training.measures.table import after_epoch
from experiments.training.resizing import sized
from experiments.training.results import Diverged, EpochResult, Result, StepResult
from experiments.training.score import Tally
from experiments.training.state import TrainState, batches_of, fixed_batch, start
from experiments.training.step import take_step

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
    guards = Guards(state)
    guards.before_training()
    look = Look(state, dataset, training, validation, *fixed)
    if state.epoch == 0:
        yield from after_epoch(look)

    while state.epoch < settings.epochs:
        # pass over the training images, in the order that this epoch of this seed has
        model.train()
        tally, reported = Tally(), 0
        for images, labels in training.epoch(
            settings.batch_size, settings.seed, state.epoch, settings.augment
        ):
            with guards.first_step() if state.step == 0 else nullcontext():
                lr = take_step(state, sized(images, state), labels, tally, guards)
            due = settings.log_every > 0 and state.step % settings.log_every == 0
            if due or state.step % LOOK_BACK == 0:
                _check_losses(state, tally)
            if due:
                recent, reported = tally.score(since=reported), len(tally)
                yield StepResult(state.step, state.epoch + 1, recent.loss, recent.accuracy, lr)
        _check_losses(state, tally)

        # look at the network, which leaves it as it is
        trained = tally.score()
        with guards.evaluation():
            held_out = (
                evaluate(model, validation, settings.eval_batch_size, precision) if validation else None
            )
        gap = mode_gap(model, *fixed, precision)
        if state.epoch + 1 == settings.epochs:
            guards.after_training(gap)
        yield from guards.told()

        # now the epoch is over, and a checkpoint can be saved
        state.epoch += 1
        follow_epoch(state.average, model, settings, state.epoch)
        yield from after_epoch(look)
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
            train_loss_variance=tally.variance(settings.batch_size),
        )

    yield from close(look)


def _check_losses(state: TrainState, tally: Tally) -> None:
    """Find the step of this epoch whose loss was not finite, where nobody looked at each step.

    The steps since then have spoilt every weight, so that the layer is not known any more.
    """
    image = tally.first_non_finite()
    if image is not None:
        step = state.epoch * state.steps_per_epoch + image // state.settings.batch_size + 1
        raise NonFiniteLossError(layer="", step=step)
