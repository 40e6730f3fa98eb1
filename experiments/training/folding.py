"""A network for evaluation alone, in which BatchNorm is a part of the convolution before it."""

from __future__ import annotations

import copy
from itertools import chain
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, relu
from torch.nn.utils.fusion import fuse_conv_bn_weights

from experiments.training.models.blocks import Activate, Block
from experiments.training.models.lean import Activation
from experiments.training.norms import FreezableBatchNorm2d, GhostBatchNorm2d, LeanBatchNorm2d
from experiments.training.precision import autocast

BATCHNORM = (
    nn.BatchNorm2d,
    FreezableBatchNorm2d,
    GhostBatchNorm2d,
    LeanBatchNorm2d,
)  # which are one thing in eval mode
LARGEST_WEIGHT, LARGEST_OUTPUT = 1e10, 1e20  # products are far from what fp32 and bf16 can hold
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


class Folded(nn.Module):
    """A convolution with its normalisation in its weights, then an addition, then the activation."""

    def __init__(
        self, conv: nn.Conv2d, norm: nn.Module, activate: Activation | None, dtype: torch.dtype
    ) -> None:
        super().__init__()
        weight, bias = _weights(conv, norm)
        self._weight = weight.detach().to(dtype)
        self._bias = None if bias is None else bias.detach().to(dtype)
        self._place = (_pair(conv.stride), _pair(conv.padding), _pair(conv.dilation), conv.groups)
        self._activate = activate
        self._at_once = activate in (relu, None) and _computes_at_once(weight)

    def forward(self, images: Tensor, added: Tensor | None = None) -> Tensor:
        images = images.to(self._weight.dtype)
        if self._at_once and images.is_contiguous(memory_format=torch.channels_last):
            return self._in_one_pass(images, added)
        outputs = conv2d(images, self._weight, self._bias, *self._place)
        outputs = outputs if added is None else outputs + added
        return self._activate(outputs) if self._activate else outputs

    def largest_weight(self) -> Tensor:
        """The size of the largest; not a number where one of them is not."""
        numbers = self._weight if self._bias is None else torch.cat([self._weight.flatten(), self._bias])
        return numbers.abs().max().float()

    def _in_one_pass(self, images: Tensor, added: Tensor | None) -> Tensor:
        """All three by oneDNN, which writes the outputs once; of this layout it adds bf16, too."""
        stride, padding, dilation, groups = self._place
        convolution = (images, self._weight, self._bias, padding, stride, dilation, groups)
        after = "relu" if self._activate else "none"
        operator = torch.ops.mkldnn._convolution_pointwise
        outputs: Tensor
        if added is None:
            outputs = operator(*convolution, after, [], "")
        else:
            added = added.to(images.dtype).contiguous(memory_format=torch.channels_last)
            operands = (images, added, *convolution[1:])
            outputs = operator.binary(*operands, "add", 1.0, after if self._activate else None, [], None)
        return outputs


class FoldedBlock(nn.Module):
    """The same as the block it is made of."""

    def __init__(self, block: Block, dtype: torch.dtype) -> None:
        super().__init__()
        self.first, self.second = (
            Folded(conv, norm, block.activate, dtype) for conv, norm in self.pairs(block)
        )
        self.drop = block.drop
        self.shortcut = block.shortcut

    @staticmethod
    def pairs(block: Block) -> tuple[tuple[Any, nn.Module], ...]:
        """Each convolution with its normalisation."""
        return (block.conv1, block.norm1), (block.conv2, block.norm2)

    def forward(self, images: Tensor) -> Tensor:
        past = None if self.shortcut is None else self.shortcut(images)
        outputs: Tensor = self.second(self.drop(self.first(images)), past)
        return outputs


def folded(model: nn.Module, precision: str) -> nn.Module:
    """A network that answers as this one does in its present modes and with its present weights.

    Layers that cannot be folded are shared; where there is nothing else, or somebody listens at a layer, it
    is the network itself. Numbers differ by rounding alone.
    """
    if any(module._forward_hooks or module._forward_pre_hooks for module in model.modules()):
        return model
    tensors = chain(model.parameters(), model.buffers())
    network = copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})  # layers, not their numbers
    return network if _fold(network, DTYPES[precision]) else model


def stays_finite(network: nn.Module, images: Tensor, precision: str) -> bool:
    """Whether nothing in a folded network comes near an overflow on these images.

    oneDNN's ReLU makes a zero of what is not a number, so that outputs alone would not tell.
    """
    largest = [torch.zeros((), device=images.device)]
    layers = [layer for layer in network.modules() if isinstance(layer, Folded)]
    hooks = [
        layer.register_forward_hook(
            lambda _layer, _inputs, outputs: largest.append(outputs.abs().max().float())
        )
        for layer in layers
    ]
    with autocast(images.device, precision):
        network(images)
    for hook in hooks:
        hook.remove()
    weights = [layer.largest_weight() for layer in layers]
    return bool(
        (torch.stack(weights) < LARGEST_WEIGHT).all() and (torch.stack(largest) < LARGEST_OUTPUT).all()
    )


def _fold(parent: nn.Module, dtype: torch.dtype) -> int:
    """Fold what is below; how many layers there were."""
    found = 0
    for name, child in parent.named_children():
        found += _fold(child, dtype)
        if (layer := _folded_layer(child, dtype)) is not None:
            parent.register_module(name, layer)
            found += 1
    return found


def _folded_layer(layer: nn.Module, dtype: torch.dtype) -> nn.Module | None:
    if type(layer) is Block and all(_folds(*pair) for pair in FoldedBlock.pairs(layer)):
        return FoldedBlock(layer, dtype)
    match list(layer) if isinstance(layer, nn.Sequential) else []:
        case [conv, norm] if _folds(conv, norm):
            return Folded(conv, norm, None, dtype)
        case [conv, norm, Activate() as last] if _folds(conv, norm):
            return Folded(conv, norm, last.activate, dtype)
    return None


def _folds(conv: nn.Module, norm: nn.Module) -> TypeGuard[nn.Conv2d]:
    if not isinstance(conv, nn.Conv2d) or conv.training or conv.padding_mode != "zeros":
        return False
    if type(norm) in BATCHNORM:
        return not norm.training and norm.running_mean is not None
    return type(norm) is nn.Identity  # behind weights that are made of others, or nothing


def _weights(conv: nn.Conv2d, norm: nn.Module) -> tuple[Tensor, Tensor | None]:
    if not isinstance(norm, nn.BatchNorm2d):
        return conv.weight, conv.bias
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return fuse_conv_bn_weights(
        conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    )


def _computes_at_once(weight: Tensor) -> bool:
    """Whether this torch has the operator that its compiler uses for the CPU, which is no public one."""
    on_cpu = weight.device.type == "cpu" and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return on_cpu and hasattr(torch.ops.mkldnn, "_convolution_pointwise")


def _pair(size: int | str | tuple[int, ...]) -> list[int]:
    assert isinstance(size, tuple)  # what Conv2d makes of a number
    return list(size)
