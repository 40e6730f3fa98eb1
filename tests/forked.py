"""Programs in processes of their own that begin where Sacred and torch are loaded already."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

PRELOADED = ["tracker.recording", "torch", "torch.nn.functional", "torchvision"]


class Forked:
    """What `python -m module words` would be; prints and complaints come together in `stdout`."""

    def __init__(self, module: str, *words: str, cwd: Path, environ: Mapping[str, str]) -> None:
        ours, theirs = os.pipe()
        self.stdout = os.fdopen(ours, encoding="utf-8")
        self._process = begin(module, words, cwd, environ, theirs, theirs)
        os.close(theirs)

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        assert self.pid is not None
        os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()

    def communicate(self, timeout: float = 240) -> str:
        """All that it still prints until its end."""
        said = "" if self.stdout.closed else self.stdout.read()
        self.stdout.close()
        end(self._process, timeout)
        return said


def run_module(
    module: str, *words: str, cwd: Path, environ: Mapping[str, str], timeout: float = 240
) -> subprocess.CompletedProcess[str]:
    """What `python -m module words` does, says and returns."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = begin(module, words, cwd, environ, out.fileno(), err.fileno())
        end(process, timeout)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess([module, *words], process.exitcode, out.read(), err.read())


def begin(
    module: str, words: tuple[str, ...], cwd: Path, environ: Mapping[str, str], out: int, err: int
) -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=_Program(module, words, cwd, environ, out, err))
    process.start()
    return process


def end(process: Any, timeout: float) -> None:
    process.join(timeout)
    if process.is_alive():
        process.kill()
        process.join()
        raise AssertionError(f"still at work after {timeout:g} seconds")


class _Program:
    """Becomes the module in a fresh process; descriptors travel while that starts."""

    def __init__(
        self, module: str, words: tuple[str, ...], cwd: Path, environ: Mapping[str, str], out: int, err: int
    ) -> None:
        self.words, self.cwd, self.environ, self.out, self.err = (
            [module, *words],
            cwd,
            dict(environ),
            out,
            err,
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "out": DupFd(self.out), "err": DupFd(self.err)}

    def __call__(self) -> None:
        for place, descriptor in ((1, self.out), (2, self.err)):
            given = descriptor.detach()  # type: ignore[attr-defined]
            os.dup2(given, place)
            os.close(given)
        os.chdir(self.cwd)
        os.environ.clear()
        os.environ.update(self.environ)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.argv = self.words
        runpy.run_module(self.words[0], run_name="__main__", alter_sys=True)
