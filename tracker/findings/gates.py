"""Questions that wait for another, or need no answer any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.findings.states import CLOSED, ENDED
from tracker.tree import Node

if TYPE_CHECKING:
    from tracker.findings.finding import Finding


def gate_of(node: Node, parent: Finding | None) -> str:
    """blocked or moot where the node has to wait or needs no answer, for its own sake or its parent's."""
    if node.question.parked:
        return "parked"
    if parent and parent.state in CLOSED:
        return parent.state
    wanted = node.question.when.get("parent.verdict")
    if parent is None or wanted is None or parent.verdict == wanted:
        return ""
    waiting = parent.verdict in ("", "unreplicated") or parent.state not in ENDED
    return "blocked" if waiting else "moot"


def gate_sentence(node: Node, gate: str) -> str:
    """Why the node has to wait, or needs no answer."""
    above = node.question.node.rpartition("/")[0]
    if gate == "parked":
        return "parked" if node.question.parked else f"parked as {above} is"
    wanted = node.question.when.get("parent.verdict")
    if gate == "blocked":
        return f"blocked until {above} is {wanted}" if wanted else f"blocked as {above} is"
    return f"moot, because {above} is not {wanted}" if wanted else f"moot as {above} is"
