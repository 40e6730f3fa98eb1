"""Copies between run folders and MongoDB, which may be repeated without doubling anything."""

from __future__ import annotations

from tracker.mirror.mirror import Mirror, open_mirror

__all__ = ["Mirror", "open_mirror"]
