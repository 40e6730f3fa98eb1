"""An average of the weights that a run goes through, to be tested in their place."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from experiments.training.settings import TrainSettings
from experiments.training.statistics import make_precise


def start_average(model: nn.Module, settings: TrainSettings) -> AveragedModel | None:
    """The average that the settings ask for, of weights alone; None without one."""
    if settings.average == "none":
        return None
    if settings.average == "swa":
        return AveragedModel(model)
    follow = get_ema_multi_avg_fn(settings.average_decay)  # type: ignore[no-untyped-call]
    return AveragedModel(model, multi_avg_fn=follow)


def follow_step(average: AveragedModel | None, model: nn.Module, settings: TrainSettings) -> None:
    """An exponential average follows every step."""
    if average is not None and settings.average == "ema":
        average.update_parameters(model)


def follow_epoch(
    average: AveragedModel | None, model: nn.Module, settings: TrainSettings, epoch: int
) -> None:
    """Stochastic weight averaging takes the end of every epoch, once the run is far enough."""
    if average is not None and settings.average == "swa" and epoch > settings.average_from * settings.epochs:
        average.update_parameters(model)


def take_average(average: AveragedModel, model: nn.Module, images: Iterator[Tensor]) -> None:
    """Put the averaged weights into the network, with statistics of BatchNorm that belong to them.

    Those that followed the training belong to other weights.
    """
    model.load_state_dict(average.module.state_dict())
    make_precise(model, images)
