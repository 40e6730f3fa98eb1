"""Images from CIFAR-10, a folder or a recipe, split and ready to train on."""

from __future__ import annotations

from experiments.training.data.dataset import DataError, Dataset, ImageSet
from experiments.training.data.load import load_dataset

__all__ = ["DataError", "Dataset", "ImageSet", "load_dataset"]
