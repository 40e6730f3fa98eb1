"""Loss, right answers: how well a network did on some images."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Score:
    """The mean loss of some images, the exact number of right answers."""

    loss: float
    correct: int
    images: int

    @property
    def accuracy(self) -> float:
        """The percentage of right answers."""
        return 100 * self.correct / self.images


class _Counted:
    """Losses and right answers of batches, on their device until somebody reads them.

    Nothing waits for the device in between. The last dimension of losses is that of images; what comes
    before it, such as networks, stays apart.
    """

    def __init__(self) -> None:
        self._losses: list[Tensor] = []
        self._correct: list[Tensor] = []

    def __len__(self) -> int:
        return len(self._losses)

    def add(self, losses: Tensor, outputs: Tensor, labels: Tensor) -> None:
        """Count a batch: losses (..., n), outputs (..., n, classes), labels (n,)."""
        self._losses.append(losses.detach())
        self._correct.append((outputs.detach().argmax(-1) == labels).sum(-1))


class Tally(_Counted):
    """Losses of images, one by one, whose sum is exact enough not to depend on how they were batched."""

    def score(self, since: int = 0) -> Score:
        """The score of all images, or of the batches from number `since` on."""
        losses = self._read(since)
        correct = int(torch.stack(self._correct[since:]).sum())
        return Score(loss=float(losses.mean()), correct=correct, images=len(losses))

    def variance(self, batch_size: int) -> float | None:
        """How the mean loss varies between batches, all of this size; None where there is one."""
        means = self._read(0).view(-1, batch_size).mean(dim=1)
        return float(means.var()) if len(means) > 1 else None

    def first_non_finite(self) -> int | None:
        """The number of the first image whose loss is not finite."""
        bad = (~self._read(0).isfinite()).nonzero()
        return int(bad[0]) if len(bad) else None

    def _read(self, since: int) -> Tensor:
        return torch.cat(self._losses[since:]).cpu().double()


class Tallies(_Counted):
    """The tallies of several networks that see batches of one size at the same time."""

    def of(self, number: int) -> Tally:
        """That of one network, counted from 0."""
        tally = Tally()
        tally._losses = [losses[number] for losses in self._losses]
        tally._correct = [correct[number] for correct in self._correct]
        return tally
