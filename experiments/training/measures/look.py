"""What a measure is given to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from experiments.training.batches import Batches
from experiments.training.data import Dataset
from experiments.training.state import TrainState


@dataclass(frozen=True)
class Look:
    """A network in the middle of its run, with images to try it on."""

    state: TrainState
    dataset: Dataset
    training: Batches
    validation: Batches
    images: Tensor  # (chunks, n, 3, H, W): the same training images at every look, as BatchNorm sees them
    labels: Tensor  # (chunks, n)

    def memory(self, measure: str) -> dict[str, Any]:
        """What a measure remembers from look to look, also across an interruption; plain values, tensors."""
        memory: dict[str, Any] = self.state.memory.setdefault(measure, {})
        return memory
