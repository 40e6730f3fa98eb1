"""What is wrong in a store, and mending what can be mended safely."""

from __future__ import annotations

from tracker.doctor.examine import Examination, examine
from tracker.doctor.finding import Finding

__all__ = ["Examination", "Finding", "examine"]
