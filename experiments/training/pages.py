"""Memory that a training on the CPU keeps from step to step, in large pages where the system has them."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from pathlib import Path

import torch

# glibc's <malloc.h>
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
LARGEST = 2**31 - 1  # bytes, of an int
LARGEST_OF_OLD = 32 * 2**20  # what glibc before 2.35 takes for MMAP_THRESHOLD

LARGE_PAGES = "THP_MEM_ALLOC_ENABLE"  # torch reads it once, when it first needs a large page
LARGE_PAGE = 2 * 2**20
MAPPINGS = Path("/proc/self/smaps")


@dataclass(frozen=True)
class Pages:
    """Whether freed memory stays with the process, and whether large tensors lie in large pages."""

    kept: bool
    large: bool


def keep_pages(device: torch.device, save_memory: bool) -> Pages:
    """Keep what is freed, because every step needs it again, and a page that comes anew has to be cleared.

    What somebody set with the variables MALLOC_TRIM_THRESHOLD_, MALLOC_MMAP_THRESHOLD_ and
    THP_MEM_ALLOC_ENABLE stays as it is. No number of a training changes. What is kept lies in pieces, where a
    large tensor may not fit: to save memory, the largest are given back.
    """
    return _keep(save_memory) if device.type == "cpu" else Pages(kept=False, large=False)


def _keep(save_memory: bool) -> Pages:
    sizes = (LARGEST_OF_OLD,) if save_memory else (LARGEST, LARGEST_OF_OLD)
    kept = _set(MMAP_THRESHOLD, "MALLOC_MMAP_THRESHOLD_", *sizes)
    kept = _set(TRIM_THRESHOLD, "MALLOC_TRIM_THRESHOLD_", LARGEST) and kept
    return Pages(kept, _in_large_pages())


def _set(option: int, variable: str, *sizes: int) -> bool:
    """Set an option of glibc to the first size that it takes; elsewhere nothing happens."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is None or variable in os.environ:
        return False
    return any(set_option(option, size) == 1 for size in sizes)


def _in_large_pages() -> bool:
    """Ask torch for them; whether the system hands them out, which it does not where all are taken."""
    asked = LARGE_PAGES not in os.environ
    if asked:
        os.environ[LARGE_PAGES] = "1"
    try:
        written = torch.ones(2 * LARGE_PAGE, dtype=torch.uint8)  # a page comes when it is first written to
        return _has_large_pages(written.data_ptr())
    finally:
        if asked:
            del os.environ[LARGE_PAGES]  # children decide for themselves


def _has_large_pages(address: int) -> bool:
    """Whether Linux backs the piece of memory around an address by a large page at least."""
    try:
        lines = MAPPINGS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    is_around = False
    for name, *values in map(str.split, lines):
        if not name.endswith(":"):  # the head of a piece: 7f00a000-7f00b000 rw-p ...
            first, end = (int(one, 16) for one in name.split("-"))
            is_around = first <= address < end
        elif is_around and name == "AnonHugePages:":
            return int(values[0]) > 0
    return False
