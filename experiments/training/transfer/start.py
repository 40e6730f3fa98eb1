"""What a transfer starts from: the images of source and target, the pretrained network."""

from __future__ import annotations

from dataclasses import replace

from experiments.training.data import DataError, Dataset, ImageSet, load_dataset
from experiments.training.data.dataset import Report
from experiments.training.networks import DivergedError, Tell, TrainedNetwork, trained_network
from experiments.training.settings import SettingsError
from experiments.training.transfer.settings import TransferSettings


def load_source(settings: TransferSettings, report: Report) -> Dataset:
    """What the network is pretrained on. Raises DataError."""
    source = load_dataset(settings.pretraining, report, settings.classes_of_source)
    if settings.source_classes > len(source.classes):
        raise DataError(
            f"source_classes={settings.source_classes} is more than the {len(source.classes)} classes of "
            f"{source.name}; 0 takes all"
        )
    return source


def load_target(settings: TransferSettings, source: Dataset, report: Report) -> Dataset:
    """What it is trained further on: normalised as the source was, which is what the network knows.

    Raises DataError.
    """
    target = load_dataset(settings, report, settings.classes_of_target)
    target = replace(target, mean=source.mean, std=source.std)
    if settings.target_corruption == "none":
        return target
    sets = [target.train, target.validation, target.test]
    train, validation, test = (_corrupted(images, settings, draw) for draw, images in enumerate(sets, 1))
    return replace(target, train=train, validation=validation, test=test)


def _corrupted(images: ImageSet, settings: TransferSettings, draw: int) -> ImageSet:
    from experiments.training.data.corruption import corrupted

    changed = corrupted(images.images, settings.target_corruption, settings.target_severity, draw)
    return ImageSet(changed, images.labels)


def begin(settings: TransferSettings, report: Report, tell: Tell) -> tuple[Dataset, TrainedNetwork]:
    """The target, with the network that was pretrained on the source. Raises SettingsError, DataError."""
    source = load_source(settings, report)
    target = load_target(settings, source, report)
    try:
        return target, trained_network(settings.pretraining, source, "pretraining", tell)
    except DivergedError as error:
        raise SettingsError(
            f"the pretraining diverged at step {error.result.step}: "
            f"try a source_lr below {settings.source_lr:g}"
        ) from error
