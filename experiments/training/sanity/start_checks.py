"""Checks of a network before its first step: its loss, its output layer, its modes, its statistics."""

from __future__ import annotations

import torch
from torch import nn

from experiments.training.evaluate import evaluate
from experiments.training.modes import evaluating, unchanged
from experiments.training.norms import batchnorm_layers
from experiments.training.sanity.findings import Finding, failed, judged, not_here, passed
from experiments.training.sanity.layers import idle_biases
from experiments.training.sanity.subject import Subject
from experiments.training.trainable import OUTPUT_LAYER

AGREEMENT = 1e-3  # of the largest output, within which two answers are the same


def loss_at_start(subject: Subject) -> Finding:
    """Before the first step every class is as likely as the bias of the output layer says, and no more."""
    steps = subject.by_heart
    if not steps.losses:
        return failed("the loss of the first step is not finite")
    loss, wanted, name = steps.losses[0], *expected_loss(subject)
    words = f"the loss starts at {loss:.3f}, and at {wanted:.3f} it should, {name}"
    return judged(abs(loss - wanted) <= subject.settings.tolerance, words, loss=loss, expected=wanted)


def expected_loss(subject: Subject) -> tuple[float, str]:
    """The loss of a network that knows nothing of the images, and what it is."""
    if subject.settings.output_bias == "base_rates":
        return subject.loss_of(subject.base_rates.log()), "that of how frequent the classes are"
    classes = len(subject.dataset.classes)
    plain = subject.settings.loss == "cross_entropy"
    name = f"the logarithm of {classes} classes" if plain else "that of outputs of zero"
    return subject.loss_of(torch.zeros(classes)), name


def base_rates(subject: Subject) -> Finding:
    """The bias of the output layer says how frequent the classes are."""
    if subject.settings.loss in ("squared", "huber"):
        return not_here(f"loss={subject.settings.loss} makes no probabilities of outputs")
    layer = dict(subject.model.named_children()).get(OUTPUT_LAYER)
    if not isinstance(layer, nn.Linear) or layer.bias is None:
        return not_here("the network has no output layer with a bias")
    rates = subject.base_rates.double()
    guess = layer.bias.detach().cpu().double().log_softmax(dim=0)
    apart = float((rates * (rates.log() - guess)).sum())
    words = (
        f"the bias costs {apart:.3f} nats more than the base rates of the classes, "
        f"which are from {float(rates.min()):.1%} to {float(rates.max()):.1%}"
    )
    return judged(apart <= subject.settings.tolerance, words, divergence=apart)


def modes(subject: Subject) -> Finding:
    """An evaluation is made in eval mode, changes no statistics, and gives every layer its mode back."""
    model = subject.model
    with unchanged(model):
        model.train()
        before = {name: layer.training for name, layer in model.named_modules()}
        buffers = [buffer.clone() for buffer in model.buffers()]
        with evaluating(model):
            awake = [name or "the network" for name, layer in model.named_modules() if layer.training]
        with torch.no_grad():
            evaluate(model, subject.batches, len(subject.batches), subject.state.precision)
        moved = sum(not torch.equal(one, other) for one, other in zip(buffers, model.buffers(), strict=True))
        lost = [name for name, layer in model.named_modules() if layer.training != before[name]]
    if awake:
        return failed(f"{awake[0]} stays in train mode while the network is evaluated")
    if moved:
        return failed(f"{moved} buffers are not what they were before an evaluation")
    if lost:
        return failed(f"{lost[0]} has another mode after an evaluation than before")
    return passed(f"{len(before)} modules have the mode that they had before an evaluation")


def one_image(subject: Subject) -> Finding:
    """In eval mode an image gets the same answer alone and in company, as the output layer sees it."""
    model, images = subject.model, subject.batch[0]
    seen: list[torch.Tensor] = []  # not what comes out of that layer, which may be zeros
    hook = model.get_submodule(OUTPUT_LAYER).register_forward_pre_hook(
        lambda _layer, inputs: seen.append(inputs[0][:1].float())
    )
    with unchanged(model), evaluating(model):
        model(images)
        model(images[:1])
    hook.remove()
    together, alone = seen
    if not (together.isfinite().all() and alone.isfinite().all()):
        return not_here("the features are not finite before statistics have been learnt")
    apart = float((together - alone).abs().max() / together.abs().max().clamp(min=1e-12))
    words = (
        f"alone and in a batch of {len(images)}, the features of an image differ by {apart:.1e} of their size"
    )
    return judged(apart <= AGREEMENT, words, difference=apart)


def statistics_follow(subject: Subject) -> Finding:
    """A batch in train mode moves the running statistics of every BatchNorm layer."""
    model = subject.model
    with unchanged(model):
        model.train()
        layers = {
            name: layer
            for name, layer in batchnorm_layers(model).items()
            if layer.training and layer.running_mean is not None
        }
        if not layers:
            return not_here("no layer keeps statistics of the batches it is trained with")
        before = {name: _statistics(layer) for name, layer in layers.items()}
        model(subject.batch[0])
        still = [name for name, layer in layers.items() if torch.equal(before[name], _statistics(layer))]
    if still:
        return failed(f"{len(still)} of {len(layers)} layers keep their statistics, the first is {still[0]}")
    return passed(f"all {len(layers)} layers follow the batches")


def conv_bias(subject: Subject) -> Finding:
    """No convolution has a bias that the normalisation behind it takes away at once."""
    with unchanged(subject.model):
        subject.model.train()
        idle, useful = idle_biases(subject.model, subject.batch[0][:2])
    if idle:
        return failed(
            f"{len(idle)} convolutions have a bias whose mean is taken away at once, the first is {idle[0]}",
            idle=len(idle),
        )
    if useful:
        return passed(f"{len(useful)} convolutions have a bias, and none is taken away at once", idle=0)
    return passed("no convolution has a bias", idle=0)


def _statistics(layer: nn.Module) -> torch.Tensor:
    return torch.cat([layer.get_buffer("running_mean"), layer.get_buffer("running_var")]).clone()
