"""The graphics cards of this machine, as nvidia-smi tells of them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 10.0  # seconds for nvidia-smi, which may take a while to wake a card
CHOICE = "CUDA_VISIBLE_DEVICES"
ORDER = "CUDA_DEVICE_ORDER"
FOLDER = Path("/proc/driver/nvidia/gpus")  # one entry a card, there without nvidia-smi
MIB = 2**20


@dataclass(frozen=True)
class Card:
    """A card as nvidia-smi shows it."""

    index: str
    uuid: str
    total: int  # bytes
    used: int


def cards(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The cards that this process may use, as CUDA_VISIBLE_DEVICES names them: numbers, UUIDs, MIG names."""
    if CHOICE in environment:
        return _chosen(environment[CHOICE])
    if found := seen():
        return tuple(card.index for card in found)
    return tuple(str(number) for number, _ in enumerate(FOLDER.iterdir())) if FOLDER.is_dir() else ()


def seen() -> list[Card]:
    """All cards of the machine with their memory; none where nvidia-smi is not there or does not answer."""
    rows = _ask("--query-gpu=index,uuid,memory.total,memory.used")
    return [
        Card(row[0], row[1], _bytes(row[2]), _bytes(row[3]))
        for row in rows
        if len(row) == 4 and row[0].isdecimal()
    ]


def card_named(name: str, among: Collection[Card]) -> Card | None:
    """The card with this number, UUID or beginning of one; None for a MIG name, or a wrong one."""
    return next(
        (card for card in among if card.index == name or (name[:4] == "GPU-" and card.uuid.startswith(name))),
        None,
    )


def used_by(processes: Collection[int]) -> int | None:
    """Bytes on cards that these processes take together; None where nvidia-smi names none of them.

    In a container it may know the processes only by the numbers that they have outside.
    """
    rows = _ask("--query-compute-apps=pid,used_memory")
    own = [
        _bytes(row[1]) for row in rows if len(row) == 2 and row[0].isdecimal() and int(row[0]) in processes
    ]
    return sum(own) if own else None


def variables(group: tuple[str, ...], environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that show a run these cards, and no others."""
    chosen = {CHOICE: ",".join(group)}
    if CHOICE not in environment and ORDER not in environment:
        chosen[ORDER] = "PCI_BUS_ID"  # that of nvidia-smi; CUDA's own begins with the fastest
    return chosen


def _chosen(words: str) -> tuple[str, ...]:
    """CUDA takes the cards up to the first name that is none."""
    found: list[str] = []
    for name in (word.strip() for word in words.split(",")):
        if not (name.isdecimal() or name.startswith(("GPU-", "MIG-"))) or name in found:
            break
        found.append(name)
    return tuple(found)


def _ask(query: str) -> list[list[str]]:
    command = ("nvidia-smi", query, "--format=csv,noheader,nounits")
    try:
        told = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [[word.strip() for word in line.split(",")] for line in told.stdout.splitlines() if line.strip()]


def _bytes(mebibytes: str) -> int:
    return int(mebibytes) * MIB if mebibytes.isdecimal() else 0  # "[N/A]" on cards that share the memory
