"""The table of what can happen to a run."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.losses_scene import Scene

QUICK_BEAT = ("--beat-interval=0.2",)  # so that a run of two seconds beats as often as one of two minutes
FD = ("--capture=fd",)

Disturb = Callable[[Scene], object]


@dataclass(frozen=True)
class Row:
    """One thing that happens, and what a truthful record says afterwards."""

    name: str
    true: str  # how the run really went
    on_server: bool
    act: str = ""
    options: Sequence[str] = QUICK_BEAT
    settings: Mapping[str, object] = field(default_factory=dict)
    disturb: Disturb | None = None
    before: Disturb | None = None  # the run is started
    at_least: int = 0  # repetitions, where it is a matter of luck


def outage(at: int, seconds: float) -> Disturb:
    """The server's machine refuses connections and drops those that are."""

    def disturb(scene: Scene) -> None:
        scene.wait_for(at)
        scene.proxy.refuse()
        time.sleep(seconds)
        scene.proxy.accept()

    return disturb


def server_killed(at: int, seconds: float) -> Disturb:
    """kill -9 of the server, which is started again."""

    def disturb(scene: Scene) -> None:
        scene.wait_for(at)
        scene.kill_server()
        time.sleep(seconds)
        scene.start_server()

    return disturb


def server_gone(at: int) -> Disturb:
    """kill -9 of the server until the run has ended; then it is started, to be read."""

    def disturb(scene: Scene) -> None:
        scene.wait_for(at)
        scene.kill_server()

    return disturb


def replies_lost(at: int, replies: int) -> Disturb:
    """Requests arrive, their replies do not, and the connection ends."""

    def disturb(scene: Scene) -> None:
        for number in range(replies):
            scene.wait_for(at + 3 * number)
            _cut_once(scene)

    return disturb


def _cut_once(scene: Scene, seconds: float = 5.0) -> None:
    """The next reply is lost, with its connection."""
    before, deadline = scene.proxy.cuts, time.monotonic() + seconds
    scene.proxy.cut_every = 1
    while scene.proxy.cuts == before and time.monotonic() < deadline:
        time.sleep(0.002)
    scene.proxy.cut_every = 0


def sent(number: int, at: int = 12) -> Disturb:
    """A signal."""

    def disturb(scene: Scene) -> None:
        scene.wait_for(at)
        os.kill(scene.process.pid, number)

    return disturb


def no_server(scene: Scene) -> None:
    """The server is not there when the run starts."""
    scene.kill_server()


FOLDER, SERVER = False, True
CHATTY = {"points": 17_000, "pause": 0, "line": 1024}

ROWS = (
    Row("nothing happens", "COMPLETED", FOLDER),
    Row("nothing happens", "COMPLETED", SERVER),
    Row("the server is away for 0.4 s of a 2 s run", "COMPLETED", SERVER, disturb=outage(6, 0.4)),
    Row("the server is killed and back after 3 s of an 8 s run", "COMPLETED", SERVER,
        settings={"points": 80}, disturb=server_killed(20, 3.0)),
    Row("three replies of the server are lost", "COMPLETED", SERVER, disturb=replies_lost(5, 3)),
    Row("the server is gone from the middle on", "COMPLETED", SERVER, disturb=server_gone(10)),
    Row("the server is away at the start", "COMPLETED", SERVER, before=no_server),
    Row("a tensor in log_scalar", "COMPLETED", SERVER, "tensor"),
    Row("an artifact that is missing", "COMPLETED", SERVER, "missing artifact"),
    Row("an artifact that is missing", "COMPLETED", FOLDER, "missing artifact"),
    Row("an artifact named run.json", "COMPLETED", FOLDER, "artifact run.json"),
    Row("`info` changes while it is written", "COMPLETED", SERVER, "growing info", settings={"pause": 0}),
    Row("a byte that is no UTF-8, `--capture=fd`", "COMPLETED", FOLDER, "strange byte", (*QUICK_BEAT, *FD)),
    Row("success, `--capture=fd`, stdout is no terminal", "COMPLETED", FOLDER, "", FD,
        {"points": 5, "pause": 0}, at_least=12),
    Row("the same with 20,000 lines at once", "COMPLETED", FOLDER, "", FD, {"points": 20_000, "pause": 0},
        at_least=12),
    Row("main raises", "FAILED", FOLDER, "raise", ()),
    Row("Ctrl-C", "INTERRUPTED", FOLDER, "", (), disturb=sent(signal.SIGINT)),
    Row("SIGTERM", "INTERRUPTED", FOLDER, "", (), disturb=sent(signal.SIGTERM)),
    Row("SIGHUP", "INTERRUPTED", FOLDER, "", (), disturb=sent(signal.SIGHUP)),
    Row("SIGKILL", "dead", FOLDER, "", (), disturb=sent(signal.SIGKILL, 45), settings={"points": 60}),
    Row("SIGKILL", "dead", SERVER, "", (), disturb=sent(signal.SIGKILL, 45), settings={"points": 60}),
    Row("17 MB of output", "COMPLETED", SERVER, "", QUICK_BEAT, CHATTY),
    Row("`--beat-interval=0`", "COMPLETED", SERVER, "", ("--beat-interval=0",)),
)  # fmt: skip
