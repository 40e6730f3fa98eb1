"""What is lost when, by stock Sacred and by the tracker: measures every row and writes docs/losses.md."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.losses_document import Line, document
from benchmarks.losses_measure import Outcome, measure
from benchmarks.losses_rows import FOLDER, ROWS, SERVER, Row
from benchmarks.losses_scene import Scene
from benchmarks.losses_special import (
    Told,
    deleted_then_again,
    killed_at_random,
    many_points,
    number_then_automatic,
    read_while_running,
)

DOCUMENT = Path(__file__).parents[1] / "docs/losses.md"
SIDES = ("stock", "ours")
AT_ONCE = 3  # repetitions side by side: they mostly wait

SPECIAL: tuple[tuple[str, str, bool, Callable[[Scene], Told]], ...] = (
    ("400,000 points in one metric, on a server with MongoDB's limit", "COMPLETED", FOLDER, many_points),
    ("`-i 7`, then a run without `-i`", "COMPLETED", SERVER, number_then_automatic),
    ("the newest run is deleted in Omniboard, then another starts", "COMPLETED", SERVER, deleted_then_again),
    ("somebody reads a run's files while it logs 40,000 points", "COMPLETED", FOLDER, read_while_running),
    ("SIGKILL at random moments while it logs as fast", "dead", FOLDER, killed_at_random),
)


def main() -> None:
    """Measures and writes; words to stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--only", default="", help="rows whose name contains this; nothing is written then")
    parser.add_argument("--sides", nargs="+", default=SIDES, choices=SIDES)
    given = parser.parse_args()
    _heed_signals()
    place = Path(tempfile.mkdtemp(prefix="losses-"))
    lines = []
    for line in _lines(place, given.repetitions, given.only, given.sides):
        sys.stderr.write(f"{line}\n")
        lines.append(line)
    shutil.rmtree(place, ignore_errors=True)
    if not given.only:
        DOCUMENT.write_text(document(lines, given.repetitions), encoding="utf-8")


def _heed_signals() -> None:
    """A shell that starts us in the background makes us, and so the runs, deaf to these two."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _lines(place: Path, repetitions: int, only: str, sides: tuple[str, ...]) -> Iterator[Line]:
    overhead: dict[tuple[str, bool], float] = {}
    for number, row in enumerate(ROWS):
        for side in sides:
            if only and only not in row.name and row.disturb is not None:
                continue
            outcomes = _repeated(row, side, place / f"{number}-{side}", max(repetitions, row.at_least))
            if row.name == "nothing happens":
                overhead[side, row.on_server] = sorted(found.seconds for found in outcomes)[
                    len(outcomes) // 2
                ]
            yield Line.of(row, side, outcomes, overhead.get((side, row.on_server), 0.0))
    for name, true, on_server, happen in SPECIAL:
        for side in sides:
            if not only or only in name:
                yield _special(name, true, side, on_server, happen, place / f"{happen.__name__}-{side}")


def _repeated(row: Row, side: str, folder: Path, repetitions: int) -> list[Outcome]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda number: measure(row, side, folder / str(number)), range(repetitions)))


def _special(
    name: str, true: str, side: str, on_server: bool, happen: Callable[[Scene], Told], folder: Path
) -> Line:
    scene = Scene(folder, side, on_server)
    try:
        told = happen(scene)
    finally:
        scene.close()
    stored = on_server or happen is many_points  # which brings a server of its own
    return Line(name, true, side, stored, told.points, told.lines, told.status, "", told.note)


if __name__ == "__main__":
    main()
