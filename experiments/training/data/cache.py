"""Decoded images kept in a folder per content, so that a source is decoded once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np

from experiments.training.data.dataset import DataError, Decoded, Report, Source

IMAGES = "images.npy"
LABELS = "labels.npy"
ABOUT = "about.json"
ATTEMPTS = 5  # at putting a cache in place while other programs put and remove the same one


def cached(source: Source, folder: Path, report: Report) -> tuple[Decoded, str]:
    """The source's images memory-mapped from the cache in `folder`, made when absent; a hash of the content.

    Safe when several programs make the same cache at once: the first to finish wins, the others use its.
    """
    place = folder / source.key
    found = _open(place)
    if found:
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)  # first, so that a wrong data_dir shows before long work
        made = source.decode(report)
        for _ in range(ATTEMPTS):
            _put(made, place)
            found = _open(place)
            if found:
                return found
    except OSError as error:
        raise DataError(
            f"the decoded images cannot be kept in {place}: {error}; set data_dir to a folder with room"
        ) from error
    raise DataError(f"{place} is damaged again as soon as it is written; delete it or set another data_dir")


def _put(made: Decoded, place: Path) -> None:
    """Write beside the place, then rename: a reader sees the whole cache or none."""
    draft = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        _write(made, draft)
        if place.exists() and not _open(place):
            with contextlib.suppress(FileNotFoundError):  # somebody else took it away
                place.rename(draft / "damaged")
        _rename(draft, place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _rename(draft: Path, place: Path) -> None:
    try:
        draft.replace(place)
        shutil.rmtree(place / "damaged", ignore_errors=True)
    except OSError:
        if not place.exists():
            raise
        # somebody else was first, and has the same images


def _write(made: Decoded, folder: Path) -> None:
    folder.chmod(0o755)  # mkdtemp keeps it from others, who may share the cache
    np.save(folder / IMAGES, made.images)
    np.save(folder / LABELS, made.labels)
    about = {"classes": made.classes, "training": made.training, "content": _content(made)}
    (folder / ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")


def _content(made: Decoded) -> str:
    """A hash of pixels, labels and classes: the same whether they came from a folder, a zip or elsewhere."""
    digest = hashlib.sha256(repr((made.classes, made.training, made.images.shape)).encode())
    digest.update(made.labels.astype("<i8").tobytes())
    digest.update(np.ascontiguousarray(made.images).data)
    return digest.hexdigest()


def _open(folder: Path) -> tuple[Decoded, str] | None:
    """The cache in a folder, or None where there is none or it is damaged."""
    try:
        images = np.load(folder / IMAGES, mmap_mode="r")
        labels = np.load(folder / LABELS)
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        whole = images.ndim == 4 and len(images) == len(labels) > about["training"]
        classes, content = tuple(about["classes"]), str(about["content"])
    except (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError):
        return None
    return (Decoded(classes, images, labels, about["training"]), content) if whole else None
