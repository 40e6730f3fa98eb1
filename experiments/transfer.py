"""Pretrain on some classes or another source, then fine-tune on the rest: BatchNorm frozen, or not?

`trainable` with `batchnorm` say what becomes of BatchNorm on the target; runs that differ in the fine-tuning
alone share one pretrained network.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from experiments.bridge import Experiment, Report, Tell, one_network, run_commandline, train_with
from experiments.training.transfer.settings import TransferSettings

if TYPE_CHECKING:
    from experiments.training.data import Dataset
    from experiments.training.networks import TrainedNetwork


def begin(settings: TransferSettings, report: Report, tell: Tell) -> tuple[Dataset, TrainedNetwork]:
    """The target with the pretrained network."""
    from experiments.training.transfer import start

    return start.begin(settings, report, tell)


experiment = Experiment("transfer", save_git_info=False)
train_with(
    experiment,
    fixed={},
    defaults={"epochs": 20, "lr": 0.01, "schedule": "cosine"},
    kind=TransferSettings,
    results=partial(one_network, begin=begin),
)

if __name__ == "__main__":
    run_commandline(experiment)
