"""The networks."""

from __future__ import annotations

import torch

from experiments.training.models.design import design_of
from experiments.training.models.initialisation import initialise
from experiments.training.models.plain import Perceptron, Vgg
from experiments.training.models.resnet import STAGES, ResNet
from experiments.training.settings import TrainSettings

__all__ = ["build_model"]

NETWORKS: dict[str, type[ResNet]] = {
    "resnet": ResNet,
    "vgg": Vgg,
    "perceptron": Perceptron,
}


def build_model(settings: TrainSettings, classes: int) -> ResNet:
    """The network of the settings, the same for the same seed; the global random numbers stay as they are.

    Parameter names say what a parameter is: `stages.0.1.conv2.weight`, `stages.1.0.shortcut.conv.weight`,
    `output.weight`.
    """
    blocks = (settings.depth - 2) // (2 * STAGES)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(settings.seed)  # torch.manual_seed would seed the GPUs too
        model = NETWORKS[settings.network](blocks, settings.width, classes, design_of(settings))
        torch.default_generator.manual_seed(settings.seed)  # weights do not depend on what building drew
        initialise(model, settings)
    return model
