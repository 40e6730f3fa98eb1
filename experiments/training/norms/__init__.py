"""The normalisations, and how to find their layers in a network."""

from experiments.training.norms.batchnorm import (
    FreezableBatchNorm2d,
    GhostBatchNorm2d,
    batchnorm_layers,
)
from experiments.training.norms.lean import LeanBatchNorm2d
from experiments.training.norms.mean_only import MeanOnlyBatchNorm2d
from experiments.training.norms.table import NORMS, Norm
from experiments.training.norms.weight_norm import initialise_from_data, weight_norm_layers

__all__ = [
    "NORMS",
    "FreezableBatchNorm2d",
    "GhostBatchNorm2d",
    "LeanBatchNorm2d",
    "MeanOnlyBatchNorm2d",
    "Norm",
    "batchnorm_layers",
    "initialise_from_data",
    "weight_norm_layers",
]
