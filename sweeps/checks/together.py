"""Many commands of Python answered by one process, which imports what they need only once.

python -m sweeps.checks.together AT_ONCE < ORDERS

ORDERS is a JSON list of command lines without the interpreter, such as ["-m", "mine", "print_config"];
printed are their exit codes as another.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

AS_MAIN, AS_GUEST = "__main__", "__asked__"
MODULE = "-m"


def main() -> None:
    """Answer the orders that stand on stdin."""
    orders, at_once = json.load(sys.stdin), int(sys.argv[1])
    with os.fdopen(os.dup(1), "w") as answer:
        _say_nothing()
        for order in {tuple(_program(order)): order for order in orders}.values():
            _get_to_know(order)
        json.dump(_codes(orders, at_once), answer)


def _say_nothing() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _program(order: Sequence[str]) -> Sequence[str]:
    return order[: 2 if order[0] == MODULE else 1]


def _get_to_know(order: Sequence[str]) -> None:
    """Import what the program imports; what is wrong with it is for its own process to say."""
    try:
        _run(order, AS_GUEST)
    except (Exception, SystemExit):  # noqa: BLE001  # it is somebody else's program
        return


def _codes(orders: Sequence[Sequence[str]], at_once: int) -> list[int]:
    """The exit code of each order, carried out in a process of its own, so many at a time."""
    codes: list[int] = [1] * len(orders)
    places: dict[int, int] = {}
    waiting = list(enumerate(orders))[::-1]
    while waiting or places:
        while waiting and len(places) < at_once:
            place, order = waiting.pop()
            places[_begun(order)] = place
        pid, status = os.wait()
        if pid in places:
            codes[places.pop(pid)] = os.waitstatus_to_exitcode(status)
    return codes


def _begun(order: Sequence[str]) -> int:
    """A process that carries out the order, and ends without what this one would do at its end."""
    pid = os.fork()
    if pid:
        return pid
    code: Any = 1
    try:
        _run(order, AS_MAIN)
        code = 0
    except SystemExit as ended:
        code = ended.code
    finally:
        os._exit(code if isinstance(code, int) else int(code is not None))


def _run(order: Sequence[str], name: str) -> None:
    program, words = order[len(_program(order)) - 1], order[len(_program(order)) :]
    sys.argv = [program, *words]
    if order[0] == MODULE:
        runpy.run_module(program, run_name=name, alter_sys=True)
    else:
        sys.path[0] = str(Path(program).absolute().parent)
        runpy.run_path(program, run_name=name)


if __name__ == "__main__":
    main()
