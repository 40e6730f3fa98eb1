"""What of this machine a sweep may use: cores and memory, also inside a container."""

from __future__ import annotations

import os
from collections.abc import Iterable
from math import ceil
from pathlib import Path

from tracker.leases.base import Lease

ROOT = Path("/")  # where /proc and /sys are found
THREADS = (  # how many threads a library starts; read once, when it is imported
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS"),
)


def cores(root: Path = ROOT) -> int:
    """The processor cores that this process may use: by its affinity and by the quota of its container."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [_quota(group) for group in _groups(root, "cpu")]
    return max(1, min([allowed, *(quota for quota in quotas if quota)]))


def free_memory(root: Path = ROOT) -> int:
    """Bytes of memory that can be had now without swapping, also inside a container; 0 where unknown."""
    rooms = [_available(root), *(_left(group) for group in _groups(root, "memory"))]
    return min((room for room in rooms if room is not None), default=0)


def largest_memory(leases: Iterable[Lease]) -> int:
    """The most memory that an earlier run took, as the leases tell; 0 where none does."""
    return max((lease.outcome.memory for lease in leases if lease.outcome), default=0)


def places_in_memory(each: int, free: int) -> int | None:
    """How many runs of `each` bytes fit, at least one; None where either is unknown."""
    return max(1, free // each) if each and free else None


def threads(share: int, chosen: dict[str, str]) -> dict[str, str]:
    """The variables that give a run so many threads, or fewer where somebody has `chosen` so."""
    return {name: str(_smaller(share, chosen.get(name, ""))) for name in THREADS}


def _smaller(share: int, chosen: str) -> int:
    first = chosen.split(",")[0].strip()  # OMP_NUM_THREADS may be a list, for nested regions
    return min(share, int(first)) if first.isdecimal() and int(first) else share


def _groups(root: Path, controller: str) -> list[Path]:
    """The folders of this process's control group and of those above it, of either version."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = []
    for _, controllers, path in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if controllers and controller not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / (controller if controllers else "")
        inner = top / path.lstrip("/")
        found += [folder for folder in (inner, *inner.parents) if folder.is_relative_to(top)]
    return found


def _quota(group: Path) -> int | None:
    """Cores by the quota of a control group, rounded up; None where it sets none."""
    words = _words(group / "cpu.max") or [
        *_words(group / "cpu.cfs_quota_us"),
        *_words(group / "cpu.cfs_period_us"),
    ]
    if len(words) != 2 or not all(word.isdecimal() for word in words):
        return None  # "max" or -1: no quota
    quota, period = (int(word) for word in words)
    return ceil(quota / period) if period else None


def _left(group: Path) -> int | None:
    """Bytes that a control group may still take; what it only keeps of files can be had back."""
    for most, now, kept in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        limit, used = _words(group / most), _words(group / now)
        if limit and used and limit[0].isdecimal():
            statistics = _words(group / "memory.stat")
            back = int(statistics[statistics.index(kept) + 1]) if kept in statistics else 0
            return max(0, int(limit[0]) - int(used[0]) + back)
    return None


def _available(root: Path) -> int | None:
    words = _words(root / "proc/meminfo")
    return int(words[words.index("MemAvailable:") + 1]) * 1024 if "MemAvailable:" in words else None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split()
    except OSError:
        return []
