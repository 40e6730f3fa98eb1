"""The source files that a run has imported."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from tracker.recording.credentials import Mask


def imported_sources(root: Path, base: Path, more: Iterable[str] = ()) -> list[tuple[str, Path]]:
    """Every module below `root` that is imported by now, as (name relative to `base`, file), sorted.

    Sacred looks one import deep and only at the start. Installed packages are no sources, also where their
    environment lies in the repository; `more` are files that count wherever they lie.
    """
    files = {os.path.realpath(path) for path in more if path}
    installed, inside = _installed(), _inside(root)
    for module in list(sys.modules.values()):  # an import in another thread may add to it
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.endswith(".py"):
            real = os.path.realpath(file)
            if real.startswith(inside) and not real.startswith(installed):
                files.add(real)
    start = os.path.realpath(base)
    return sorted((os.path.relpath(file, start), Path(file)) for file in files if Path(file).is_file())


def without_credentials(
    files: Iterable[tuple[str, Path]], mask: Mask, folder: Path
) -> list[tuple[str, Path]]:
    """The files, where one holds credentials a masked copy of it in `folder`."""
    return [(name, _masked(path, mask, folder)) for name, path in files]


def _masked(path: Path, mask: Mask, folder: Path) -> Path:
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError:  # gone since its import: the journal says which source it could not keep
        return path
    if (clean := mask.text(text)) == text:
        return path
    place = Path(folder, str(len(list(folder.iterdir()))))
    place.mkdir()
    (place / path.name).write_bytes(clean.encode("utf-8", "surrogateescape"))
    return place / path.name


def _installed() -> tuple[str, ...]:
    """Where packages, environments and Python itself lie."""
    own = {sys.prefix, sys.exec_prefix, sys.base_prefix} if sys.prefix != "/usr" else set[str]()
    places = {*own, *sysconfig.get_paths().values(), *site.getsitepackages(), site.getusersitepackages()}
    return tuple(_inside(place) for place in places if place)


def _inside(folder: str | Path) -> str:
    """What the name of every file in the folder begins with."""
    return f"{os.path.realpath(folder).rstrip(os.sep)}{os.sep}"
