"""What a sweep shows while it runs: a bar on a terminal, a line per event elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

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

from sweeps.engines.base import Event
from sweeps.plan import Job


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
        console.print(f"{self._total} runs to do, {workers} at a time")

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
        word = "[green]done[/]" if event.exit_code == 0 else "[red]FAILED[/]"
        place = f"{self._ended:>{len(str(self._total))}}/{self._total}"
        self._console.print(
            f"[dim]{place}[/] {word} {event.seconds:5.1f} s  {escape(what(event.job))}",
            soft_wrap=True,
            highlight=False,
        )
        if event.exit_code != 0:
            self._console.print(f"      {escape(last_line(event.log))}", soft_wrap=True, highlight=False)
            self._console.print(f"      its log: {escape(str(event.log))}", soft_wrap=True, highlight=False)


def what(job: Job) -> str:
    """The job in the words of its command: the program's name is left out, the settings stay."""
    return " ".join(job.command[job.command.index("-m") + 1 :] if "-m" in job.command else job.command)


def last_line(log: Path) -> str:
    """The last line that a run printed, which is where its error stands."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "it printed nothing")
