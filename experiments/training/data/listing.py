"""The image files of a folder or zip laid out as train/<class>/* and test/<class>/*."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from experiments.training.data.dataset import DataError

PARTS = ("train", "test")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
LAYOUT = (
    "train/<class>/<image> and test/<class>/<image>, in a folder, a zip, or zips side by side in a folder"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder below train/ or test/."""

    name: tuple[str, ...]  # ("train", class, ..., file)
    container: Path  # the folder or the zip it lies in
    member: str  # its name in there
    is_folder: bool
    stamp: tuple[int, ...] = ()  # changes when the content of a file does

    @property
    def part(self) -> str:
        """The first folder: train or test."""
        return self.name[0]

    @property
    def label(self) -> str:
        """The name of its class."""
        return self.name[1]

    @property
    def is_picture(self) -> bool:
        """Whether its name is that of an image."""
        return not self.is_folder and self.name[-1].lower().endswith(SUFFIXES)

    @property
    def is_in_class(self) -> bool:
        """Whether it is the folder of a class or lies in one."""
        return len(self.name) > 2 or (len(self.name) == 2 and self.is_folder)

    def __str__(self) -> str:
        return str(self.container / self.member)


@dataclass(frozen=True)
class Listing:
    """The classes in order of name, with their pictures in order of part, class and name."""

    classes: tuple[str, ...]
    pictures: tuple[Entry, ...]


def list_pictures(path: Path) -> Listing:
    """Every picture at `path`; the zips of a folder are looked into only where it has no train/ or test/.

    Raises DataError where there is nothing to read, a class is empty or in one part only, or a picture is in
    no class or there twice.
    """
    entries = [entry for entry in _entries(path) if not _is_hidden(entry)]
    pictures = [entry for entry in entries if entry.is_picture]
    _check_pictures(pictures)
    _check_parts(path, entries)
    _check_classes(path, entries, pictures)
    pictures.sort(key=lambda picture: (PARTS.index(picture.part), picture.name[1:]))
    return Listing(tuple(sorted({picture.label for picture in pictures})), tuple(pictures))


def _entries(path: Path) -> list[Entry]:
    if path.is_dir():
        beside = (entry for archive in sorted(path.glob("*.zip")) for entry in _in_zip(archive))
        return list(_in_folder(path)) or list(beside)
    if path.is_file():
        return list(_in_zip(path))
    raise DataError(f"there is no '{path}' to read images from; expected {LAYOUT}")


def _in_folder(root: Path) -> Iterator[Entry]:
    for part in PARTS:
        for place, folders, files in os.walk(root / part, followlinks=True):
            folders.sort()
            above = Path(place).relative_to(root).parts
            yield Entry(above, root, "/".join(above), is_folder=True)
            for file in files:
                status = Path(place, file).stat()
                stamp = (status.st_size, status.st_mtime_ns)
                yield Entry((*above, file), root, "/".join((*above, file)), is_folder=False, stamp=stamp)


def _in_zip(archive: Path) -> Iterator[Entry]:
    """What is below train/ and test/, looking through one folder around both, as many downloads have."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(
            f"'{archive}' does not open as a zip ({error}); fetch it again, or unpack it and give the folder"
        ) from error
    split = [(tuple(member.filename.rstrip("/").split("/")), member) for member in members]
    around = _folders_around(name for name, _ in split)
    for whole, member in split:
        name = whole[around:]
        if name and name[0] in PARTS:
            stamp = (member.file_size, member.CRC)
            yield Entry(name, archive, member.filename, is_folder=member.is_dir(), stamp=stamp)


def _folders_around(names: Iterable[tuple[str, ...]]) -> int:
    """How many folders, 0 or 1, all of a zip lies in."""
    first = {name[0] for name in names if len(name) > 1 and name[0] != "__MACOSX"}
    return int(len(first) == 1 and not first & set(PARTS))


def _is_hidden(entry: Entry) -> bool:
    return any(word.startswith(".") or word == "__MACOSX" for word in entry.name)


def _check_pictures(pictures: list[Entry]) -> None:
    first: dict[tuple[str, ...], Entry] = {}
    for picture in pictures:
        if len(picture.name) < 3:
            raise DataError(f"'{picture}' lies in no class folder; expected {LAYOUT}")
        twin = first.setdefault(picture.name, picture)
        if twin is not picture:
            raise DataError(
                f"'{twin}' and '{picture}' are the same image of the data set; remove one of them"
            )


def _check_parts(path: Path, entries: list[Entry]) -> None:
    for part in PARTS:
        if not any(entry.part == part for entry in entries):
            raise DataError(f"'{path}' has no {part}/ in it; expected {LAYOUT}")
        if not any(entry.part == part and entry.is_in_class for entry in entries):
            raise DataError(f"{part}/ of '{path}' holds no class folder; expected {LAYOUT}")


def _check_classes(path: Path, entries: list[Entry], pictures: list[Entry]) -> None:
    folders = {entry.name[:2] for entry in entries if entry.is_in_class}
    filled = {picture.name[:2] for picture in pictures}
    for label in sorted({name[1] for name in folders}):
        for part in PARTS:
            if (part, label) not in filled:
                fault = "holds no image" if (part, label) in folders else "is not there"
                raise DataError(
                    f"class folder {part}/{label} of '{path}' {fault}; every class needs images "
                    f"({' '.join(SUFFIXES)}) in both train/ and test/"
                )
