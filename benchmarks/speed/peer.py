"""The recipe of the most used CIFAR ResNet script, written from its description, and the script itself.

akamaster/pytorch_resnet_cifar10: images decoded one at a time, flipped and cropped as pictures, four loader
workers, batches of 128, fp32, the loss and the accuracy read after every step, the test set likewise.
"""

from __future__ import annotations

import importlib
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from benchmarks.speed.images import noise

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WORKERS = 4
BATCH = 128


class Pictures(Dataset[Any]):
    """Images that are turned into tensors one by one, as torchvision's data sets are."""

    def __init__(self, count: int, *changes: Callable[[Image.Image], Image.Image]) -> None:
        self._images, self._labels = noise(count)
        self._change = transforms.Compose([*changes, transforms.ToTensor(), transforms.Normalize(MEAN, STD)])

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        return self._change(Image.fromarray(self._images[place])), int(self._labels[place])


def training_batches(count: int, workers: int = WORKERS) -> DataLoader[Any]:
    """Shuffled batches, flipped and cropped."""
    pictures = Pictures(count, transforms.RandomHorizontalFlip(), transforms.RandomCrop(32, 4))
    pinned = torch.cuda.is_available()
    return DataLoader(pictures, batch_size=BATCH, shuffle=True, num_workers=workers, pin_memory=pinned)


def held_out_batches(count: int, workers: int = WORKERS) -> DataLoader[Any]:
    """Every image once."""
    return DataLoader(Pictures(count), batch_size=BATCH, num_workers=workers)


def train(model: nn.Module, batches: Iterable[Any]) -> Iterator[int]:
    """Train; yields the number of images after each step."""
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(learning, 0.1, momentum=0.9, weight_decay=1e-4)
    model.train()
    for images, labels in batches:
        outputs = model(images)
        loss = cross_entropy(outputs, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item(), _right(outputs, labels)
        yield len(labels)


def evaluate(model: nn.Module, batches: Iterable[Any]) -> int:
    """Look at every image; how many there were."""
    model.eval()
    seen = 0
    with torch.no_grad():
        for images, labels in batches:
            outputs = model(images)
            cross_entropy(outputs, labels).item(), _right(outputs, labels)
            seen += len(labels)
    return seen


def _right(outputs: Tensor, labels: Tensor) -> float:
    best = outputs.topk(1, 1)[1].t()
    return float(best.eq(labels.view(1, -1)).float().sum())


class Script:
    """The real script, from a copy of its folder; what it would do on a GPU it does here."""

    def __init__(self, folder: Path, depth: int) -> None:
        sys.path.insert(0, str(folder))
        for kind in (Tensor, nn.Module):
            kind.cuda = lambda self, *_, **__: self  # type: ignore[method-assign, union-attr]
        self._trainer = importlib.import_module("trainer")
        self._trainer.args = Namespace(half=False, print_freq=10**9)
        self.model: nn.Module = getattr(importlib.import_module("resnet"), f"resnet{depth}")()

    def train(self, steps: int, count: int) -> Iterator[float]:
        """Seconds that so many steps took, again and again."""
        optimizer = torch.optim.SGD(self.model.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
        batches = iter(training_batches(count))
        criterion = nn.CrossEntropyLoss()
        self._trainer.train(list(islice(batches, 3)), self.model, criterion, optimizer, 0)
        while True:
            began = time.perf_counter()
            self._trainer.train(_Some(batches, steps), self.model, criterion, optimizer, 0)
            yield time.perf_counter() - began

    def evaluate(self, count: int) -> float:
        """Seconds that so many images took."""
        batches = held_out_batches(count)
        began = time.perf_counter()
        self._trainer.validate(batches, self.model, nn.CrossEntropyLoss())
        return time.perf_counter() - began


class _Some:
    """The first batches of many, with the length that the script asks for."""

    def __init__(self, batches: Iterator[Any], count: int) -> None:
        self._batches, self._count = batches, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        return islice(self._batches, self._count)
