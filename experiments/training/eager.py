"""torch's optimisers without the compiler, whose import is as long as that of torch itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import torch
from torch.optim import Optimizer

# each of them imports torch._dynamo at its first call, to keep out of a compilation that never happens
GUARDED = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")


def eager(kind: type[Optimizer]) -> Callable[..., Optimizer]:
    """This kind of optimiser for a training that compiles no step: the same numbers, a shorter start."""
    bare = {name: inspect.unwrap(getattr(kind, name)) for name in GUARDED}
    return type(kind.__name__, (kind,), {**bare, "step": torch.no_grad()(inspect.unwrap(kind.step))})
