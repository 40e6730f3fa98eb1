"""The modes of a network, put back as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


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
    modes = {module: module.training for module in model.modules()}
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    devices = {buffer.device.index for buffer, _ in buffers if buffer.is_cuda}
    with torch.random.fork_rng(devices=devices), torch.no_grad():
        try:
            yield
        finally:
            for buffer, before in buffers:
                buffer.copy_(before)
            for module, mode in modes.items():
                module.training = mode
