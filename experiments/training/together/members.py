"""Members, trained and tested: each alone, and the first so many together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

from experiments.training.calibration import calibration_error
from experiments.training.data import Dataset
from experiments.training.ensemble import answers_of, labels_of, score_of, together
from experiments.training.networks import DivergedError, Tell, TrainedNetwork, trained_network
from experiments.training.results import Diverged, Measured, Result, TestResult
from experiments.training.state import TrainState, batches_of
from experiments.training.together.settings import EnsembleSettings


def train_members(
    settings: EnsembleSettings, dataset: Dataset, tell: Tell
) -> Iterator[TrainedNetwork | Diverged]:
    """One network after the other; the first that diverges ends it. Raises SettingsError, DataError."""
    for number in range(1, settings.members + 1):
        name = f"member {number} of {settings.members}"
        try:
            yield trained_network(settings.member(number), dataset, name, tell)
        except DivergedError as error:
            yield error.result
            return


def validated(number: int, member: TrainedNetwork) -> Measured:
    """What a member reached on the validation images, by its number."""
    names = {"validation_loss": "validation.loss", "validation_accuracy": "validation.accuracy"}
    numbers = {metric: member.about[name] for name, metric in names.items()}
    return Measured(number, {metric: value for metric, value in numbers.items() if value is not None})


def facts_of_member(member: TrainedNetwork) -> dict[str, Any]:
    """What the record says of a member."""
    return {
        "hash": member.hash,
        "cached": member.cached,
        "seed": member.about["settings"]["seed"],
        "validation_accuracy": member.about["validation_accuracy"],
    }


def scored(state: TrainState, dataset: Dataset, members: Sequence[TrainedNetwork]) -> Iterator[Result]:
    """The test images, once: by each member, by the first 2, 3, ... together, and by all of them last."""
    model, size, fold = state.model, state.settings.eval_batch_size, state.settings.fold_batchnorm
    test = batches_of(dataset, dataset.test, state.settings, state.device)
    labels = labels_of(test, size)
    answers = [
        answers_of(model, member.weights, test, size, state.precision, fold=fold) for member in members
    ]
    alone: list[float] = []
    for number in range(1, len(members) + 1):
        own, joint = answers[number - 1], together(answers[:number])
        one, so_far = score_of(own, labels), score_of(joint, labels)
        alone.append(one.accuracy)
        yield Measured(
            number,
            {
                "member.accuracy": one.accuracy,
                "member.loss": one.loss,
                "member.calibration_error": calibration_error(own, labels),
                "ensemble.networks": number,
                "ensemble.accuracy": so_far.accuracy,
                "ensemble.loss": so_far.loss,
                "ensemble.calibration_error": calibration_error(joint, labels),
                "ensemble.gain": so_far.accuracy - fmean(alone),
            },
        )
    yield TestResult(len(members), so_far.loss, so_far.accuracy, so_far.correct, so_far.images)
