"""The speed of training beside a widely used script, and beside ourselves.

    python -m benchmarks.speed [CASE ...] [--short] [--rounds 5] [--peer-dir FOLDER] [--accuracy STORE]
                               [--json speed.json] [--again] [--out docs/benchmarks.md]

Without CASE all of them and the start-up of commands, about an hour; --list names them.
With --json each case is written into the file as soon as it is measured.
What stands there, measured here in the same way and in at least as many rounds, is not measured again,
so that all of it can be made in parts; --out makes the page from everything in the file.
A change of the code goes unnoticed: --again measures what stands there, too.
--peer-dir runs the real script of a copy of akamaster/pytorch_resnet_cifar10 in place of its recipe, where a
case compares with all of it.
--accuracy names a store with the runs of sweeps/precision.yaml@cpu, whose answers stand beside bf16.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.speed.accuracy import Accuracy, accuracy
from benchmarks.speed.cases import CASES, PEER, Case
from benchmarks.speed.kept import KeptError, Measured, here, keep, read
from benchmarks.speed.measuring import START_UP, measure, start_up_task, task
from benchmarks.speed.report import line, page
from benchmarks.speed.rounds import Found, Round
from benchmarks.speed.start_up import times
from benchmarks.speed.turns import SideError
from tracker.errors import TrackerError

SHORT = (*(name for name, case in CASES.items() if case.short), START_UP)
ALL = (*CASES, START_UP)
INTERRUPTED = 130  # as a shell ends what Ctrl-C stopped


def main() -> None:
    options = _options()
    if options.list:
        sys.stdout.writelines(f"{name:28} {case.title}, {case.precision}\n" for name, case in CASES.items())
        sys.stdout.write(f"{START_UP:28} commands, and a run to its first step\n")
        return
    cases = {name: _with_script(case, options.peer_dir) for name, case in CASES.items()}
    tasks = {**{name: task(name, case) for name, case in cases.items()}, START_UP: start_up_task()}
    wanted = options.cases or (SHORT if options.short else ALL)
    try:
        answers = accuracy(options.accuracy) if options.accuracy else Accuracy()
        place = here()
        known = read(options.json, place) if options.json else {}
        sys.stdout.write(f"{place['machine']}\n")
        for name, one in measure(
            [tasks[name] for name in wanted], options.rounds, known, again=options.again
        ):
            known[name] = one
            if options.json:
                keep(options.json, place, known)
            _tell(name, one, cases)
    except (TrackerError, KeptError, SideError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.stderr.write(f"interrupted; {_where(options.json)}\n")
        sys.exit(INTERRUPTED)
    if options.out:
        found = {name: known[name] for name in ALL if name in known and known[name].what == tasks[name].what}
        options.out.write_text(_page(found, place["machine"], answers, options), encoding="utf-8")


def _tell(name: str, measured: Measured, cases: Mapping[str, Case]) -> None:
    if name == START_UP:
        sys.stdout.writelines(f"{', '.join(one.row)}\n" for one in times(measured.rounds))
    else:
        sys.stdout.write(f"{line(cases[name], _found(measured))}\n")
    sys.stdout.write(f"  in {measured.seconds:.0f} s\n")
    sys.stdout.flush()


def _where(path: Path | None) -> str:
    return f"what was measured stands in {path}, and the same command goes on" if path else "nothing is kept"


def _found(measured: Measured) -> Found:
    return Found(tuple(Round(**one) for one in measured.rounds))


def _page(
    measured: Mapping[str, Measured], machine: str, answers: Accuracy, options: argparse.Namespace
) -> str:
    found = {name: _found(one) for name, one in measured.items() if name != START_UP}
    starts = times(measured[START_UP].rounds) if START_UP in measured else []
    rounds = min(len(one.rounds) for one in measured.values())
    dates = [one.date for one in measured.values()]
    return page(found, starts, _command(tuple(measured), rounds, options), machine, answers, dates)


def _command(names: Sequence[str], rounds: int, options: argparse.Namespace) -> str:
    """The one command that makes all of the page."""
    whole: dict[Sequence[str], list[str]] = {ALL: [], SHORT: ["--short"]}
    script = ["--peer-dir", "FOLDER"] if options.peer_dir else []
    chosen = whole.get(names, list(names))
    return " ".join(["python -m benchmarks.speed", *chosen, *script, f"--rounds {rounds}"])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help="names of --list")
    parser.add_argument("--list", action="store_true", help="name the cases")
    parser.add_argument("--short", action="store_true", help="only those of `make bench`")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer-dir", type=Path)
    parser.add_argument("--accuracy", metavar="STORE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="what is measured, to go on from")
    parser.add_argument("--again", action="store_true", help="measure what stands in the file, too")
    parser.add_argument("--out", type=Path, metavar="PAGE")
    options = parser.parse_args()
    if unknown := [name for name in options.cases if name not in ALL]:
        parser.error(f"there is no case {unknown[0]!r}; --list names them")
    if options.rounds < 1:
        parser.error(f"--rounds {options.rounds} must be at least 1")
    if options.peer_dir and not (options.peer_dir / "trainer.py").exists():
        parser.error(f"--peer-dir {options.peer_dir}: there is no trainer.py in it")
    for name, path in (("json", options.json), ("out", options.out)):
        if path and not path.parent.is_dir():
            parser.error(f"--{name} {path}: there is no folder {path.parent}")
    return options


def _with_script(case: Case, folder: Path | None) -> Case:
    """The case against the real script, where it can be."""
    if folder is None or case.other.label != PEER or case.other.options.get("frozen"):
        return case
    options = {**case.other.options, "script": str(folder.resolve())}
    return replace(case, other=replace(case.other, label="the peer's script", options=options))


if __name__ == "__main__":
    main()
