"""Facts of the machine: installed distributions, graphics cards."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

PATIENCE = 5.0  # seconds that nvidia-smi may take before the run starts without its answer

# the name comes last because it may hold a comma
_ASK = ("--query-gpu=driver_version,memory.total,persistence_mode,name", "--format=csv,noheader,nounits")
_NAMED = re.compile(r"(?P<name>.+?)-(?P<version>[^-]+?)(?:-py[\d.]+(?:-.*)?)?\.(?:dist|egg)-info")


def distributions(path: Iterable[str] | None = None) -> list[str]:
    """Every installed distribution as "name==version", sorted, names as pip normalises them.

    The folders' names say both, so that no metadata is read; Sacred's own list lacks every distribution
    without a file top_level.txt, and there pandas, pymongo and scikit-learn.
    """
    found: dict[str, str] = {}
    for folder in _import_path() if path is None else path:
        for name, version in _in_folder(Path(folder or ".")):
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)  # the first one is imported
    return sorted(f"{name}=={version}" for name, version in found.items())


def _import_path() -> list[str]:
    """Without what setuptools carries inside for itself, which importing it adds."""
    return [folder for folder in sys.path if Path(folder).name != "_vendor"]


def _in_folder(folder: Path) -> Iterator[tuple[str, str]]:
    try:
        entries = [entry for entry in folder.iterdir() if entry.suffix in (".dist-info", ".egg-info")]
    except OSError:  # a zip file, or a folder that is not there
        return
    for entry in entries:
        named = _NAMED.fullmatch(entry.name)
        yield (named["name"], named["version"]) if named else _from_metadata(entry)


def _from_metadata(entry: Path) -> tuple[str, str]:
    """An .egg-info of a package that is installed from where it lies has no version in its name."""
    file = entry / "PKG-INFO" if entry.is_dir() else entry
    try:
        version = re.search(r"^Version:\s*(\S+)", file.read_text(errors="replace"), re.MULTILINE)
    except OSError:
        version = None
    return entry.stem, version[1] if version else "unknown"


def graphics_cards() -> dict[str, Any] | None:
    """Driver and cards in Sacred's shape, what is unknown as None; None without an answer in time.

    Sacred's own way waits for ever, and a memory of "[N/A]" ends the run before it begins.
    """
    if shutil.which("nvidia-smi") is None:
        return None
    answers: list[str] = []
    # a driver that hangs keeps even a killed nvidia-smi, so that the waiting is left to a thread
    asking = threading.Thread(target=lambda: answers.append(_asked()), daemon=True)
    asking.start()
    asking.join(PATIENCE + 1)
    return read_cards(answers[0]) if answers else None


def _asked() -> str:
    try:
        answer = subprocess.run(
            ["nvidia-smi", *_ASK], capture_output=True, timeout=PATIENCE, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.decode("utf-8", "replace")


def read_cards(text: str) -> dict[str, Any] | None:
    """What nvidia-smi printed; lines that are none of its answers are passed over."""
    rows = [[word.strip() for word in line.split(",", 3)] for line in text.splitlines()]
    rows = [row for row in rows if len(row) == 4 and row[3]]
    if not rows:
        return None
    return {"driver_version": _known(rows[0][0]), "gpus": [_card(*row[1:]) for row in rows]}


def _card(memory: str, persistence: str, name: str) -> dict[str, Any]:
    return {
        "model": _known(name),
        "total_memory": int(memory) if memory.isdecimal() else None,
        "persistence_mode": {"Enabled": True, "Disabled": False}.get(persistence),
    }


def _known(word: str) -> str | None:
    """The word, unless it says in brackets that there is nothing to say."""
    return None if not word or word.startswith("[") else word
