"""What a benchmark ran on, and who else was busy there."""

from __future__ import annotations

import os
import platform
from pathlib import Path

QUIET = 0.05  # cores that other processes may use while one measures
TICKS = os.sysconf("SC_CLK_TCK")


def busy_seconds() -> float:
    """Processor seconds of all processes since the machine started."""
    user, nice, system, _, _, irq, soft = Path("/proc/stat").read_text().split("\n")[0].split()[1:8]
    return sum(map(int, (user, nice, system, irq, soft))) / TICKS


def machine_words() -> str:
    """The processor, its cores, what it computes bf16 with, and the versions."""
    import torch

    able = torch.cpu.get_capabilities()
    bf16 = [name for name in ("amx_bf16", "avx512_bf16") if able.get(name)]
    return (
        f"{_processor()}, {len(os.sched_getaffinity(0))} cores, "
        f"{' and '.join(bf16) or 'no instructions for bf16'}; "
        f"{platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
