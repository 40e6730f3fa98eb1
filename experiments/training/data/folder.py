"""Pictures of class folders, decoded to one array."""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from experiments.training.data.dataset import DataError, Decoded, Images, Report, Source
from experiments.training.data.listing import PARTS, Entry, Listing, list_pictures

FORMAT = 1  # part of the key: raise it when the same files would decode to other pixels
SIDE = 32  # pixels; what the networks are made for
CHUNK = 256  # pictures a thread decodes at a time
# what PIL raises for a file that is not the image its name says, from its decoders and the zip around it
NOT_AN_IMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, zipfile.BadZipFile,
                Image.DecompressionBombError)  # fmt: skip


def folder_source(path: Path, resize: int) -> Source:
    """The images of a folder or zip, resized to `resize` pixels, or as they are and 32x32 when that is 0.

    Raises DataError, then and on decoding.
    """
    listing = list_pictures(path)
    return Source(
        name=path.resolve().stem if path.is_file() else path.resolve().name,
        key=_key(listing, resize),
        note=f"images of {path}" + (f", resized to {resize}x{resize}" if resize else ""),
        decode=partial(_decode, listing, resize),
    )


def _key(listing: Listing, resize: int) -> str:
    """Tells contents apart without reading them.

    A zip's directory has the CRC-32 of every member, a folder the size of every file and the time of its last
    change in nanoseconds: with the names these differ after every change but one made to deceive. A name is
    relative to the whole, so a folder that was moved is not decoded again.
    """
    digest = hashlib.sha256(repr((FORMAT, resize)).encode())
    for picture in listing.pictures:
        digest.update(repr((picture.name, picture.stamp)).encode())
    return f"folder-{digest.hexdigest()[:32]}"


def _decode(listing: Listing, resize: int, report: Report) -> Decoded:
    """Raises DataError for the first picture that is no image or of the wrong size."""
    pictures, side = listing.pictures, resize or SIDE
    number = {name: index for index, name in enumerate(listing.classes)}
    labels = np.array([number[picture.label] for picture in pictures], np.int64)
    images = np.empty((len(pictures), side, side, 3), np.uint8)

    report("decoding images", 0, len(pictures))
    with ExitStack() as opened, ThreadPoolExecutor(os.cpu_count()) as threads:
        archives = {
            path: opened.enter_context(zipfile.ZipFile(path))
            for path in {picture.container for picture in pictures if picture.container.is_file()}
        }

        def fill(rows: range) -> range:
            for row in rows:
                images[row] = _pixels(pictures[row], archives, resize)
            return rows

        starts = range(0, len(pictures), CHUNK)
        for rows in threads.map(fill, (range(start, min(start + CHUNK, len(pictures))) for start in starts)):
            for row in rows:
                report("decoding images", row + 1, len(pictures))
    training = sum(picture.part == PARTS[0] for picture in pictures)
    return Decoded(listing.classes, images, labels, training)


def _pixels(picture: Entry, archives: dict[Path, zipfile.ZipFile], resize: int) -> Images:
    archive = archives.get(picture.container)
    try:
        data = archive.read(picture.member) if archive else (picture.container / picture.member).read_bytes()
        with Image.open(BytesIO(data)) as image:
            colour = _colour(image)
    except NOT_AN_IMAGE as error:
        # for a file that it does not recognise, PIL names but the bytes in memory
        reason = "" if isinstance(error, UnidentifiedImageError) else f" ({error})"
        raise DataError(f"'{picture}' does not decode as an image{reason}; replace or remove it") from error
    if resize:
        colour = colour.resize((resize, resize), Image.Resampling.BILINEAR)  # antialiased when it shrinks
    elif colour.size != (SIDE, SIDE):
        raise DataError(
            f"'{picture}' is {colour.width}x{colour.height} pixels, not {SIDE}x{SIDE}; "
            f"resize={SIDE} resizes every image"
        )
    return np.asarray(colour)


def _colour(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        raise ValueError(f"its pixels are of mode {image.mode}, more than 8 bits; convert it to 8-bit colour")
    if image.mode == "P":
        image = image.convert("RGBA")  # a palette may hold transparency, which RGB alone would warn of
    return image.convert("RGB")
