"""A part of a question file: questions that are named, each with all beneath it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tracker.errors import TrackerError
from tracker.questions.fields import did_you_mean
from tracker.questions.question import Questions


def named(said: Iterable[str], questions: Questions) -> tuple[str, ...]:
    """The nodes that are meant, in the order of the file; raises TrackerError for one that is not there."""
    known = [question.node for question in questions.walk()]
    meant = {node(one, known) for one in said}
    return tuple(one for one in known if one in meant)


def node(said: str, known: Sequence[str]) -> str:
    """The node that is meant: by its whole path, or by the end of the path where only one node ends so."""
    said = said.rstrip("/")
    ends = [node for node in known if node.endswith(f"/{said}")]
    if said in known or len(ends) == 1:
        return said if said in known else ends[0]
    if ends:
        raise TrackerError(f"'{said}' may be {' or '.join(ends)}; say which")
    close = {node.rpartition("/")[2]: node for node in known}
    hint = did_you_mean(said, [*known, *close])
    raise TrackerError(
        f"there is no question '{said}'{hint if 'mean' in hint else did_you_mean(said, known)}"
    )


def holds(part: Iterable[str], node: str) -> bool:
    """Whether the node is one of the part or beneath one; a part that names none is the whole file."""
    part = tuple(part)
    return not part or any(node == one or node.startswith(f"{one}/") for one in part)


def overlap(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether two parts of a file have a node in common."""
    one, other = tuple(one), tuple(other)
    return (
        not (one and other)
        or any(holds(one, node) for node in other)
        or any(holds(other, node) for node in one)
    )
