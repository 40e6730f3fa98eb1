"""Checks of every layer: what comes out of it, what goes back through it."""

from __future__ import annotations

import math

from experiments.training.sanity.findings import Finding, failed, judged, not_here, passed
from experiments.training.sanity.layers import Layer
from experiments.training.sanity.subject import Subject
from experiments.training.trainable import OUTPUT_LAYER

STEADY, WILD = 1e-3, 1e3  # standard deviations of outputs between which a layer tells images apart
DEAD = 0.25  # share of a layer's inputs that say nothing
HARDLY, TOO_FAR = 1e-7, 1.0  # norm of a step over that of what it moves; about 1e-3 is usual


def activations(subject: Subject) -> Finding:
    """The outputs of no layer vanish or explode."""
    layers = subject.by_heart.layers
    if not layers:
        return failed("the first step did not get through the network")
    for layer in layers:
        if not (math.isfinite(layer.std) and STEADY <= layer.std <= WILD):
            if _starts_at_zero(subject, layer):
                continue
            return failed(f"the outputs of {layer.name} have a standard deviation of {layer.std:.2g}")
    told = [layer.std for layer in layers if layer.std > 0]
    lowest, highest = min(told), max(told)
    words = f"the outputs of {len(layers)} layers have standard deviations from {lowest:.2g} to {highest:.2g}"
    return passed(words, lowest=lowest, highest=highest)


def dead_units(subject: Subject) -> Finding:
    """Few channels give the same answer to every image."""
    layers = [layer for layer in subject.by_heart.layers if not math.isnan(layer.dead)]
    if not layers:
        return not_here("the first step did not get as far as an activation")
    worst = max(layers, key=lambda layer: layer.dead)
    words = f"at most {worst.dead:.0%} of what a layer is given is the same for every image, in {worst.name}"
    return judged(worst.dead <= DEAD, words, share=worst.dead)


def gradients(subject: Subject) -> Finding:
    """A step moves every layer that learns, and none by more than its size."""
    if not subject.state.trainable:
        return not_here("nothing learns")
    layers = [layer for layer in subject.by_heart.layers if not math.isnan(layer.gradient)]
    if not layers:
        return not_here("there was no second step")
    for layer in layers:
        if layer.gradient == 0 or not math.isfinite(layer.gradient):
            return failed(f"the gradient of {layer.name} is {layer.gradient:g}")
    moved = {
        layer.name: layer.update
        for layer in layers
        if math.isfinite(layer.update) and not _starts_at_zero(subject, layer)
    }
    if not moved:
        return passed(f"{len(layers)} layers have a gradient")
    least, most = min(moved, key=moved.__getitem__), max(moved, key=moved.__getitem__)
    words = (
        f"the second step moves {least} by {moved[least]:.1g} of its size and {most} by {moved[most]:.1g}, "
        "those that it moves least and most"
    )
    good = moved[least] >= HARDLY and moved[most] <= TOO_FAR
    return judged(good, words, least=moved[least], most=moved[most])


def _starts_at_zero(subject: Subject, layer: Layer) -> bool:
    """Whether the layer's answers are all alike and its first steps large, because that was asked for."""
    return subject.settings.output_init == "zero" and layer.name == OUTPUT_LAYER
