"""The state of the code that a run is made with: what git knows of it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE = 5.0  # seconds that git may take before the run starts without its answer
LARGEST_DIFF = 1 << 20  # bytes
MOST_UNTRACKED = 100  # names
DIFF = "code.diff"  # the name of the artifact

# another user's repository (a mounted folder in a container) is read all the same; nothing of it is run
_GIT = (
    "git",
    "-c",
    "safe.directory=*",
    "-c",
    "core.fsmonitor=false",
    "--no-optional-locks",
    "--literal-pathspecs",
)


@dataclass(frozen=True)
class Code:
    """What git says of the folder of an experiment; `facts` always say something."""

    facts: dict[str, Any]
    root: Path | None = None  # of the repository
    url: str = ""
    diff: bytes = field(default=b"", repr=False)

    @property
    def repositories(self) -> list[dict[str, Any]]:
        """In Sacred's shape, one entry rather than one for each file."""
        if "commit" not in self.facts:
            return []
        return [{"url": self.url, "commit": self.facts["commit"], "dirty": self.facts["dirty"]}]


def read_code(folder: Path, store: Path) -> Code:
    """The commit around `folder`, and how the files differ from it; `store` is no part of the code.

    Without git, without a repository, or before the first commit the facts say so in `unknown`.
    """
    try:
        root = Path(_git(folder, "rev-parse", "--show-toplevel").rstrip("\n"))
        lines = _git(folder, "status", "--porcelain=v2", "--branch", "-z").split("\0")
    except OSError as error:
        missing = isinstance(error, FileNotFoundError) and error.filename == "git"
        return Code(
            {"unknown": "git is not installed" if missing else f"git cannot be run ({error.strerror})"}
        )
    except subprocess.TimeoutExpired:
        return Code({"unknown": f"git did not answer within {PATIENCE:g} s"})
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip() or "git failed"
        return Code({"unknown": said.splitlines()[0].removeprefix("fatal: ")})
    return _with_diff(_facts(lines, root, store), folder, root)


def _facts(lines: list[str], root: Path, store: Path) -> dict[str, Any]:
    head = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# branch."))
    untracked = [line[2:] for line in lines if line.startswith("? ")]
    untracked = [name for name in untracked if not _is_store(root / name, store)]
    facts: dict[str, Any] = {"commit": head.get("branch.oid", ""), "branch": head.get("branch.head", "")}
    facts["dirty"] = any(line[:2] in ("1 ", "2 ", "u ") for line in lines)
    if facts["commit"] in ("", "(initial)"):
        del facts["commit"], facts["dirty"]
        facts["unknown"] = "the repository has no commit yet"
    if untracked:
        facts["untracked"] = untracked[:MOST_UNTRACKED]
        if len(untracked) > MOST_UNTRACKED:
            facts["untracked_more"] = len(untracked) - MOST_UNTRACKED
    return facts


def _is_store(path: Path, store: Path) -> bool:
    """Whether the path is the folder of runs, or is there only because of it."""
    place = store.resolve()
    return path == place or path in place.parents or place in path.parents


def _with_diff(facts: dict[str, Any], folder: Path, root: Path) -> Code:
    url, diff = "", b""
    try:
        url = _git(folder, "config", "--default", "", "--get", "remote.origin.url").strip()
        if facts.get("dirty"):
            diff = _read_diff(root)
    except (OSError, subprocess.SubprocessError) as error:
        facts["diff"] = f"not kept: git did not give it ({type(error).__name__})"
    if len(diff) > LARGEST_DIFF:
        facts["diff"] = f"the first {LARGEST_DIFF} bytes are kept"
        diff = diff[:LARGEST_DIFF]
    return Code(facts, root, url, diff)


def _read_diff(root: Path) -> bytes:
    with tempfile.TemporaryFile() as file:
        words = ("diff", "HEAD", "--no-ext-diff", "--no-textconv", "--no-color")
        subprocess.run(
            [*_GIT, "-C", str(root), *words],
            stdout=file,
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=PATIENCE,
        )
        file.seek(0)
        return file.read(LARGEST_DIFF + 1)


def _git(folder: Path, *words: str) -> str:
    answer = subprocess.run(
        [*_GIT, "-C", str(folder), *words],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=True,
        timeout=PATIENCE,
        env={**os.environ, "LC_ALL": "C"},
    )
    return answer.stdout
