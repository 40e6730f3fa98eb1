"""Networks of one kind side by side: one network whose channels are theirs, one after the other.

A convolution of several groups, a normalisation of each channel and everything that treats channels alike
never mix them, so that each network computes what it would compute alone.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from experiments.training.models.blocks import Activate, Block, NormAfterActivation, Preactivation
from experiments.training.models.plain import Perceptron, Vgg
from experiments.training.models.resnet import ResNet
from experiments.training.models.shortcuts import Subsample
from experiments.training.norms import FreezableBatchNorm2d
from experiments.training.settings import SettingsError


class WideLinear(nn.Module):
    """The output layers of several networks: (n, networks * features) to (networks, n, classes)."""

    def __init__(self, count: int, features: int, classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(count, classes, features))
        self.bias = nn.Parameter(torch.empty(count, classes))

    def forward(self, features: Tensor) -> Tensor:
        each = torch.unflatten(features, 1, (len(self.weight), -1)).transpose(0, 1)
        return torch.baddbmm(self.bias[:, None], each, self.weight.transpose(1, 2))


class WideSubsample(nn.Module):
    """Option A's shortcuts of several networks: zeros behind the channels of each."""

    def __init__(self, count: int, extra: int, stride: int) -> None:
        super().__init__()
        self.count, self.extra, self.stride = count, extra, stride

    def forward(self, images: Tensor) -> Tensor:
        kept = images[:, :, :: self.stride, :: self.stride]
        return pad(torch.unflatten(kept, 1, (self.count, -1)), (0, 0, 0, 0, 0, self.extra)).flatten(1, 2)


def widened(model: nn.Module, count: int) -> nn.Module:
    """A network as wide as `count` of this kind; its weights are those of nobody yet.

    Images (n, count * channels, H, W) become outputs (count, n, classes). What learns, what is frozen and the
    names are those of the model. Raises SettingsError for a layer that mixes channels in a way of its own.
    """
    if type(model) in WIDE:
        wide = WIDE[type(model)](model, count)
    elif type(model) in ALIKE:
        wide = deepcopy(model)
        for name, child in model.named_children():
            setattr(wide, name, widened(child, count))
    else:
        raise SettingsError(
            f"a {type(model).__name__} layer cannot be part of several networks at once; "
            "train the seeds one after the other"
        )
    wide.training = model.training
    for name, parameter in model.named_parameters(recurse=False):
        wide.get_parameter(name).requires_grad_(parameter.requires_grad)
    return wide


def _convolution(layer: nn.Conv2d, count: int) -> nn.Module:
    return nn.Conv2d(
        count * layer.in_channels,
        count * layer.out_channels,
        layer.kernel_size,  # type: ignore[arg-type]
        layer.stride,  # type: ignore[arg-type]
        layer.padding,  # type: ignore[arg-type]
        groups=count * layer.groups,
        bias=layer.bias is not None,
    )


def _batchnorm(layer: FreezableBatchNorm2d, count: int) -> nn.Module:
    wide = FreezableBatchNorm2d(count * layer.num_features, layer.eps, layer.momentum)
    wide.frozen = layer.frozen
    return wide


def _group_norm(layer: nn.GroupNorm, count: int) -> nn.Module:
    return nn.GroupNorm(count * layer.num_groups, count * layer.num_channels, layer.eps)


def _instance_norm(layer: nn.InstanceNorm2d, count: int) -> nn.Module:
    return nn.InstanceNorm2d(count * layer.num_features, layer.eps, affine=layer.affine)


WIDE: dict[type[nn.Module], Callable[[Any, int], nn.Module]] = {
    nn.Conv2d: _convolution,
    FreezableBatchNorm2d: _batchnorm,
    nn.GroupNorm: _group_norm,
    nn.InstanceNorm2d: _instance_norm,
    nn.Linear: lambda layer, count: WideLinear(count, layer.in_features, layer.out_features),
    Subsample: lambda layer, count: WideSubsample(count, layer.extra, layer.stride),
}

# treat every channel alike, and a flat image channel by channel
ALIKE = {
    ResNet, Vgg, Perceptron, Block, NormAfterActivation, Preactivation, Activate, nn.Sequential, nn.Identity,
    nn.MaxPool2d, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Unflatten,
}  # fmt: skip
