"""BatchNorm with ReLU in one layer, which keeps its input alone until the backward pass."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad

from experiments.training.norms.batchnorm import FreezableBatchNorm2d

BITS = 8  # in a byte
INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}  # as wide as a float of so many bytes


class LeanBatchNorm2d(FreezableBatchNorm2d):
    """Batch normalisation that adds what comes past it and takes ReLU, where it is asked to.

    Nothing but its input is kept then: what ReLU gave is computed again, and what a sum gave is a bit each.
    """

    def forward(self, images: Tensor, past: Tensor | None = None, *, activate: bool = False) -> Tensor:
        if not activate:
            return super().forward(images)
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        newest = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        statistics = self.running_mean, self.running_var, newest, self.eps
        outputs: Tensor = _Activated.apply(images, past, self.weight, self.bias, *statistics)
        return outputs


class _Activated(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        past: Tensor | None,
        scale: Tensor,
        shift: Tensor,
        running_mean: Tensor,
        running_var: Tensor,
        newest: float,
        eps: float,
    ) -> Tensor:
        outputs, mean, inverse = torch.native_batch_norm(
            inputs, scale, shift, running_mean, running_var, True, newest, eps
        )
        signs = None
        if past is None:
            outputs.relu_()
        else:
            outputs = outputs.add_(past) if past.dtype == outputs.dtype else outputs + past
            signs = signs_of(in_memory_order(outputs.relu_(), inputs))
        ctx.save_for_backward(inputs, scale, shift, mean, inverse, signs)
        ctx.eps, ctx.past_dtype = eps, None if past is None else past.dtype
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, scale, shift, mean, inverse, signs = ctx.saved_tensors
        of_past = None
        if signs is None:
            # the same numbers as before ReLU: this variance has the same inverse root
            outputs, _, _ = torch.native_batch_norm(
                inputs, scale, shift, mean, inverse.pow(-2), False, 0.0, 0.0
            )
            through = torch.ops.aten.threshold_backward.grad_input(gradient, outputs, 0, grad_input=outputs)
        else:
            row = where_above(in_memory_order(gradient, inputs), signs)
            through = row.as_strided(inputs.shape, inputs.stride())
            of_past = through.to(ctx.past_dtype) if ctx.needs_input_grad[1] else None
        wanted = [ctx.needs_input_grad[place] for place in (0, 2, 3)]
        of_inputs, of_scale, of_shift = torch.ops.aten.native_batch_norm_backward(
            through.to(inputs.dtype), inputs, scale, None, None, mean, inverse, True, ctx.eps, wanted
        )
        found = (
            one if asked else None for one, asked in zip((of_inputs, of_scale, of_shift), wanted, strict=True)
        )
        return next(found), of_past, *found, None, None, None, None


def in_memory_order(values: Tensor, like: Tensor) -> Tensor:
    """All numbers of (n, channels, H, W) in a row, as those of another tensor lie in memory."""
    return (values if like.is_contiguous() else values.permute(0, 2, 3, 1)).reshape(-1)


def signs_of(values: Tensor) -> Tensor:
    """Which numbers of a row are above 0, where none is below: a bit each, eight to a byte."""
    parts = _in_eight(values).view(INTEGERS[values.itemsize])
    taken = torch.zeros_like(parts[0])
    for place, part in enumerate(parts):
        taken.add_(part.clamp(0, 1), alpha=1 << place)  # a float that is not above 0 is not as an integer
    return taken.to(torch.uint8)


def where_above(gradient: Tensor, signs: Tensor) -> Tensor:
    """The numbers of a row where `signs_of` another were above 0, and 0 elsewhere."""
    parts = _in_eight(gradient)
    through = torch.empty_like(parts)
    for place, (part, into) in enumerate(zip(parts, through, strict=True)):
        above = (signs & (1 << place)).to(gradient.dtype)
        torch.ops.aten.threshold_backward.grad_input(part, above, 0, grad_input=into)
    return through.view(-1)[: gradient.numel()]


def _in_eight(row: Tensor) -> Tensor:
    rest = -row.numel() % BITS
    return (pad(row, (0, rest)) if rest else row).view(BITS, -1)
