"""docs/extending.md is followed step by step, in a copy of the experiments."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
STEPS = re.findall(
    r"^([^\n]*)\n\n```(?:python|text|yaml|console)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL
)


def write_above(place: Path, sentence: str, code: str) -> None:
    (name, file) = re.findall(r"above `(\w+)` in `([\w/.]+)`", sentence)[0]
    text = (place / file).read_text(encoding="utf-8")
    assert len(re.findall(rf"^{name}: ", text, re.MULTILINE)) == 1
    (place / file).write_text(
        re.sub(rf"^{name}: ", lambda at: f"{code}\n\n{at[0]}", text, flags=re.MULTILINE)
    )


def put_into(place: Path, sentence: str, line: str) -> None:
    (name, file) = re.findall(r"into `(\w+)` in `([\w/.]+)`", sentence)[0]
    text = (place / file).read_text(encoding="utf-8")
    changed = re.sub(rf"^{name}: .*{{\n", lambda at: at[0] + line, text, flags=re.MULTILINE)
    assert changed != text
    (place / file).write_text(changed)


def save_as(place: Path, sentence: str, text: str) -> None:
    (place / re.findall(r"Save it as `([\w.]+)`", sentence)[0]).write_text(text)


FOLLOW: dict[str, Callable[[Path, str, str], None]] = {
    "Write it above": write_above,
    "Put its line into": put_into,
    "Save it as": save_as,
}


def run(place: Path, line: str) -> str:
    program, *words = shlex.split(line.removeprefix("$ "))
    answer = subprocess.run(
        [sys.executable, "-c", f"from {program}.cli import main; main()", *words],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(place), "OMP_NUM_THREADS": "1", "TRACKER_STORE": ""},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_a_reader_who_follows_the_guide_sees_both_additions_in_the_tree(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "experiments", tmp_path / "experiments", ignore=shutil.ignore_patterns("__pycache__")
    )
    for package in ("sweeps", "tracker"):
        (tmp_path / package).symlink_to(ROOT / package)
    shown = ""
    for sentence, block in STEPS:
        follow = next((step for start, step in FOLLOW.items() if sentence.startswith(start)), None)
        if follow:
            follow(tmp_path, sentence, block)
        else:
            shown = [run(tmp_path, line) for line in block.splitlines()][-1]

    assert len(STEPS) == 6
    for value in ("local_response", "stem"):
        assert re.search(rf"^ *{value} [\d.]+ % .*n=1$", shown, re.MULTILINE), shown
