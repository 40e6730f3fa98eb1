"""The speed of training beside a widely used script, and beside ourselves.

    python -m benchmarks.speed [CASE ...] [--short] [--rounds 5] [--peer-dir FOLDER]
                               [--accuracy STORE] [--json speed.json] [--out docs/benchmarks.md]

Without CASE all of them and the start-up of commands, more than an hour; --list names them.
--peer-dir runs the real script of a copy of akamaster/pytorch_resnet_cifar10 in place of its recipe, where a
case compares with all of it.
--accuracy names a store with the runs of sweeps/precision.yaml@cpu, whose answers stand beside bf16.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.machine import machine_words
from benchmarks.speed.accuracy import Accuracy, accuracy
from benchmarks.speed.cases import CASES, PEER, Case
from benchmarks.speed.report import line, page
from benchmarks.speed.rounds import Found, Round, SideError, one_round
from benchmarks.speed.start_up import measure
from tracker.errors import TrackerError


def main() -> None:
    options = _options()
    if options.list:
        sys.stdout.writelines(f"{name:20} {case.title}, {case.precision}\n" for name, case in CASES.items())
        return
    known = _known(options.accuracy)  # first, because the rest takes long
    machine, found = machine_words(), {}
    sys.stdout.write(f"{machine}\n")
    for name in options.cases or [name for name, case in CASES.items() if case.short or not options.short]:
        case = _with_script(CASES[name], options.peer_dir)
        try:
            found[name] = Found(tuple(_rounds(case, options.rounds)))
        except SideError as error:
            sys.exit(f"{name} broke off: {error}")
        sys.stdout.write(f"{line(case, found[name])}\n")
    times = [] if options.cases else measure(options.rounds)
    sys.stdout.writelines(f"{', '.join(one.row)}\n" for one in times)
    if options.json:
        text = {name: [asdict(one) for one in case.rounds] for name, case in found.items()}
        starts = {one.command.title: one.seconds for one in times}
        options.json.write_text(json.dumps({"machine": machine, "cases": text, "start_up": starts}, indent=1))
    if options.out:
        words = " ".join(["python -m benchmarks.speed", *options.cases, *["--short"][: options.short]])
        options.out.write_text(
            page(found, times, f"{words} --rounds {options.rounds}", machine, known), encoding="utf-8"
        )


def _known(store: str | None) -> Accuracy:
    try:
        return accuracy(store) if store else Accuracy()
    except TrackerError as error:
        sys.exit(str(error))


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
    parser.add_argument("--json", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if unknown := [name for name in options.cases if name not in CASES]:
        parser.error(f"there is no case {unknown[0]!r}; --list names them")
    if options.rounds < 1:
        parser.error(f"--rounds {options.rounds} must be at least 1")
    if options.peer_dir and not (options.peer_dir / "trainer.py").exists():
        parser.error(f"--peer-dir {options.peer_dir}: there is no trainer.py in it")
    return options


def _rounds(case: Case, count: int) -> Iterator[Round]:
    for number in range(1, count + 1):
        found = one_round(case)
        sys.stderr.write(
            f"  round {number} of {count}: {found.ours:.0f} against {found.other:.0f} {case.unit}, "
            f"ratio {found.ratio:.2f}, others {found.others:.2f} cores\n"
        )
        yield found


def _with_script(case: Case, folder: Path | None) -> Case:
    """The case against the real script, where it can be."""
    if folder is None or case.other.label != PEER or case.other.options.get("frozen"):
        return case
    options = {**case.other.options, "script": str(folder.resolve())}
    return replace(case, other=replace(case.other, label="the peer's script", options=options))


if __name__ == "__main__":
    main()
