"""Optimisers without torch's compiler: the same numbers, and no import that a run does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer

from experiments.training.eager import eager

ROOT = Path(__file__).parents[2]
KINDS: dict[type[Optimizer], dict[str, float]] = {
    SGD: {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01},
    Adam: {"lr": 0.01, "weight_decay": 0.01},
    AdamW: {"lr": 0.01, "weight_decay": 0.1},
}
RUN = """
import sys

import numpy as np

from experiments.training import checkpoint
from experiments.training.data import Dataset, ImageSet
from experiments.training.loop import start, train
from experiments.training.settings import TrainSettings

random = np.random.default_rng(0)
images = ImageSet(random.integers(0, 256, (16, 16, 16, 3), dtype=np.uint8), np.arange(16) % 2)
sets = {"train": images, "validation": images, "test": images}
data = Dataset("noise", ("a", "b"), mean=(0.5,) * 3, std=(0.2,) * 3, split_hash="", note="", **sets)
tiny = {"depth": 8, "width": 4, "epochs": 2, "batch_size": 8, "lr": 0.01, "device": "cpu"}
for changes in (
    {"average": "ema"},
    {"optimizer": "adam", "precise_images": 8},
    {"optimizer": "adamw", "schedule": "cosine"},
    {"norm": "weight_norm"},
    {"norm": "spectral"},
    {"batchnorm": "frozen", "calibration_batches": 1},
):
    settings = TrainSettings(**tiny, **changes)
    state = start(settings, data)
    for result in train(state, data):
        if type(result).__name__ == "EpochResult":
            checkpoint.save(sys.argv[1], state)
    state = start(settings, data)
    checkpoint.restore(sys.argv[1], state)
heavy = {"torch._dynamo", "torch._inductor", "sympy", "torchvision", "pandas"} & set(sys.modules)
sys.exit(f"loaded: {sorted(heavy)}" if heavy else 0)
"""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_steps_are_those_of_torchs_own_optimiser_to_the_bit(kind: type[Optimizer]) -> None:
    def after_steps(made: type[Optimizer]) -> tuple[Tensor, Optimizer]:
        weights = torch.nn.Parameter(torch.linspace(-1, 1, 24).reshape(4, 6))
        optimizer = made([weights], **KINDS[kind])  # type: ignore[arg-type]
        for step in range(5):
            optimizer.zero_grad()
            (weights.sin() * (step + 1)).square().sum().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        return weights.detach(), optimizer

    expected, theirs = after_steps(kind)
    found, ours = after_steps(eager(kind))

    assert torch.equal(found, expected)
    assert isinstance(ours, kind)
    assert not found.requires_grad
    ours.load_state_dict(theirs.state_dict())


def test_a_run_never_loads_the_compiler(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, str(tmp_path / "state.pt")]

    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert answer.returncode == 0, answer.stderr
