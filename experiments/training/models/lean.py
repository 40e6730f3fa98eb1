"""A convolution, its normalisation and activation, plainly or with as little kept as backward needs.

torch keeps what goes into a convolution, into BatchNorm and out of ReLU, whoever learns. What went into
BatchNorm is enough where the convolution is frozen, and what came out of ReLU where BatchNorm is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import conv2d

from experiments.training.norms.lean import LeanBatchNorm2d

Activation: TypeAlias = Callable[[Tensor], Tensor]
Pass: TypeAlias = Callable[..., Tensor]  # convolution, norm, activation, images, what is added before it


def plainly(
    conv: nn.Module,
    norm: nn.Module,
    activate: Activation | None,
    images: Tensor,
    past: Tensor | None = None,
) -> Tensor:
    """One layer after the other."""
    hidden: Tensor = norm(conv(images))
    hidden = hidden if past is None else hidden + past
    return activate(hidden) if activate else hidden


def leanly(
    conv: nn.Module,
    norm: nn.Module,
    activate: Activation | None,  # ReLU, if any
    images: Tensor,
    past: Tensor | None = None,
) -> Tensor:
    """The same up to rounding; plainly where no gradient is asked for, or somebody listens at a layer."""
    assert isinstance(norm, LeanBatchNorm2d)
    assert isinstance(conv, nn.Conv2d)
    if _is_wanted() and not (conv._forward_hooks or norm._forward_hooks):
        if norm.frozen and norm.running_mean is not None:
            return _fixed(conv, norm, activate, images, past)
        if norm.training and activate:
            outputs: Tensor = norm(conv(images), past, activate=True)
            return outputs
    return plainly(conv, norm, activate, images, past)


def _is_wanted() -> bool:
    """Whether a backward pass comes; the compiler decides for itself what to keep for it."""
    return torch.is_grad_enabled() and not torch.compiler.is_compiling()


def _fixed(
    conv: nn.Conv2d, norm: LeanBatchNorm2d, activate: Activation | None, images: Tensor, past: Tensor | None
) -> Tensor:
    """With a normalisation that is a fixed affine map, and thus a part of the convolution."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    factor = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    weight, bias = conv.weight * factor.view(-1, 1, 1, 1), norm.bias - norm.running_mean * factor
    hidden = conv2d(images, weight, bias, conv.stride, conv.padding, conv.dilation, conv.groups)
    if past is not None:
        hidden = hidden.add_(past) if past.dtype == hidden.dtype else hidden + past
    return hidden.relu_() if activate else hidden


class LeanSequential(nn.Sequential):
    """A convolution, its normalisation and perhaps its activation as one layer."""

    def forward(self, images: Tensor) -> Tensor:
        conv, norm, *last = self
        if any(layer._forward_hooks or layer._forward_pre_hooks for layer in last):
            outputs: Tensor = super().forward(images)  # type: ignore[no-untyped-call]
            return outputs
        return leanly(conv, norm, torch.relu if last else None, images)


class LeanConv2d(nn.Conv2d):
    """A convolution that keeps nothing that went into it while it is frozen."""

    def forward(self, images: Tensor) -> Tensor:
        learns = self.weight.requires_grad or (self.bias is not None and self.bias.requires_grad)
        if learns or not images.requires_grad or not _is_wanted():
            return super().forward(images)
        place = self.stride, self.padding, self.dilation, self.groups
        outputs: Tensor = _Frozen.apply(images, self.weight, self.bias, place)
        return outputs


class _Frozen(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, bias: Tensor | None, place: Any) -> Tensor:
        ctx.save_for_backward(weight)
        ctx.place, ctx.dtype = place, images.dtype
        ctx.shape, ctx.order = images.shape, images.stride()
        return conv2d(images, weight, bias, *place)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (weight,) = ctx.saved_tensors
        stride, padding, dilation, groups = ctx.place
        # what went in is asked for its shape alone
        shaped = torch.empty_strided(ctx.shape, ctx.order, dtype=gradient.dtype, device=gradient.device)
        of_images, _, _ = torch.ops.aten.convolution_backward(
            gradient, shaped, weight.to(gradient.dtype), None,
            stride, padding, dilation, False, [0, 0], groups, [True, False, False],
        )  # fmt: skip
        return of_images.to(ctx.dtype), None, None, None
