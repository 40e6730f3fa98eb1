"""The launchers and runs of a question file, as their leases tell of them."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeps.exit_codes import WORDS
from sweeps.planning.plan import Plan, lease_key
from tracker import Run
from tracker.leases.base import Lease
from tracker.questions.part import overlap


@dataclass(frozen=True)
class Roster:
    """Of one question file: by whoever started them, on whatever machine."""

    launchers: tuple[Lease, ...]
    runs: tuple[Lease, ...]


def roster(plan: Plan, leases: Iterable[Lease]) -> Roster:
    """Launchers of this file, and the runs that its questions ask for; the last to be taken comes last."""
    ordered = sorted(leases, key=lambda lease: lease.taken)
    launchers = [one for one in ordered if one.details.get("kind") == "launcher" and belongs(one, plan)]
    cells = {cell.key for cell in plan.grid}
    runs = [one for one in ordered if one.details.get("kind") == "run" and one.key in cells]
    return Roster(tuple(launchers), tuple(runs))


def belongs(lease: Lease, plan: Plan) -> bool:
    """Whether it was taken for these questions, also where others of the file are among its own."""
    return _of_file(lease, plan) and overlap(part_of(lease), plan.only)


def part_of(launcher: Lease) -> tuple[str, ...]:
    """The nodes of the question file that a launcher works on; none where it is the whole."""
    return tuple(map(str, launcher.details.get("only", ())))


def _of_file(lease: Lease, plan: Plan) -> bool:
    """Whether it was taken for this question file; another machine may have the file in another folder."""
    file = Path(str(lease.details.get("file", "")))
    if lease.holder.host == socket.gethostname():
        return file == plan.questions.resolve()
    nodes = set(lease.details.get("questions", ()))
    return file.name == plan.questions.name and not nodes.isdisjoint(cell.node for cell in plan.grid)


def fitting(words: Sequence[str], leases: Iterable[Lease], runs: Mapping[str, Run]) -> list[Lease]:
    """The leases of the run with this id or key, or of all whose settings have every word.

    `runs` are recorded runs by the text of their ids.
    """
    if len(words) == 1 and (run := runs.get(words[0])):
        return [lease for lease in leases if lease.key == lease_key(run)]
    return [lease for lease in leases if all(_fits(word, lease) for word in words)]


def name(lease: Lease) -> str:
    """What the lease is for, in words."""
    return str(lease.details.get("what") or lease.key)


def became(lease: Lease) -> str:
    """One word for what became of the work; empty while it is under way."""
    return WORDS.get(lease.outcome.exit_code, "failed") if lease.outcome else ""


def _fits(word: str, lease: Lease) -> bool:
    settings = name(lease).split()
    asked = [str(node) for node in lease.details.get("questions", ())]
    return word in settings or word in asked or (len(word) >= 4 and lease.key.startswith(word))
