"""Batches of images, cropped, flipped and normalised on the device that trains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from experiments.training.data.dataset import DataError, ImageSet

PAD = 4  # pixels on each side, of which a crop leaves out twice as many (He et al. 2016, section 4.2)
EPOCH_DRAW = 0x62617463  # keeps these draws apart from others made with the same seed
MIXING_DRAW = 0x6D6978  # the one order of `mixed`

Batch = tuple[Tensor, Tensor]  # float32 (B, 3, H, W), int64 (B,)


class Batches:
    """The images of one set, resident on a device as uint8, given out normalised."""

    def __init__(
        self,
        images: ImageSet,
        mean: Sequence[float],
        std: Sequence[float],
        device: torch.device,
        channels_last: bool,
    ) -> None:
        self._count = len(images.labels)
        self._height, self._width = images.images.shape[1:3]
        self._padded = _padded(images.images, mean).to(device)
        self._labels = torch.from_numpy(np.array(images.labels)).to(device)
        self._rows, self._columns = (
            torch.arange(side, device=device) for side in (self._height, self._width)
        )
        # a row of an image at a time: three channels alone are too few to compute quickly with
        scale, shift = 1 / (255 * np.array(std)), -np.array(mean) / np.array(std)
        self._scale, self._shift = (
            torch.from_numpy(np.tile(values, self._width)).float().to(device) for values in (scale, shift)
        )
        self._channels_last = channels_last

    def __len__(self) -> int:
        """How many images there are."""
        return self._count

    def epoch(self, batch_size: int, seed: int, epoch: int, augment: bool) -> Iterator[Batch]:
        """Full batches in an order that depends on (seed, epoch) alone; a last partial batch is left out.

        Raises DataError where not even one batch is full.
        """
        return self.epoch_of_each(batch_size, [seed], epoch, augment)

    def epoch_of_each(
        self, batch_size: int, seeds: Sequence[int], epoch: int, augment: bool
    ) -> Iterator[Batch]:
        """The same for several seeds at once: a batch is that of the first seed, then of the second, ...

        Raises DataError where not even one batch is full.
        """
        if batch_size > self._count:
            raise DataError(
                f"batch_size={batch_size} is more than the {self._count} images to train with; "
                "make it smaller, or take more images with subset"
            )
        draws = [_draws(self._count, seed, epoch, augment) for seed in seeds]
        return self._augmented(batch_size, torch.stack(draws, dim=1))

    def in_order(self, batch_size: int) -> Iterator[Batch]:
        """Every image once, as it is, in its own order; the last batch may be smaller."""
        return self._as_they_are(batch_size, torch.arange(self._count))

    def mixed(self, batch_size: int) -> Iterator[Batch]:
        """Every image once, as it is, in one order that is always the same and mixes the classes.

        Images of a folder come class by class, and a batch of one class has statistics of its own.
        """
        order = np.random.default_rng(MIXING_DRAW).permutation(self._count)
        return self._as_they_are(batch_size, torch.from_numpy(order))

    def _as_they_are(self, batch_size: int, order: Tensor) -> Iterator[Batch]:
        middle = self._padded[:, PAD : PAD + self._height, PAD : PAD + self._width]
        order = order.to(self._padded.device)
        for start in range(0, self._count, batch_size):
            chosen = order[start : start + batch_size]
            yield self._normalised(middle[chosen]), self._labels[chosen]

    def _augmented(self, batch_size: int, draws: Tensor) -> Iterator[Batch]:
        """Batches after the draws of each seed: (4, seeds, N)."""
        draws = _moved(draws, self._padded.device)
        height, width = self._padded.shape[1:3]
        every_pixel = self._padded.view(-1, 3)
        for start in range(0, self._count - batch_size + 1, batch_size):
            image, down, right, flip = draws[..., start : start + batch_size].flatten(1)[..., None]
            rows = (image * height + down + self._rows) * width
            columns = right + torch.where(flip > 0, self._width - 1 - self._columns, self._columns)
            wanted = rows[:, :, None] + columns[:, None, :]
            crops = every_pixel.index_select(0, wanted.view(-1)).view(*wanted.shape, 3)
            yield self._normalised(crops), self._labels[image[:, 0]]

    def _normalised(self, pixels: Tensor) -> Tensor:
        """float32 (B, 3, H, W) of uint8 (B, H, W, 3)."""
        rows = pixels.flatten(2).float().mul_(self._scale).add_(self._shift)
        images = rows.view(pixels.shape).permute(0, 3, 1, 2)  # which is channels_last already
        return images if self._channels_last else images.contiguous()


def _padded(images: np.ndarray, mean: Sequence[float]) -> Tensor:
    """The images with a border of the mean colour.

    He et al. pad normalised images with 0; the border's levels are the ones nearest to 0 after normalising.
    """
    count, height, width, channels = images.shape
    padded = np.empty((count, height + 2 * PAD, width + 2 * PAD, channels), np.uint8)
    padded[:] = np.round(255 * np.asarray(mean)).astype(np.uint8)
    padded[:, PAD : PAD + height, PAD : PAD + width] = images
    return torch.from_numpy(padded)


def _draws(count: int, seed: int, epoch: int, augment: bool) -> Tensor:
    """For every image of an epoch, in order: which one, crop offsets down and right, flip; (4, N) int64.

    Drawn on the CPU, so that every device sees the same epoch. The order is drawn first, hence the same with
    augmentation and without.
    """
    state = np.random.SeedSequence([EPOCH_DRAW, seed, epoch]).generate_state(1, np.uint64)
    generator = torch.Generator().manual_seed(int(state[0]))
    order = torch.randperm(count, generator=generator)
    if not augment:
        unmoved = torch.tensor([[PAD], [PAD], [0]]).expand(3, count)
        return torch.cat([order[None], unmoved])
    offsets = torch.randint(0, 2 * PAD + 1, (2, count), generator=generator)
    flips = torch.randint(0, 2, (1, count), generator=generator)
    return torch.cat([order[None], offsets, flips])


def _moved(draws: Tensor, device: torch.device) -> Tensor:
    """The draws on the device, from pinned memory so that the program does not wait for the copy."""
    return draws.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else draws.to(device)
