"""What surrounds the passes over the training images: guards, evaluation, measures."""

from __future__ import annotations

from collections.abc import Iterator

from experiments.training.averaging import follow_epoch
from experiments.training.batches import Batches
from experiments.training.closing import close
from experiments.training.data import Dataset
from experiments.training.evaluate import NonFiniteLossError, evaluate, mode_gap
from experiments.training.guards import Guards
from experiments.training.measures.look import Look
from experiments.training.measures.table import after_epoch
from experiments.training.results import Diverged, EpochResult, Result
from experiments.training.score import Tally
from experiments.training.state import TrainState, batches_of, fixed_batch


class Around:
    """One run seen from outside of its steps."""

    def __init__(self, state: TrainState, dataset: Dataset, training: Batches) -> None:
        self.state = state
        self.guards = Guards(state)
        self._validation = batches_of(dataset, dataset.validation, state.settings, state.device)
        self._fixed = fixed_batch(training, state.settings)
        self._look = Look(state, dataset, training, self._validation, *self._fixed)

    def begin(self) -> Iterator[Result]:
        """Before the first step; nothing but the guards where the run goes on."""
        self.guards.before_training()
        if self.state.epoch == 0:
            yield from after_epoch(self._look)

    def end_epoch(self, tally: Tally, lr: float) -> Iterator[Result]:
        """Look at the network, which leaves it as it is; then the epoch is over, a checkpoint can be saved.

        Raises NonFiniteLossError.
        """
        state, settings, model = self.state, self.state.settings, self.state.model
        check_losses(state, tally)
        self.guards.compiler()
        trained = tally.score()
        size, fold = settings.eval_batch_size, settings.fold_batchnorm
        validation, precision = self._validation, state.precision
        with self.guards.evaluation():
            held_out = evaluate(model, validation, size, precision, fold=fold) if validation else None
        gap = mode_gap(model, *self._fixed, state.precision)
        if state.epoch + 1 == settings.epochs:
            self.guards.after_training(gap)
        yield from self.guards.told()

        state.epoch += 1
        follow_epoch(state.average, model, settings, state.epoch)
        yield from after_epoch(self._look)
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

    def close(self) -> Iterator[Result]:
        """After the last epoch; the test images come last."""
        yield from close(self._look)


def diverged(state: TrainState, error: NonFiniteLossError) -> Diverged:
    """What becomes of a run whose loss is not finite."""
    step = state.step if error.step is None else error.step
    return Diverged(step=step, epoch=(step - 1) // state.steps_per_epoch + 1, layer=error.layer)


def check_losses(state: TrainState, tally: Tally) -> None:
    """Find the step of this epoch whose loss was not finite, where nobody looked at each step.

    The steps since then have spoilt every weight, so that the layer is not known any more.
    Raises NonFiniteLossError.
    """
    image = tally.first_non_finite()
    if image is not None:
        step = state.epoch * state.steps_per_epoch + image // state.settings.batch_size + 1
        raise NonFiniteLossError(layer="", step=step)
