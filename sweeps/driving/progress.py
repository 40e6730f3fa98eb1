"""What a sweep shows while it goes: a picture on a terminal, a line for each event elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sweeps.driving.account import Account, Running
from sweeps.driving.policy import Ending
from sweeps.engines.base import Event
from sweeps.exit_codes import DONE, KILLED, LEASE_LOST, MOVED_ON, STOPPED
from sweeps.planning.expected import in_words
from sweeps.planning.tickets import Ticket
from sweeps.views.view import View
from sweeps.views.words import moment, short

SHOWN = 12  # runs under way that a terminal shows
WORDS = {
    DONE: "[green]done[/]",
    STOPPED: "[yellow]stopped[/]",
    MOVED_ON: "[cyan]elsewhere[/]",  # another launcher was quicker
    LEASE_LOST: "[yellow]taken over[/]",
    KILLED: "[red]KILLED[/]",
    None: "[yellow]lost[/]",
}
FAILED = "[red]FAILED[/]"
WIDTH = 10  # of the longest of these words


class SweepProgress:
    """Counts and names the runs of a sweep; used as a context."""

    def __init__(self, console: Console, account: Account) -> None:
        self._console = console
        self._account = account
        self._live = (
            Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        )

    def __enter__(self) -> SweepProgress:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def planned(self, view: View) -> None:
        """The questions and the store were looked at."""
        first, self._account.view = self._account.view is None, view
        if first and view.startable():
            shared = " ".join(f"{name}={value}" for name, value in view.plan.shared.items())
            self._print(f"the same in all runs: {escape(shared) or 'nothing'}")

    def started(self, ticket: Ticket, event: Event) -> None:
        """A run waits in the engine's queue, or its process has started."""
        self._account.start(ticket, event)
        if self._live is None:
            self._event("queued" if event.kind == "queued" else "started", ticket, event.where)

    def ended(self, ticket: Ticket, event: Event, ending: Ending, again: bool) -> None:
        """A run's process has ended."""
        self._account.end(ticket, event, ending)
        if self._live is not None and ending.exit_code == DONE:
            return  # the counts say so
        word = WORDS.get(ending.exit_code, FAILED)
        again = again and ending.exit_code != MOVED_ON
        self._event(word, ticket, f"after {event.seconds:.1f} s" + (", starts again" if again else ""))
        if ending.failed:
            self._print(f"         {escape(ending.words)}")
            self._print(f"         its log: {escape(short(ticket.task.log))}")

    def say(self, words: str) -> None:
        """Something else happened."""
        self._print(f"{_clock()} {escape(words)}")

    def tick(self) -> None:
        """Draw the terminal anew."""
        if self._live is not None:
            self._live.update(self._picture(), refresh=True)

    # ----- lines

    def _event(self, word: str, ticket: Ticket, more: str) -> None:
        cell = Text.from_markup(word)
        padding = " " * (WIDTH - len(cell.plain))
        name = f"{ticket.what}  for {', '.join(ticket.job.nodes)}"
        counts = "" if self._live else f"[{self._account.whole()}]"
        words = "  ".join(escape(part) for part in (name, more, counts) if part)
        self._print(f"{_clock()} {word}{padding} {words}")

    def _print(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, highlight=False)

    # ----- the picture

    def _picture(self) -> RenderableType:
        return Group(self._questions(), self._runs(), *self._last_error(), self._summary())

    def _questions(self) -> Table:
        table = Table(box=None, padding=(0, 1), header_style="dim")
        table.add_column("question", no_wrap=True, max_width=40)
        table.add_column("")
        for name in ("done", "running", "failed", "left"):
            table.add_column(name, justify="right")
        for one in self._account.questions():
            bar = ProgressBar(total=max(one.total, 1), completed=one.done, width=20)
            failed = Text(str(one.failed), "red" if one.failed else "dim")
            table.add_row(one.node, bar, f"{one.done}/{one.total}", str(one.running), failed, str(one.left))
        return table

    def _runs(self) -> Table:
        table = Table(box=None, padding=(0, 1), show_header=False)
        table.add_column(no_wrap=True, style="dim")
        table.add_column(no_wrap=True, overflow="ellipsis")
        running = sorted(self._account.running.values(), key=lambda run: (run.queued, run.since))
        for run in running[:SHOWN]:
            table.add_row(self._since(run), f"{run.ticket.what}  {run.where}".rstrip())
        if len(running) > SHOWN:
            table.add_row("", f"and {len(running) - SHOWN} more")
        return table

    def _since(self, run: Running) -> str:
        if run.queued:
            return "waits"
        seconds = self._account.clock() - run.since
        return f"since {datetime.now() - timedelta(seconds=seconds):%H:%M:%S} ({in_words(seconds)})"

    def _last_error(self) -> Iterator[Text]:
        if self._account.failed:
            ticket, ending = list(self._account.failed.values())[-1]
            yield Text(
                f" last error: {ticket.what}: {ending.words}", "red", no_wrap=True, overflow="ellipsis"
            )
            yield Text(f" its log: {short(ticket.task.log)}", no_wrap=True, overflow="fold")

    def _summary(self) -> Text:
        words = [str(self._account.whole())]
        if (pace := self._account.per_hour()) is not None:
            words.append(f"{pace:,.0f} runs an hour" if pace >= 10 else f"{pace:.1f} runs an hour")
        if (left := self._account.seconds_left()) is not None:
            words.append(f"ends about {moment(left)} (in {in_words(left)})")
        return Text(" " + " · ".join(words), "bold", no_wrap=True, overflow="ellipsis")


def _clock() -> str:
    return f"{datetime.now():%H:%M:%S}"
