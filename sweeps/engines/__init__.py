"""Engines that start runs: on this machine, on a Slurm cluster, on a Ray cluster."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable

from sweeps.engines.base import Engine
from sweeps.engines.options import EngineOptions
from tracker.errors import LaunchError


def open_engine(name: str, options: EngineOptions) -> Engine:
    """The engine with this name. Raises LaunchError where it is unknown, not installed or cannot serve."""
    check_engine(name)
    return ENGINES[name](options)


def check_engine(name: str) -> None:
    """Raise LaunchError where there is no such engine, or what it needs is not installed."""
    if name not in ENGINES:
        close = difflib.get_close_matches(name, ENGINES, n=1)
        rest = f"did you mean {close[0]}?" if close else f"there are {', '.join(ENGINES)}"
        raise LaunchError(f"--engine {name}: there is no such engine; {rest}")
    if name in PACKAGES:
        _need(PACKAGES[name], name)


def _local(options: EngineOptions) -> Engine:
    from sweeps.engines.local import LocalEngine

    return LocalEngine(options)


def _slurm(options: EngineOptions) -> Engine:
    from sweeps.engines.slurm import SlurmEngine

    return SlurmEngine(options)


def _ray(options: EngineOptions) -> Engine:
    from sweeps.engines.ray_cluster import RayEngine

    return RayEngine(options)


def _need(package: str, engine: str) -> None:
    try:
        importlib.import_module(package)
    except ImportError as error:
        raise LaunchError(
            f"--engine {engine}: the package {package} cannot be imported ({error}); "
            f"install it: pip install 'sacred-grove[{engine}]'"
        ) from error


ENGINES: dict[str, Callable[[EngineOptions], Engine]] = {"local": _local, "slurm": _slurm, "ray": _ray}
PACKAGES = {"slurm": "submitit", "ray": "ray"}  # what an engine needs beside the sweeps
