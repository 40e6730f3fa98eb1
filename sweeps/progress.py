"""What a sweep shows while it runs: a bar on a terminal, a line per event elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from sweeps.driver import ASKED_TO_END
from sweeps.engines.base import Event
from sweeps.plan import Job
from tracker.configs import same

FAILED = "[red]FAILED[/] "
STOPPED = "[yellow]stopped[/]"
DONE = "[green]done[/]   "
# how a run ends that was asked to: the shell's codes for SIGINT, SIGTERM, SIGHUP, or the signals themselves
STOPS = tuple(code for number in ASKED_TO_END for code in (128 + number, -number))


class SweepProgress:
    """Counts the ended jobs and names each as it ends; used as a context."""

    def __init__(self, console: Console, jobs: Sequence[Job], workers: int) -> None:
        self._console = console
        self._total = len(jobs)
        self._ended = 0
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("left"), TimeRemainingColumn(), console=console, disable=not console.is_terminal,
            transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task("runs", total=self._total)
        self._common = common(jobs)
        self._print(f"{workers} at a time; the same in all: {_listed(self._common)}")

    def __enter__(self) -> SweepProgress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def report(self, event: Event) -> None:
        """Show one piece of news."""
        if not event.ended:
            return
        self._ended += 1
        self._bar.advance(self._task)
        word = _word(event)
        place = f"{self._ended:>{len(str(self._total))}}/{self._total}"
        self._print(f"{place} {word} {event.seconds:5.1f} s  {escape(what(event.job, self._common))}")
        if word == FAILED:
            self._print(f"      {escape(last_line(event.log))}")
            self._print(f"      its log: {escape(str(event.log))}")

    def warn(self, running: int) -> None:
        """Say that the runs were asked to end."""
        self._print(f"ending {running} running; Ctrl-C again kills what runs")

    def _print(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, highlight=False)


def _word(event: Event) -> str:
    return DONE if event.exit_code == 0 else STOPPED if event.exit_code in STOPS else FAILED


def common(jobs: Sequence[Job]) -> dict[str, Any]:
    """The settings that every job has with the same value."""
    first, *others = [job.settings for job in jobs]
    return {
        name: value
        for name, value in first.items()
        if all(name in settings and same(settings[name], value) for settings in others)
    }


def what(job: Job, shared: Mapping[str, Any]) -> str:
    """The job in the settings that set it apart, with the question it is for."""
    own = {name: value for name, value in job.settings.items() if name not in shared}
    words = [f"{name}={value}" for name, value in {**own, "seed": job.seed}.items()]
    return f"{' '.join(words)}  for {', '.join(job.nodes)}"


def last_line(log: Path) -> str:
    """The last line that a run printed, which is where its error stands."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "it printed nothing")


def _listed(settings: Mapping[str, Any]) -> str:
    return escape(" ".join(f"{name}={value}" for name, value in settings.items())) or "nothing"
