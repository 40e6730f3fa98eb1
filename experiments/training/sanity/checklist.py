"""The checks by name, in the order of the documents that they are from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from experiments.training.sanity import data_checks, layer_checks, learning_checks, start_checks
from experiments.training.sanity.findings import Finding
from experiments.training.sanity.learning_checks import unless_guarded
from experiments.training.sanity.subject import Subject


@dataclass(frozen=True)
class Check:
    """How a training is looked at, what a failure usually means, what to try first."""

    look: Callable[[Subject], Finding]
    means: str
    remedy: str


def checked(subject: Subject) -> Iterator[tuple[str, Finding]]:
    """The finding of every check, one after the other."""
    for name, check in CHECKS.items():
        yield name, check.look(subject)


CHECKS: dict[str, Check] = {
    "by_heart": Check(
        learning_checks.by_heart,
        "labels and images do not belong together, gradients do not arrive, or the rate is far off",
        "see the checks below that fail; then try lr ten times lower and higher, or lr_finder",
    ),
    "on_zeros": Check(
        learning_checks.on_zeros,
        "below the labels' entropy: labels leak into the images; a high start: the output layer is too large",
        "look at how a batch is put together; try output_init=zero, output_bias=zero",
    ),
    "beats_zeros": Check(
        learning_checks.beats_zeros,
        "what is in the images does not reach the loss, or the rate is so high that nothing settles",
        "look at images as the network sees them; try lr ten times lower, and fewer layers",
    ),
    "loss_at_start": Check(
        start_checks.loss_at_start,
        "the output layer is so large that the network is sure of wrong answers before it has learnt any",
        "output_init=zero; where the output layer does not learn, output_init=torch, which starts less high",
    ),
    "base_rates": Check(
        start_checks.base_rates,
        "the first steps are spent on learning how frequent the classes are",
        "output_bias=base_rates",
    ),
    "modes": Check(
        start_checks.modes,
        "validation is normalised by its own batches or drops units, or training goes on in eval mode",
        "evaluate inside a context that puts back every layer's own mode",
    ),
    "gradients_cleared": Check(
        unless_guarded("gradients_never_cleared", "each step begins without the gradients of the last one"),
        "every step goes along the sum of all gradients there were, as if the rate grew",
        "clear the gradients before each backward pass",
    ),
    "raw_outputs": Check(
        unless_guarded("softmax_before_loss", "the loss is given outputs, no probabilities"),
        "a softmax is taken twice: gradients are small, and the loss cannot come near zero",
        "give the outputs of the last layer to the loss as they are",
    ),
    "view_order": Check(
        data_checks.view_order,
        "a view or reshape stands where a permutation was meant: channels and pixels are mixed",
        "permute (H, W, 3) to (3, H, W); compare one image before and after",
    ),
    "counting": Check(
        data_checks.counting,
        "a sum of bytes has overflowed: accuracies are wrong from 256 right answers on",
        "count in int64 or in Python",
    ),
    "one_image": Check(
        start_checks.one_image,
        "evaluation normalises by the batch: an answer depends on which images are evaluated together",
        "let BatchNorm keep running statistics, and evaluate in eval mode",
    ),
    "finite": Check(
        learning_checks.finite,
        "the module that is named overflows: the rate is too high, or nothing holds the activations",
        "lr ten times lower, warmup=0.05, precision=fp32, or a norm; then look at that module",
    ),
    "alignment": Check(
        data_checks.alignment,
        "images were shuffled, stacked or reshaped without their labels, or pixels wrapped around",
        "follow one image with its label through the loader",
    ),
    "dead_units": Check(
        layer_checks.dead_units,
        "units that never answer learn nothing: biases far below zero, a rate too high, filters of zeros",
        "weight_init=he_normal, lr ten times lower, activation=gelu, or a norm",
    ),
    "activations": Check(
        layer_checks.activations,
        "numbers shrink or grow from layer to layer, so that layers far away hear nothing",
        "weight_init=he_normal, a norm, or fewer layers",
    ),
    "gradients": Check(
        layer_checks.gradients,
        "a layer that cannot learn, or one that a single step throws away",
        "no gradient: look for what cuts it off; too large a step: lr ten times lower, or warmup=0.05",
    ),
    "conv_bias": Check(
        start_checks.conv_bias,
        "the bias has no effect and its gradient is noise, which momentum and weight decay go on moving",
        "build the convolution with bias=False where BatchNorm follows",
    ),
    "statistics_follow": Check(
        start_checks.statistics_follow,
        "evaluation uses statistics that training does not normalise by",
        "a batchnorm_momentum above 0, or batchnorm=frozen, which trains with what it evaluates with",
    ),
    "layers_of_their_own": Check(
        unless_guarded("shared_layer", "every BatchNorm layer stands in one place"),
        "a layer's statistics are the mixture of two places, and right in neither",
        "build a BatchNorm layer for every place",
    ),
    "one_pass": Check(
        unless_guarded("several_passes", "every BatchNorm layer is passed once for each part of a batch"),
        "parts of an input are normalised each by themselves, and move the statistics several times",
        "pass them through together, joined along the batch",
    ),
    "frozen_stays": Check(
        unless_guarded("frozen_late", "what is not to learn has stayed, and what is to learn may"),
        "what was frozen after the optimiser had it goes on moving by momentum and weight decay",
        "decide what learns before the optimiser is made",
    ),
}
