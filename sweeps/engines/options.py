"""What a user wants of an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sweeps.engines.base import Needs


@dataclass(frozen=True)
class EngineOptions:
    """How a sweep is to be placed."""

    workers: int | None = None
    per_gpu: int | None = None
    needs: Needs = field(default_factory=Needs)
    logs: Path = Path("sweep-logs")
    detach: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)
