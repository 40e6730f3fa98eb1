"""The state of the code that a run is made with."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

PATIENCE = 5.0  # seconds that git may take before the run starts without its answer


def code_state(folder: Path) -> dict[str, Any]:
    """The commit of the repository around `folder` and whether its files differ from it.

    Without git, without a repository, or before the first commit the answer says so in `unknown`.
    """
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except FileNotFoundError:
        return {"unknown": "git is not installed"}
    except subprocess.TimeoutExpired:
        return {"unknown": f"git did not answer within {PATIENCE:g} s"}
    except subprocess.CalledProcessError as error:
        return {"unknown": (error.stderr or "git failed").strip().splitlines()[0]}
    return {"commit": commit, "dirty": bool(changed)}


def _git(folder: Path, *words: str) -> str:
    answer = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    return answer.stdout.strip()
