"""A network that is folded for evaluation answers as the plain one does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from experiments.training import evaluate as looking
from experiments.training.data import Dataset
from experiments.training.evaluate import NonFiniteLossError, evaluate, forward
from experiments.training.folding import Folded, FoldedBlock, folded
from experiments.training.loop import start, train
from experiments.training.models import build_model
from experiments.training.norms import batchnorm_layers
from experiments.training.results import EpochResult, TestResult
from experiments.training.setting_checks import choices_of
from experiments.training.settings import TrainSettings
from experiments.training.state import batches_of
from experiments.training.statistics import normalising_by_batch

MakeSettings = Callable[..., TrainSettings]

IMAGES = torch.randn(6, 3, 16, 16, generator=torch.Generator().manual_seed(1))
LAYOUTS = (torch.channels_last, torch.contiguous_format)
OF_BATCHNORM = {"batchnorm", "ghost"}
NETWORKS = [
    (kind, norm)
    for kind in choices_of("network")
    for norm in choices_of("norm")
    if (kind, norm) != ("perceptron", "instance")  # one pixel has no variance, and the settings refuse it
]
WEIGHTS_ALONE = {"weight_norm", "spectral", "none"}  # with nothing behind the convolution


def network(**given: object) -> nn.Module:
    """In eval mode, with statistics, scales and shifts of its own in every channel."""
    model = build_model(TrainSettings.from_config({"depth": 8, "width": 8, "ghost_size": 4, **given}), 10)
    draws = torch.Generator().manual_seed(0)
    for name, value in [*model.named_buffers(), *model.named_parameters()]:
        if "norm" in name and value.dim() == 1:
            value.data = torch.rand(value.shape, generator=draws) + 0.5
    return model.eval()


def answers(model: nn.Module, precision: str, layout: torch.memory_format = LAYOUTS[0]) -> Tensor:
    with torch.inference_mode():
        return forward(model, IMAGES.contiguous(memory_format=layout), precision)


def distance(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / other.norm())


@pytest.mark.parametrize("place", choices_of("norm_place"))
@pytest.mark.parametrize(("kind", "norm"), NETWORKS)
def test_every_network_with_every_norm_answers_the_same_folded(kind: str, norm: str, place: str) -> None:
    shortcut = "B" if kind == "resnet" else "none"
    model = network(network=kind, norm=norm, norm_place=place, shortcut=shortcut)
    for layout in LAYOUTS:
        plain = answers(model, "fp32", layout)
        assert torch.allclose(
            answers(folded(model, "fp32"), "fp32", layout), plain, rtol=0, atol=1e-5 * plain.abs().max()
        )
        assert distance(answers(folded(model, "bf16"), "bf16", layout), plain) < 0.02
        assert distance(answers(model, "bf16", layout), plain) < 0.02


@pytest.mark.parametrize("activation", choices_of("activation"))
@pytest.mark.parametrize("shortcut", choices_of("shortcut"))
def test_every_shortcut_and_activation_answers_the_same_folded(shortcut: str, activation: str) -> None:
    model = network(shortcut=shortcut, activation=activation)
    plain = answers(model, "fp32")
    fast = folded(model, "fp32")
    assert torch.allclose(answers(fast, "fp32"), plain, rtol=0, atol=1e-5 * plain.abs().max())
    assert sum(isinstance(layer, FoldedBlock) for layer in fast.modules()) == 3


@pytest.mark.parametrize("norm", choices_of("norm"))
def test_what_can_be_folded_is(norm: str) -> None:
    model = network(norm=norm)
    fast = folded(model, "fp32")
    if norm in OF_BATCHNORM | WEIGHTS_ALONE:
        assert not batchnorm_layers(fast)
        assert any(isinstance(layer, Folded) for layer in fast.modules())
    else:
        assert fast is model


def test_without_the_operator_that_does_all_at_once_the_answers_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = network()
    plain, at_once = answers(model, "fp32"), answers(folded(model, "fp32"), "fp32")
    monkeypatch.setattr("experiments.training.folding._computes_at_once", lambda _weight: False)
    one_by_one = answers(folded(model, "fp32"), "fp32")
    for found in (at_once, one_by_one):
        assert torch.allclose(found, plain, rtol=0, atol=1e-5 * plain.abs().max())


def test_a_layer_that_normalises_by_the_batch_is_not_folded() -> None:
    model = network(shortcut="A")
    with normalising_by_batch(model):
        assert folded(model, "fp32") is model
    model.train()
    assert folded(model, "fp32") is model


def test_a_network_that_somebody_listens_to_stays_as_it_is() -> None:
    model, heard = network(), []
    hook = next(iter(batchnorm_layers(model).values())).register_forward_hook(lambda *_: heard.append(1))
    answers(folded(model, "fp32"), "fp32")
    assert heard == [1]
    hook.remove()
    assert folded(model, "fp32") is not model


def test_folding_leaves_the_network_as_it_was_and_copies_no_weight_that_it_shares() -> None:
    model = network()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    layers = [type(layer) for layer in model.modules()]
    fast = folded(model, "bf16")
    answers(fast, "bf16")
    assert [type(layer) for layer in model.modules()] == layers
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert fast.get_parameter("output.weight") is model.get_parameter("output.weight")


def test_a_run_learns_the_same_and_is_scored_the_same_folded_or_not(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    def results(fold: bool) -> tuple[list[EpochResult], TestResult, dict[str, Tensor]]:
        state = start(make_settings(fold_batchnorm=fold), dataset)
        found = list(train(state, dataset))
        *_, last = found
        assert isinstance(last, TestResult)
        epochs = [result for result in found if isinstance(result, EpochResult)]
        return epochs, last, state.model.state_dict()

    (epochs, test, weights), (plain_epochs, plain_test, plain_weights) = results(True), results(False)
    assert all(torch.equal(weights[name], value) for name, value in plain_weights.items())
    assert [epoch.train_loss for epoch in epochs] == [epoch.train_loss for epoch in plain_epochs]
    for one, plain in zip(epochs, plain_epochs, strict=True):
        assert one.validation_loss == pytest.approx(plain.validation_loss, rel=1e-5)
        assert one.validation_accuracy == plain.validation_accuracy
    assert test.loss == pytest.approx(plain_test.loss, rel=1e-5)
    assert test.correct == plain_test.correct


def test_an_evaluation_sees_the_weights_of_its_moment(make_settings: MakeSettings, dataset: Dataset) -> None:
    state = start(make_settings(), dataset)
    batches = batches_of(dataset, dataset.test, state.settings, state.device)
    before = evaluate(state.model, batches, 30, "fp32")
    with torch.no_grad():
        for layer in batchnorm_layers(state.model).values():
            layer.running_mean += 0.5  # type: ignore[operator]
            layer.weight *= 0.5
    after, plain = (evaluate(state.model, batches, 30, "fp32", fold=fold) for fold in (True, False))
    assert after.loss == pytest.approx(plain.loss, rel=1e-5)
    assert after.loss != pytest.approx(before.loss, rel=1e-2)


def last_block(model: nn.Module) -> FoldedBlock:
    return [layer for layer in model.modules() if isinstance(layer, FoldedBlock)][-1]


@pytest.mark.parametrize("wrong", [1e30, float("inf"), float("nan")])
def test_what_overflows_in_folded_weights_alone_is_no_divergence(
    make_settings: MakeSettings, dataset: Dataset, monkeypatch: pytest.MonkeyPatch, wrong: float
) -> None:
    state = start(make_settings(), dataset)
    batches = batches_of(dataset, dataset.test, state.settings, state.device)

    def overflowing(model: nn.Module, precision: str) -> nn.Module:
        fast = folded(model, precision)
        last_block(fast).first._weight *= wrong
        return fast

    monkeypatch.setattr(looking, "folded", overflowing)
    plain, fast = (evaluate(state.model, batches, 30, "fp32", fold=fold) for fold in (False, True))
    assert fast == plain


@pytest.mark.parametrize("wrong", [1e30, float("nan")])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_what_is_not_finite_is_found_although_relu_would_hide_it(
    make_settings: MakeSettings, dataset: Dataset, precision: str, wrong: float
) -> None:
    state = start(make_settings(shortcut="A"), dataset)
    batches = batches_of(dataset, dataset.test, state.settings, state.device)
    for layer in batchnorm_layers(state.model).values():
        layer.weight.data.fill_(wrong)
    for fold in (True, False):
        with pytest.raises(NonFiniteLossError, match="first layer: stem" if wrong != wrong else "stages"):
            evaluate(state.model, batches, 30, precision, fold=fold)


def test_activations_that_grow_through_many_layers_are_noticed(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state = start(make_settings(depth=20), dataset)
    batches = batches_of(dataset, dataset.test, state.settings, state.device)
    for layer in batchnorm_layers(state.model).values():
        layer.weight.data.fill_(1e4)  # no weight is large, but the numbers get so
    for fold in (True, False):
        with pytest.raises(NonFiniteLossError, match="stages"):
            evaluate(state.model, batches, 30, "fp32", fold=fold)
