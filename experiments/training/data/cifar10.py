"""CIFAR-10 as torchvision downloads it, its checksums verified."""

from __future__ import annotations

import http.client
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from experiments.training.data.dataset import DataError, Decoded, Report, Source
from experiments.training.data.folder import folder_source

CIFAR10_IMAGES = "cifar10"  # folder in data_dir that holds the images themselves, where there is one
KEY = "cifar10-1"  # the checksums fix the content, so the name is enough
REMEDY = "or train on data=<folder of images> or data=synthetic"


def cifar10_source(folder: Path) -> Source:
    """The images in `folder`, fetched when neither archive nor unpacked batches are there."""
    return Source("cifar10", KEY, "CIFAR-10 from cs.toronto.edu, md5 checked", partial(_decode, folder))


def cifar10_images(folder: Path) -> Source:
    """CIFAR-10 as somebody keeps it in class folders or zips of them, which need not be bit for bit the same.

    The record says so by another name, and tells the images by a hash. Raises DataError.
    """
    source = folder_source(folder, 0)
    return replace(source, name="cifar10, as images", note=f"CIFAR-10 as {source.note}")


def _decode(folder: Path, report: Report) -> Decoded:
    from torchvision.datasets import CIFAR10

    _refuse_damage(CIFAR10, folder)
    with _complete(CIFAR10, folder, report) as root:
        try:
            train, test = CIFAR10(root, train=True), CIFAR10(root, train=False)
            labels = np.array([*train.targets, *test.targets], np.int64)
        except (KeyError, ValueError, TypeError) as error:
            raise DataError(
                f"the batches of '{folder / CIFAR10.base_folder}' are not laid out as CIFAR-10: {error!r}"
            ) from error
    images = np.concatenate([train.data, test.data])
    decoded = Decoded(tuple(train.classes), images, labels, len(train.data))
    _check(decoded, folder / CIFAR10.base_folder)
    return decoded


def _refuse_damage(kind: Any, folder: Path) -> None:
    """Files that are there but are not what they were published as are the user's to remove."""
    from torchvision.datasets.utils import check_md5

    listed = [
        (kind.filename, kind.tgz_md5),
        (f"{kind.base_folder}/{kind.meta['filename']}", kind.meta["md5"]),
    ]
    listed += [(f"{kind.base_folder}/{name}", md5) for name, md5 in (*kind.train_list, *kind.test_list)]
    for name, md5 in listed:
        if (folder / name).is_file() and not check_md5(folder / name, md5):
            raise DataError(
                f"'{folder / name}' is damaged: its md5 is not {md5}; delete it, and it is fetched again"
            )


@contextmanager
def _complete(kind: Any, folder: Path, report: Report) -> Iterator[Path]:
    """A folder with the unpacked batches: the given one when it has them, else one for this program alone.

    Programs that start together would otherwise unpack over each other.
    """
    unpacked = folder / kind.base_folder
    if all((unpacked / name).is_file() for name, _ in (*kind.train_list, *kind.test_list)):
        yield folder
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".cifar10-", dir=folder) as own:
        archive = Path(own) / kind.filename
        if (folder / kind.filename).is_file():
            archive.symlink_to((folder / kind.filename).resolve())
        report("downloading and unpacking CIFAR-10", 0, 1)
        _download(kind, folder, own)
        report("downloading and unpacking CIFAR-10", 1, 1)
        yield Path(own)
        if not archive.is_symlink():
            archive.replace(folder / kind.filename)  # kept for whoever else can use it


def _download(kind: Any, folder: Path, root: str) -> None:
    try:
        kind(root, download=True)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        raise DataError(
            f"CIFAR-10 could not be fetched from {kind.url}: {error}; "
            f"put {kind.filename} into '{folder}', {REMEDY}"
        ) from error


def _check(decoded: Decoded, place: Path) -> None:
    """Refuse images and labels that do not belong together."""
    count = len(decoded.classes)
    if len(decoded.labels) != len(decoded.images):
        raise DataError(f"'{place}' has {len(decoded.labels)} labels for {len(decoded.images)} images")
    stray = decoded.labels[(decoded.labels < 0) | (decoded.labels >= count)]
    if len(stray):
        raise DataError(f"'{place}' has the label {stray[0]}, outside 0..{count - 1} of its {count} classes")
    for part, held in (("train", decoded.train), ("test", decoded.test)):
        missing = np.setdiff1d(np.arange(count), held.labels)
        if len(missing):
            raise DataError(
                f"'{place}' has no {part} image with label {missing[0]} ('{decoded.classes[missing[0]]}'); "
                "every class needs images in train and in test"
            )
