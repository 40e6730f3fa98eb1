"""The modes of a network, put back as they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

import torch
from torch import Tensor, nn


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Eval mode; afterwards every module has the mode that it had, also when the body raises."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode  # train() would pass a mode on to the children


@contextmanager
def unchanged(model: nn.Module) -> Iterator[None]:
    """Forward passes without a trace: modes, buffers and random numbers are put back, also after an error."""
    with _put_back(model, model.buffers()), torch.no_grad():
        yield


@contextmanager
def rehearsing(model: nn.Module) -> Iterator[None]:
    """Training steps without a trace: what `unchanged` puts back, and parameters with their gradients.

    Which parameters learn is put back, too.
    """
    gradients = [(value, value.grad, value.requires_grad) for value in model.parameters()]
    for value, _, _ in gradients:
        value.grad = None  # so that a step fills another one
    try:
        with _put_back(model, chain(model.buffers(), model.parameters())):
            yield
    finally:
        for value, gradient, learns in gradients:
            value.requires_grad_(learns).grad = gradient


@contextmanager
def _put_back(model: nn.Module, tensors: Iterable[Tensor]) -> Iterator[None]:
    modes = {module: module.training for module in model.modules()}
    before = [(tensor, tensor.detach().clone()) for tensor in tensors]
    devices = {tensor.device.index for tensor, _ in before if tensor.is_cuda}
    with torch.random.fork_rng(devices=devices):
        try:
            yield
        finally:
            with torch.no_grad():
                for tensor, value in before:
                    tensor.copy_(value)
            for module, mode in modes.items():
                module.training = mode
