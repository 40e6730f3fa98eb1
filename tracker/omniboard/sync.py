"""Bring Omniboard into the state that a layout and the questions ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tracker.omniboard.answers import Answer
from tracker.omniboard.database import Board
from tracker.omniboard.documents import plan
from tracker.omniboard.layout import Layout
from tracker.omniboard.tags import Retag, retag, writable
from tracker.stores.record import run_id


@dataclass(frozen=True, slots=True)
class Drift:
    """How a database differs from what is asked for, in lines, and what was left alone."""

    changes: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def sync_layout(board: Board, layout: Layout, *, check: bool = False) -> Drift:
    """Write the columns and settings of a layout, or only say what would change."""
    planned = plan(layout, board.documents())
    if not check:
        board.write(planned.changes)
    return Drift(tuple(change.told for change in planned.changes), planned.kept)


def sync_answers(board: Board, answers: Mapping[int | str, Answer], *, check: bool = False) -> Drift:
    """Write the tags and facts of every run, or only say what would change."""
    documents = board.runs()
    sound = [one for one in documents if writable(one)]
    found = (retag(one, answers.get(run_id(one), Answer())) for one in sound)
    changes = [change for change in found if change]
    if not check:
        board.retag(changes)
    broken = [str(one["_id"]) for one in documents if not writable(one)]
    kept = (f"run {', '.join(broken)}: info or omniboard is no mapping; see `tracker doctor`",)
    return Drift(tuple(_told(change) for change in changes), kept if broken else ())


def merged(parts: Iterable[Mapping[int | str, Answer]]) -> dict[int | str, Answer]:
    """The answers of several question files as one: tags in order, words beside each other."""
    whole: dict[int | str, Answer] = {}
    for part in parts:
        for id, answer in part.items():
            whole[id] = _both(whole[id], answer) if id in whole else answer
    return whole


def _both(one: Answer, other: Answer) -> Answer:
    tags = tuple(dict.fromkeys((*one.tags, *other.tags)))
    facts = {name: _beside(one.facts[name], other.facts[name]) for name in one.facts}
    return replace(one, tags=tags, facts=facts)


def _beside(one: Any, other: Any) -> Any:
    return one if one == other else f"{one}; {other}"


def _told(change: Retag) -> str:
    names = [name.rpartition(".")[2] for name in (*change.set, *change.unset)]
    return f"~ run {change.id}: {', '.join(names)}"
