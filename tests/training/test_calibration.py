"""Calibration sets the statistics of BatchNorm, which a freeze then keeps."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from experiments.training.models import build_model
from experiments.training.models.resnet import ResNet
from experiments.training.norms import batchnorm_layers
from experiments.training.settings import SettingsError, TrainSettings
from experiments.training.statistics import calibrate, freeze_batchnorm

IMAGES = torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def network(**given: object) -> ResNet:
    return build_model(TrainSettings.from_config({"depth": 8, "width": 4, **given}), 10)


def test_calibration_sets_the_mean_over_batches() -> None:
    model = network()
    batches = [torch.randn(8, 3, 8, 8) + shift for shift in (0.0, 1.0, 5.0)]
    model(IMAGES)  # what was there before does not count
    calibrate(model, batches)
    norm, convolution = batchnorm_layers(model)["stem.norm"], model.get_submodule("stem.conv")
    seen = [convolution(batch) for batch in batches]
    means = torch.stack([output.mean(dim=(0, 2, 3)) for output in seen])
    variances = torch.stack([output.var(dim=(0, 2, 3)) for output in seen])
    torch.testing.assert_close(norm.running_mean, means.mean(dim=0).detach())
    torch.testing.assert_close(norm.running_var, variances.mean(dim=0).detach())
    assert norm.num_batches_tracked == 3


def test_calibration_changes_nothing_but_statistics() -> None:
    model = nn.Sequential(network(), nn.Dropout(0.5))
    model.get_submodule("0.stages").eval()
    modes, before = [module.training for module in model.modules()], copy.deepcopy(model.state_dict())
    random = torch.get_rng_state()
    calibrate(model, [IMAGES])
    assert torch.equal(torch.get_rng_state(), random)
    assert [module.training for module in model.modules()] == modes
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {name for name, _ in model.named_buffers()}
    assert all(parameter.grad is None for parameter in model.parameters())
    assert {layer.momentum for layer in batchnorm_layers(model).values()} == {0.1}


def test_a_failed_calibration_gives_momentum_and_modes_back() -> None:
    def batches() -> Iterator[Tensor]:
        yield IMAGES
        raise OSError("the disk is gone")

    model = network().eval()
    with pytest.raises(OSError, match="disk"):
        calibrate(model, batches())
    assert {layer.momentum for layer in batchnorm_layers(model).values()} == {0.1}
    assert not any(module.training for module in model.modules())


def test_calibration_without_batches_is_refused() -> None:
    with pytest.raises(SettingsError, match="at least one batch"):
        calibrate(network(), [])


def test_calibration_after_the_freeze_is_refused() -> None:
    model = network()
    freeze_batchnorm(model)
    with pytest.raises(RuntimeError, match=r"stem\.norm is frozen already"):
        calibrate(model, [IMAGES])


def test_a_calibrated_and_frozen_network_normalises_in_train_mode() -> None:
    model = network()
    calibrate(model, [IMAGES])
    freeze_batchnorm(model)
    model.train()
    output = model.get_submodule("stem.norm")(model.get_submodule("stem.conv")(IMAGES))
    assert output.mean(dim=(0, 2, 3)).abs().max() < 1e-5
    torch.testing.assert_close(output.std(dim=(0, 2, 3)), torch.ones(4), atol=1e-3, rtol=0)
