"""Checks of a network that learns: one batch by heart, and nothing from images of zeros."""

from __future__ import annotations

from collections.abc import Callable

import torch

from experiments.training.sanity.findings import Finding, failed, judged, not_here, passed
from experiments.training.sanity.start_checks import expected_loss
from experiments.training.sanity.subject import Subject

EVERYTHING = ("all", "all_but_batchnorm")  # what has to learn, for a batch to be learnt by heart
ROUNDING = 1e-3  # nats


def by_heart(subject: Subject) -> Finding:
    """One batch, without augmentation and weight decay, is learnt by heart."""
    if subject.settings.trainable not in EVERYTHING:
        return not_here(f"with trainable={subject.settings.trainable} nobody knows whether it could be")
    steps = subject.by_heart
    if steps.bad_layer is not None:
        return failed(f"the loss is not finite at step {len(steps.losses) + 1}")
    accuracy, above = steps.accuracies[-1], steps.losses[-1] - subject.loss_floor
    known = accuracy == 100 and above < subject.settings.tolerance
    made, images = len(steps.losses), len(subject.batches)
    if steps.late and not known:
        return not_here(
            f"after {made} steps the {subject.settings.seconds:g} seconds are over, with {accuracy:.0f} % of "
            f"{images} images right; give it more seconds, or fewer images"
        )
    words = f"after {made} steps {accuracy:.0f} % of {images} images are right, with a loss of {above:.3f}"
    return judged(known, words, loss=steps.losses[-1], accuracy=accuracy, steps=made)


def on_zeros(subject: Subject) -> Finding:
    """From images of zeros only how frequent the classes are can be learnt, and little of that is new."""
    if subject.settings.loss != "cross_entropy":
        return not_here(f"with loss={subject.settings.loss} the baseline is not an entropy")
    steps = subject.on_zeros
    if not steps.losses or steps.bad_layer is not None:
        return failed(f"the loss is not finite at step {len(steps.losses) + 1}")
    wanted, name = expected_loss(subject)
    floor = subject.loss_of(_frequencies(subject).log())
    first, lowest = steps.losses[0], min(steps.losses)
    numbers = {"first": first, "lowest": lowest, "entropy": floor}
    if lowest < floor - ROUNDING:
        return failed(f"the loss falls to {lowest:.3f}, below the {floor:.3f} of the labels alone", **numbers)
    if abs(first - wanted) > subject.settings.tolerance:
        return failed(
            f"the loss starts at {first:.3f} without any image, not at {wanted:.3f}, {name}", **numbers
        )
    return passed(
        f"the loss goes from {first:.3f} to {steps.losses[-1]:.3f}, and the labels alone have {floor:.3f}",
        **numbers,
    )


def beats_zeros(subject: Subject) -> Finding:
    """After as many steps, real images have a lower loss than images of zeros."""
    if not subject.state.trainable:
        return not_here("nothing learns")
    real, zeros = subject.by_heart, subject.on_zeros
    if real.bad_layer is not None:
        return failed(f"the loss of real images is not finite at step {len(real.losses) + 1}")
    if not zeros.losses:
        return not_here("images of zeros have no finite loss to compare with")
    place = min(len(real.losses), len(zeros.losses)) - 1
    if place == 0:
        return not_here("there was no time for a second step; give it more seconds")
    one, other = real.losses[place], zeros.losses[place]
    words = f"at step {place + 1} real images have a loss of {one:.3f}, images of zeros {other:.3f}"
    return judged(one < other, words, real=one, zeros=other)


def finite(subject: Subject) -> Finding:
    """Every tensor of the forward pass is finite, in every step that was made."""
    steps = subject.by_heart
    if steps.bad_layer is None:
        return passed(f"every loss of {len(steps.losses)} steps is finite")
    where = {"": "where it began is not known", "loss": "every layer is finite, and the loss is not"}
    words = where.get(steps.bad_layer, f"{steps.bad_layer} is the first module that is not finite")
    return failed(f"step {len(steps.losses) + 1}: {words}")


def unless_guarded(guard: str, when_quiet: str) -> Callable[[Subject], Finding]:
    """A check that fails where this guard of every training speaks up in the steps that were made."""

    def check(subject: Subject) -> Finding:
        steps = subject.by_heart
        if guard in steps.guards:
            return failed(steps.guards[guard])
        if not subject.state.trainable:
            return not_here("nothing learns")
        if len(steps.losses) + (steps.bad_layer is not None) < 2:
            return not_here("there was no time for a second step; give it more seconds")
        return passed(when_quiet)

    return check


def _frequencies(subject: Subject) -> torch.Tensor:
    """How frequent each class is in the batch, as smoothed labels say."""
    labels, classes = torch.tensor(subject.chosen.labels), len(subject.dataset.classes)
    exact = labels.bincount(minlength=classes) / len(labels)
    smoothing = subject.settings.label_smoothing
    return (exact * (1 - smoothing) + smoothing / classes).clamp(min=1e-9)
