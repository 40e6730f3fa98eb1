"""What Ray does on a node: it starts the process of one task, watches it and ends it."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sweeps.engines.machine import THREADS
from sweeps.engines.process_tree import descendants
from tracker.errors import LaunchError

POLL = 0.2  # seconds between two looks at the process; a plain wait() would be deaf to ray.cancel
GRACE = 30.0  # seconds for a process that was asked to end; its own grace for the run is shorter
PR_SET_PDEATHSIG = 1  # of prctl(2)
OF_RAY = ("PYTHONBREAKPOINT", "SPT_NOENV")  # what Ray adds for its workers, beside RAY_...

# Ray kills the children of a worker that ends, at once; so the runner is a grandchild, which hears of the
# death of this shell and ends its run in order. The traps keep the shell alive when both are asked to end.
KEEPER = ("sh", "-c", 'trap : INT TERM HUP; "$@"; exit $?', "sh")


@dataclass(frozen=True)
class Order:
    """A task as it travels to a node: by Ray's own channel, not in a command line or a log."""

    command: tuple[str, ...]
    python: str  # of the launcher
    folder: str  # where the command starts
    log: str
    cores: int
    minutes: int
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Started:
    """The process is there."""

    node: str  # as Ray calls it
    pid: int
    where: str  # the machine and its cards, in words


@dataclass(frozen=True)
class Ended:
    """The process is gone."""

    code: int  # as the system says it, negative for a signal
    seconds: float


def carry_out(order: Order) -> Iterator[Started | Ended]:
    """Start the process, say where, and after its end say how it ended. Raises LaunchError."""
    import ray

    began = time.monotonic()
    process = _start(order)
    try:
        yield Started(ray.get_runtime_context().get_node_id(), process.pid, _where())
        _wait(process, order.minutes)
    except KeyboardInterrupt:  # ray.cancel, where the task left the queue in the same moment
        _end(process)
    yield Ended(process.returncode, time.monotonic() - began)


def signal_group(pid: int, number: int) -> None:
    """Send a signal to the processes of a task; SIGKILL also to all that they have started."""
    below = descendants(pid) if number == signal.SIGKILL else ()
    for send, target in ((os.killpg, pid), *((os.kill, each) for each in below)):
        try:
            send(target, number)
        except ProcessLookupError:
            continue  # it ended by itself in the meantime


def _start(order: Order) -> subprocess.Popen[bytes]:
    if not Path(order.folder).is_dir():
        raise LaunchError(
            f"{order.folder} is not there on {socket.gethostname()}; "
            "start the sweep in a folder that all nodes share"
        )
    log = Path(order.log)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            return subprocess.Popen(
                [*KEEPER, *_command(order)],
                cwd=order.folder,
                env=_environment(order),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # it is signalled by us alone, with all of its processes
                preexec_fn=_killed_with_the_worker(),
            )
    except OSError as error:
        raise LaunchError(f"{log} on {socket.gethostname()}: the run cannot start ({error})") from error


def _killed_with_the_worker() -> Callable[[], object] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _command(order: Order) -> list[str]:
    """The command with this node's Python, where that of the launcher is not here."""
    python = order.python if Path(order.python).exists() else sys.executable
    return [python if word == order.python else word for word in order.command]


def _environment(order: Order) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("RAY_") and name not in OF_RAY
    }
    threads = dict.fromkeys(THREADS, str(order.cores))
    return {**inherited, **threads, "PYTHONUNBUFFERED": "1", **order.environment}


def _where() -> str:
    import ray

    cards = ray.get_runtime_context().get_accelerator_ids().get("GPU", [])
    words = ["", f" card {', '.join(cards)}"][bool(cards)]
    return f"{socket.gethostname()}{words}"


def _wait(process: subprocess.Popen[bytes], minutes: int) -> None:
    deadline = time.monotonic() + minutes * 60
    while process.poll() is None:
        if minutes and time.monotonic() > deadline:
            _end(process)
        time.sleep(POLL)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, and kill what has not ended after a grace."""
    signal_group(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(POLL)
    if process.poll() is None:
        signal_group(process.pid, signal.SIGKILL)
        process.wait()
