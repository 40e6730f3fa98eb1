"""Programs in processes of their own that begin where Sacred and torch are loaded already."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

PRELOADED = ["tracker.recording", "torch", "torch.nn.functional", "torchvision"]


def run_module(
    module: str, *words: str, cwd: Path, environ: Mapping[str, str], timeout: float = 240
) -> subprocess.CompletedProcess[str]:
    """What `python -m module words` does, says and returns."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder) / name for name in ("stdout", "stderr")]
        process = context.Process(target=_become, args=(module, words, cwd, dict(environ), said))
        process.start()
        _end(process, timeout)
        out, err = (path.read_text(encoding="utf-8") for path in said)
    return subprocess.CompletedProcess([module, *words], process.exitcode or 0, out, err)


def _end(process: BaseProcess, timeout: float) -> None:
    process.join(timeout)
    if process.is_alive():
        process.kill()
        process.join()
        raise AssertionError(f"still at work after {timeout:g} seconds")


def _become(
    module: str, words: tuple[str, ...], cwd: Path, environ: dict[str, str], said: list[Path]
) -> None:
    for descriptor, path in enumerate(said, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
