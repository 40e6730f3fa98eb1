"""The tree in a terminal, drawn again as runs come in."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.live import Live
from rich.text import Text

from tracker.errors import TrackerError
from tracker.export.terminal import MARKS, render, shown
from tracker.findings import Finding, walk

Look = Callable[[], tuple[Finding, ...]]

_SHARE = 2.0  # a look that took long is followed by so many times as long a rest
_MARGIN = 2  # lines of the screen that the tree leaves free


def watch(look: Look, console: Console, interval: float, rest: Callable[[float], None] = time.sleep) -> None:
    """Draw the tree until Ctrl-C; where the output is no terminal, print it whenever it has changed."""
    if not console.is_terminal:
        _print_changes(look, console, interval, rest)
        return
    with Live(console=console, screen=True, auto_refresh=False) as live:
        for found, trouble in _looks(look, interval, rest):
            live.update(_screen(found, trouble, console), refresh=True)


def _print_changes(look: Look, console: Console, interval: float, rest: Callable[[float], None]) -> None:
    before = ""
    for found, trouble in _looks(look, interval, rest):
        text = _drawn(found, console) + (f"{trouble}\n" if trouble else "")
        if text != before:
            console.file.write(f"{found[0].now:%Y-%m-%d %H:%M:%S} UTC\n{text}\n")
            console.file.flush()
            before = text


def _looks(
    look: Look, interval: float, rest: Callable[[float], None]
) -> Iterator[tuple[tuple[Finding, ...], str]]:
    """The findings again and again, and what kept them from being new; the first look may raise."""
    found, trouble = look(), ""
    while True:
        yield found, trouble
        began = time.monotonic()
        rest(interval)
        try:
            began = time.monotonic()
            found, trouble = look(), ""
        except TrackerError as error:
            trouble = str(error)
        rest(max(0.0, _SHARE * (time.monotonic() - began) - interval))


def _screen(found: Sequence[Finding], trouble: str, console: Console) -> Text:
    """The whole tree where it fits on the screen, else a line for each question."""
    head = Text(f"{found[0].now:%H:%M:%S} UTC   Ctrl-C ends\n", "dim")
    head.append(f"{shown(trouble)}\n" if trouble else "", "red")
    whole = Text.from_ansi(_drawn(found, console))
    fits = len(whole.plain.splitlines()) <= console.height - _MARGIN - bool(trouble)
    return head.append_text(whole if fits else _outline(found))


def _drawn(found: Sequence[Finding], console: Console) -> str:
    into = Console(
        file=io.StringIO(),
        width=console.width,
        force_terminal=console.is_terminal,
        color_system="auto" if console.color_system is None else console.color_system,  # type: ignore[arg-type]
        no_color=console.no_color,
    )
    render(found, into)
    assert isinstance(into.file, io.StringIO)
    return into.file.getvalue()


def _outline(found: Sequence[Finding]) -> Text:
    """A line for each node: its state, its name, how far it is."""
    text = Text(no_wrap=True, overflow="ellipsis")
    for one in (below for root in found for below in walk(root)):
        question = one.node.question
        mark, style = MARKS.get(one.state, ("•", ""))
        answered = sum(cell.answer is not None for cell in one.node.asked)
        runs = f"  {answered} of {len(one.node.asked)} runs" if one.node.cells else ""
        words = ", ".join(filter(None, (one.state, one.verdict)))
        text.append(f"{'  ' * (question.level - 1)}{mark} ", style)
        text.append(f"{shown(question.name)}  {words}{runs}\n", style if one.node.cells else "bold")
    return text
