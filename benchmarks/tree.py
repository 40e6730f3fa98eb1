"""The tree of many runs: read, matched, answered; beside MLflow's table of the same runs.

    python -m benchmarks.tree [--runs 10000] [--large 100000] [--rounds 5] [--folder FOLDER]
                              [--mlflow-python PYTHON | --no-mlflow] [--out docs/speed.md]

MLflow is put into an environment of its own in FOLDER, unless a Python that has it is given.
What FOLDER holds already, runs or environment, is used again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import tree_measure as measure
from benchmarks.environment import python_with, say
from benchmarks.tree_report import MISSED, report
from benchmarks.tree_scene import METRICS, START, configs, skill, without_syncing, write_runs

MLFLOW = ("mlflow-skinny", "sqlalchemy", "alembic", "pandas")
MLFLOW_SIDE = Path(__file__).with_name("tree_mlflow.py")
Rounds = dict[str, list[float]]


def main() -> int:
    """Measure, write the page; 1 where a bar was missed."""
    options = _options()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(options.folder or place).resolve()
        (folder / "runs").mkdir(parents=True, exist_ok=True)
        _fill_ours(folder, options.runs)
        given = options.mlflow_python
        python = None if options.no_mlflow else given or python_with("MLflow", MLFLOW, folder)
        if python:
            _fill_mlflow(python, folder, options.runs)
        measured, versions = _rounds(folder, options, python)
    text = report(measured, versions, options)
    sys.stdout.write(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    return int(MISSED in text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("runs", 10_000), ("large", 100_000), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--folder")
    parser.add_argument("--mlflow-python")
    parser.add_argument("--no-mlflow", action="store_true")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def _rounds(folder: Path, options: argparse.Namespace, python: str | None) -> tuple[Rounds, dict[str, str]]:
    measured: Rounds = defaultdict(list)
    versions: dict[str, str] = {}
    for at in range(options.rounds):
        say(f"round {at + 1} of {options.rounds}")
        for name, seconds in _one_round(folder, options):
            measured[name].append(seconds)
        if python:
            found = _search(python, folder)
            measured["mlflow"].append(found["seconds"][-1])
            versions["mlflow"] = f"{found['version']}, {found['rows']} rows of {found['columns']} columns"
    return measured, versions


def _one_round(folder: Path, options: argparse.Namespace) -> Iterator[tuple[str, float]]:
    for work in (measure.fetched, measure.cold, measure.warm, measure.staying, measure.starting):
        yield from measure.alone(work, folder, options.runs).items()
    large = measure.alone(measure.fetched, folder, options.large)
    yield from ((f"large: {name}", seconds) for name, seconds in large.items())
    yield from measure.memory(folder, options.large).items()


def _fill_ours(folder: Path, runs: int) -> None:
    there = sum(path.name.isdecimal() for path in (folder / "runs").iterdir())
    if there < runs:
        say(f"writing {runs - there} run folders")
        measure.alone(_write, folder / "runs", runs - there, there)


def _write(store: Path, runs: int, first: int) -> None:
    without_syncing()
    write_runs(store, runs, first)


def _fill_mlflow(python: str, folder: Path, runs: int) -> None:
    place = folder / f"mlflow-{runs}"
    if (place / "filled").exists():
        return
    say(f"logging the same {runs} runs with MLflow")
    place.mkdir(exist_ok=True)
    began = int(START.timestamp() * 1000)
    told: list[dict[str, Any]] = [
        {"config": config, "metrics": dict.fromkeys(METRICS, skill(at)), "start": began + 1000 * at}
        for at, config in enumerate(configs(runs))
    ]
    _run(python, "fill", place, "\n".join(map(json.dumps, told)))
    (place / "filled").touch()


def _search(python: str, folder: Path) -> dict[str, Any]:
    (place,) = folder.glob("mlflow-[0-9]*")
    found: dict[str, Any] = json.loads(_run(python, "search", place))
    return found


def _run(python: str, task: str, place: Path, lines: str = "") -> str:
    # -P: a module of this folder is called statistics, too
    command = [python, "-P", str(MLFLOW_SIDE), task, str(place)]
    quiet = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False, env=quiet)
    if done.returncode:
        sys.exit(f"MLflow's side failed:\n{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
