"""A sweep of tiny runs: ours beside the same runs one by one, by GNU parallel and by a Hydra multirun.

    python -m benchmarks.sweep [--rounds 3] [--seconds 0.5] [--folder FOLDER]
                               [--hydra-python PYTHON | --no-hydra]
                               [--json sweep.json] [--out docs/speed-sweeps.md]

Every way starts the same forty processes, which Sacred records; a round goes through the ways and back.
Hydra is put into an environment of its own in FOLDER, unless a Python that has it is given.
GNU parallel is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

from benchmarks.environment import python_with, say
from benchmarks.sweep_measure import Measured, measured
from benchmarks.sweep_report import report
from benchmarks.sweep_scene import RUNS, WORKERS, Scene, make_scene, turns

HYDRA = ("hydra-core==1.3.8", "hydra-joblib-launcher==1.2.0")
HYDRA_SIDE = Path(__file__).with_name("sweep_hydra.py")


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(options.folder or place).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        given = options.hydra_python
        ways = _ways(None if options.no_hydra else given or python_with("Hydra", HYDRA, folder))
        found = _rounds(folder, ways, options)
    if options.json:
        text = {way: [asdict(one) for one in passes] for way, passes in found.items()}
        options.json.write_text(json.dumps({"runs": RUNS, "workers": WORKERS, "ways": text}, indent=1))
    page = report(found, options.rounds, options.seconds)
    sys.stdout.write(page)
    if options.out:
        options.out.write_text(page, encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.5, help="that each run computes")
    parser.add_argument("--folder")
    parser.add_argument("--hydra-python")
    parser.add_argument("--no-hydra", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def _ways(hydra: str | None) -> dict[str, list[str]]:
    """The command of each way, to be started in the folder of a scene."""
    ours = [sys.executable, "-c", "from sweeps.cli import main; main()", "run", "questions.yaml"]
    ways = {
        "one by one": ["sh", "commands.sh"],
        "sweeps run": [*ours, "--store", "runs", "--workers", str(WORKERS)],
    }
    if shutil.which("parallel"):
        ways["GNU parallel"] = ["parallel", "--will-cite", f"-j{WORKERS}", "-a", "commands.sh"]
    else:
        say("GNU parallel is left out: it is not installed (apt-get install parallel)")
    if hydra:
        ways["Hydra multirun, joblib"] = [hydra, "-P", str(HYDRA_SIDE), sys.executable, str(WORKERS)]
    return ways


def _rounds(
    folder: Path, ways: dict[str, list[str]], options: argparse.Namespace
) -> dict[str, list[Measured]]:
    found: dict[str, list[Measured]] = defaultdict(list)
    work = turns(options.seconds)  # the same for every way
    for at in range(options.rounds):
        for order in (list(ways), list(reversed(ways))):
            for way in order:
                scene = make_scene(folder / "scene", work)
                found[way].append(_one(scene, ways[way]))
                say(f"round {at + 1} of {options.rounds}: {way}: {found[way][-1].words}")
    return found


def _one(scene: Scene, command: list[str]) -> Measured:
    """One way through all runs; ends the benchmark where they are not all recorded, once each."""
    one = measured(command, scene)
    if one.code or not scene.is_complete():
        sys.exit(f"{command}: not every run is recorded once:\n{scene.output()[-2000:]}")
    return one


if __name__ == "__main__":
    main()
