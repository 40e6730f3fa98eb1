"""A training that saves memory keeps half as much, and learns the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.functional import cross_entropy

from experiments.training.at_once.checks import check_alone
from experiments.training.data import Dataset
from experiments.training.evaluate import forward
from experiments.training.loop import start, train
from experiments.training.models import build_model
from experiments.training.norms import batchnorm_layers
from experiments.training.norms.lean import signs_of, where_above
from experiments.training.results import EpochResult, TestResult, Warned
from experiments.training.settings import SettingsError, TrainSettings
from experiments.training.statistics import freeze_batchnorm
from experiments.training.trainable import freeze, trainable_names

MakeSettings = Callable[..., TrainSettings]

DRAWS = torch.Generator().manual_seed(0)
IMAGES = torch.randn(32, 3, 16, 16, generator=DRAWS)
LABELS = torch.arange(32) % 10
BN_ONLY = {"trainable": "batchnorm"}
FROZEN = {"trainable": "all_but_batchnorm", "batchnorm": "frozen"}
MODES = {
    "BN-only": BN_ONLY,
    "scales alone": {"trainable": "batchnorm_scale"},
    "shortcuts": {"trainable": "batchnorm+shortcut+output"},
    "frozen BN": FROZEN,
    "frozen statistics": {"trainable": "all", "batchnorm": "frozen"},
}
NETWORKS: dict[str, dict[str, Any]] = {
    **{shortcut: {"shortcut": shortcut} for shortcut in ("A", "B", "scaled", "none")},
    "odd sizes": {"shortcut": "A", "width": 3, "batch": 3, "side": 9},
    "not channels_last": {"shortcut": "B", "layout": torch.contiguous_format},
    "cumulative": {"shortcut": "A", "batchnorm_average": "cumulative"},
    "vgg": {"network": "vgg", "shortcut": "none"},
    "perceptron": {"network": "perceptron", "shortcut": "none"},
}


class Step:
    """What one forward pass and one backward pass of a network leave."""

    def __init__(self, save_memory: bool, precision: str = "fp32", **given: Any) -> None:
        layout = given.pop("layout", torch.channels_last)
        images = IMAGES[: given.pop("batch", 8), :, : given.pop("side", 16)]
        settings = TrainSettings(**{"depth": 14, "width": 8, "save_memory": save_memory, **given})
        self.model = build_model(settings, 10).to(memory_format=layout)
        draws = torch.Generator().manual_seed(1)
        for layer in batchnorm_layers(self.model).values():
            for value in (layer.weight.data, layer.bias.data, layer.running_mean, layer.running_var):
                value.copy_(torch.rand(value.shape, generator=draws) + 0.1)  # type: ignore[union-attr]
        if settings.batchnorm == "frozen":
            freeze_batchnorm(self.model)
        freeze(self.model, trainable_names(self.model, settings.trainable))
        with saved_tensors_hooks(self._keep, lambda tensor: tensor):
            self._kept: dict[int, int] = {}
            outputs = forward(self.model, images.contiguous(memory_format=layout), precision)
        loss = cross_entropy(outputs, LABELS[: len(images)])
        loss.backward()  # type: ignore[no-untyped-call]
        self.loss = loss.item()

    def _keep(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if not isinstance(tensor, nn.Parameter):  # which are there in any case
            self._kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    @property
    def kept(self) -> int:
        """Bytes that autograd holds between the two passes; what several layers keep counts once."""
        return sum(self._kept.values())

    @property
    def gradients(self) -> dict[str, Tensor]:
        return {name: value.grad for name, value in self.model.named_parameters() if value.grad is not None}


def distance(one: Step, other: Step) -> float:
    """Between their gradients, as a share."""
    assert one.gradients.keys() == other.gradients.keys()
    first, second = (
        torch.cat([value.flatten() for value in step.gradients.values()]) for step in (one, other)
    )
    return float((first - second).norm() / second.norm())


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("shortcut", ["A", "B"])
@pytest.mark.parametrize("mode", ["BN-only", "frozen BN"])
def test_at_most_six_tenths_of_the_full_run_are_kept(mode: str, shortcut: str, precision: str) -> None:
    full, plain, saving = (
        Step(save, precision, shortcut=shortcut, batch=32, **changes)
        for save, changes in ((False, {}), (False, MODES[mode]), (True, MODES[mode]))
    )
    assert plain.kept > 0.95 * full.kept
    assert saving.kept < 0.6 * full.kept


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("mode", MODES)
def test_gradients_and_statistics_are_the_same(mode: str, network: str) -> None:
    changes = {**MODES[mode], **NETWORKS[network]}
    if mode == "shortcuts" and changes["shortcut"] in ("A", "none"):
        changes["trainable"] = "batchnorm+output"
    plain, saving = Step(False, **changes), Step(True, **changes)
    assert saving.loss == pytest.approx(plain.loss, rel=1e-5)
    assert distance(saving, plain) < 1e-4
    buffers = dict(plain.model.named_buffers())
    assert buffers.keys() == dict(saving.model.named_buffers()).keys()
    for name, value in saving.model.named_buffers():
        assert torch.equal(value, buffers[name]), name


@pytest.mark.parametrize("mode", MODES)
def test_in_bf16_it_is_as_near_to_fp32_as_the_plain_way(mode: str) -> None:
    exact, plain, saving = (
        Step(save, precision, shortcut="B", **MODES[mode])
        for save, precision in ((False, "fp32"), (False, "bf16"), (True, "bf16"))
    )
    assert saving.loss == pytest.approx(exact.loss, rel=0.02)
    assert distance(saving, exact) < 1.5 * distance(plain, exact)


@pytest.mark.parametrize("changes", [BN_ONLY, {**FROZEN, "calibration_batches": 2}])
def test_a_run_learns_the_same(
    make_settings: MakeSettings, dataset: Dataset, changes: dict[str, Any]
) -> None:
    def results(save: bool) -> tuple[list[EpochResult], TestResult, dict[str, Tensor]]:
        state = start(make_settings(save_memory=save, lr=0.01, **changes), dataset)
        *found, last = train(state, dataset)
        assert isinstance(last, TestResult)
        assert not [result for result in found if isinstance(result, Warned)]
        return [one for one in found if isinstance(one, EpochResult)], last, state.model.state_dict()

    (epochs, test, weights), (plain_epochs, plain_test, plain_weights) = results(True), results(False)
    assert weights.keys() == plain_weights.keys()
    for name, value in plain_weights.items():
        assert torch.allclose(weights[name].float(), value.float(), rtol=1e-3, atol=1e-5), name
    for one, plain in zip(epochs, plain_epochs, strict=True):
        assert one.train_loss == pytest.approx(plain.train_loss, rel=1e-4)
        assert one.validation_loss == pytest.approx(plain.validation_loss, rel=1e-4)
    assert test.loss == pytest.approx(plain_test.loss, rel=1e-4)


@pytest.mark.parametrize("count", [1, 8, 21])
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_a_bit_each_says_what_was_above_zero(kind: torch.dtype, count: int) -> None:
    values = torch.randn(count, generator=torch.Generator().manual_seed(2)).relu().to(kind)
    gradient = torch.arange(1, count + 1).to(kind)
    signs = signs_of(values)
    assert signs.numel() == -(-count // 8)
    assert torch.equal(where_above(gradient, signs), gradient * (values > 0))


def test_who_listens_at_a_layer_hears_what_a_plain_one_gives() -> None:
    for changes in (BN_ONLY, FROZEN):
        heard: list[Tensor] = []
        for save in (False, True):
            step = Step(save, shortcut="A", **changes)
            for name in ("stem.norm", "stages.1.0.norm2"):
                layer = step.model.get_submodule(name)
                layer.register_forward_hook(lambda *given, to=heard: to.append(given[-1]))
            step.model(IMAGES)
        plain, saving = heard[:2], heard[2:]
        assert all((one < 0).any() for one in saving)  # before ReLU
        assert all(torch.allclose(one, other, atol=1e-4) for one, other in zip(saving, plain, strict=True))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "saves nothing with trainable='all'"),
        ({"trainable": "random"}, "saves nothing with trainable='random'"),
        ({**BN_ONLY, "norm": "ghost"}, "needs norm=batchnorm"),
        ({**BN_ONLY, "norm_place": "after"}, "needs norm_place=before"),
        ({**BN_ONLY, "activation": "silu"}, "needs activation=relu"),
    ],
)
def test_where_nothing_can_be_saved_it_is_refused(changes: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        TrainSettings(save_memory=True, **changes)


def test_several_seeds_at_once_do_not_save_memory() -> None:
    with pytest.raises(SettingsError, match="save_memory=True cannot be trained for several seeds at once"):
        check_alone(TrainSettings(save_memory=True, **BN_ONLY))
