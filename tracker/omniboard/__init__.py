"""Omniboard's columns and settings from a file, the tree's findings beside its runs."""

from tracker.omniboard.layout import DEFAULT_LAYOUT, Layout
from tracker.omniboard.load import load_layout

__all__ = ["DEFAULT_LAYOUT", "Layout", "load_layout"]
