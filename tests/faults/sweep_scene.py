"""A sweep of naps on this machine, whose processes are found by the folder that they work in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from sweeps.running.processes import MARK
from tests.sweeps.conftest import QUESTIONS, TOY
from tests.sweeps.scene import is_alive, wait_for
from tracker import Run, open_store

# the kernel gives the lock back when the process dies, so that two at once cannot hide
ALONE = """
    import fcntl
    lock = open(f"{x}-{seed}.lock", "a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pathlib.Path("doubled").open("a").write(f"x={x} seed={seed}\\n")
    print("toy started"
"""
SWEEPS = [sys.executable, "-c", "from sweeps.cli import main; main()"]
KILLS: Counter[tuple[str, str]] = Counter()  # what was alive until a kill of this test run, and the moment
WAITS = 0.8  # how often a kill waits until a run was started; else it may hit a launcher that plans
MOST = 60  # times that a sweep is started again until it says that nothing is missing

Cell = tuple[int, int | None]


class SweepScene:
    """A folder with a toy, its questions and its runs; `told` says what has been done to them."""

    def __init__(self, place: Path, address: str = "", seeds: int = 2, nap: float = 0.3) -> None:
        place.mkdir(exist_ok=True)
        self.place, self.address = place, address or str(place / "runs")
        self.cells: set[Cell] = set()
        self.told: list[str] = []
        self._begun = time.monotonic()
        self._launchers: list[subprocess.Popen[bytes]] = []
        (place / "toy.py").write_text(TOY.replace('\n    print("toy started"', ALONE.rstrip(), 1))
        self._nap = nap
        self._ask(seeds)

    # ----- what goes on

    def grow(self) -> None:
        """Ask for one more seed of every value."""
        self._ask(1 + max(seed or 0 for _, seed in self.cells))
        self.note("there is more to do")

    def launch(self, *words: str, before: Sequence[str] = (), **environ: str) -> subprocess.Popen[bytes]:
        """Start `sweeps run` beside what goes already; what it says stands in a file of its own."""
        number = len(self._launchers)
        command = [*before, *SWEEPS, "run", "questions.yaml", "--workers", "2", *words]
        found = {**os.environ, "TRACKER_STORE": self.address, "TMPDIR": str(self.place), **environ}
        with self._output(number).open("wb") as output:
            self._launchers.append(
                subprocess.Popen(
                    command, cwd=self.place, env=found, stdin=subprocess.DEVNULL, stdout=output, stderr=output
                )
            )
        return self._launchers[-1]

    def keep(self, number: int) -> None:
        """Let so many launchers go at once."""
        while len(self.launchers()) < number:
            self.launch()

    def await_run(self) -> None:
        """Wait until a launcher starts one, or finds that there is none to start."""
        wait_for(lambda: bool(self.runners()) or not self.launchers())

    def launchers(self) -> list[int]:
        """Those that go."""
        return [process.pid for process in self._launchers if process.poll() is None]

    def runners(self) -> list[int]:
        """The processes that answer for a run, with their undertakers."""
        return [pid for pid in self.processes() if "sweeps.runner" in words_of(pid)]

    def runs(self) -> list[int]:
        """The processes of the runs themselves."""
        return [pid for pid in self.processes() if words_of(pid)[1:3] == ["toy.py", "with"]]

    def processes(self) -> list[int]:
        """Everything that works in the folder, or that a runner there has started."""
        for process in self._launchers:
            process.poll()  # the dead are buried, or they would still be told
        return [pid for pid in _numbers() if is_alive(pid) and _belongs(pid, self.place)]

    def said(self) -> str:
        """What all launchers have said."""
        return "".join(self._output(number).read_text() for number in range(len(self._launchers)))

    def send(self, number: int, pids: Sequence[int], whom: str) -> None:
        """The signal to all of them."""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            self.note(f"{signal.Signals(number).name} to {whom} {pid}")

    def kill(self, pid: int) -> bool:
        """End a process that does something, and count it; whether it did."""
        victim, moment = self._kind(pid), self.moment()
        if not is_alive(pid):
            return False
        self.send(signal.SIGKILL, [pid], f"{victim}, {moment},")
        KILLS[victim, moment] += 1
        return True

    def moment(self) -> str:
        """What the sweep is at."""
        if self.runs():
            return "runs go"
        return "a run starts" if self.runners() else "nothing has started"

    def note(self, words: str) -> None:
        """What happened now, for the one who wants to do it again."""
        self.told.append(f"{time.monotonic() - self._begun:7.2f} s  {words}")

    # ----- how it ends

    def finish(self, one_clock: bool = True) -> None:
        """Start the sweep again until it says that nothing is missing; then all promises are kept."""
        for _ in range(MOST):
            process = self.launch()
            process.wait(timeout=120)
            self.note(f"a launcher has ended with {process.returncode}")
            if process.returncode == 0:
                break
            time.sleep(0.2)  # what goes on elsewhere goes on
        else:
            raise AssertionError(self.story())
        self.assert_ended()
        self.assert_each_once(one_clock)

    def assert_ended(self) -> None:
        """Every launcher ends, and with it all that it has started."""
        for process in self._launchers:
            process.wait(timeout=120)
        wait_for(lambda: not self.processes(), 30)

    def assert_each_once(self, one_clock: bool) -> None:
        """Every cell has one completed run, and never had two at the same time."""
        for address in {self.address, str(self.place / "runs")}:
            found = list(open_store(address).runs())
            assert not [run for run in found if run.fault], self.story()
            assert completed(found) == Counter(dict.fromkeys(self.cells, 1)), self.story()
            assert not (one_clock and overlapping(found)), self.story()
        assert not (self.place / "doubled").exists(), self.story()

    def story(self) -> str:
        """All that happened, with what the launchers said."""
        return "\n".join((*self.told, self.said()))

    def close(self) -> None:
        """Kill what a test that failed has left."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self._launchers:
            process.wait()

    def _kind(self, pid: int) -> str:
        if pid in self.launchers():
            return "launcher"
        return "run" if pid in self.runs() else "runner"

    def _ask(self, seeds: int) -> None:
        self.cells = {(x, seed) for x in (1, 2, 3) for seed in range(1, seeds + 1)}
        text = QUESTIONS.replace("[1, 2], setup", f"{list(range(1, seeds + 1))}, setup")
        written = self.place / "questions.new"
        written.write_text(text.replace("act: succeed", f"act: succeed, nap: {self._nap}"))
        written.replace(self.place / "questions.yaml")

    def _output(self, number: int) -> Path:
        return self.place / f"launcher-{number}.txt"


def words_of(pid: int) -> list[str]:
    """The command of a process; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


def cell(run: Run) -> Cell:
    """What the run is one of."""
    return run.config["x"], run.seed


def completed(runs: Sequence[Run]) -> Counter[Cell]:
    """How many completed runs each cell has."""
    return Counter(cell(run) for run in runs if run.status == "COMPLETED")


def overlapping(runs: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Runs of one cell that were alive at the same time, as their records tell."""
    begun = [(run.started, run) for run in runs if run.started is not None]
    ordered = sorted(begun, key=lambda pair: (cell(pair[1]), pair[0]))
    return [
        (first, second)
        for (_, first), (started, second) in pairwise(ordered)
        if cell(first) == cell(second) and (first.stopped or first.heartbeat or started) > started
    ]


def _numbers() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def _belongs(pid: int, place: Path) -> bool:
    try:
        if Path(f"/proc/{pid}/cwd").readlink() == place:
            return True
        environ = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return f"{MARK}=".encode() in environ and bytes(place) in environ
