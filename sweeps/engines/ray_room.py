"""How many runs the nodes of a Ray cluster take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import floor
from typing import Any

from sweeps.engines.base import Needs
from tracker.errors import LaunchError

Resources = Mapping[str, Any]  # of one node, as Ray names them: CPU, GPU, memory
ROUNDING = 1e-6  # a third of a card fits three times


def chosen_needs(needs: Needs, per_gpu: int | None, nodes: Sequence[Resources]) -> Needs:
    """The needs with a share of a card: as asked for, else a whole one in a cluster that has cards."""
    if needs.gpus:
        return needs
    cards = any(node.get("GPU", 0) for node in nodes)
    return replace(needs, gpus=1 / per_gpu if per_gpu else float(cards))


def places(needs: Needs, nodes: Sequence[Resources]) -> int:
    """How many runs fit, if nobody else uses the cluster."""
    return sum(_places(needs, node) for node in nodes)


def check_needs(needs: Needs, nodes: Sequence[Resources], cluster: str) -> None:
    """Raise LaunchError where no node can ever take such a run."""
    if needs.gpus > 1 and needs.gpus != floor(needs.gpus):
        raise LaunchError(
            f"--gpus {needs.gpus:g}: a run takes a share of one card or several whole ones; say 0.5, 1 or 2"
        )
    if needs.gpus and not any(node.get("GPU", 0) for node in nodes):
        raise LaunchError(
            f"--gpus {needs.gpus:g}: there is no graphics card in {cluster}; "
            "add a node that has one, or leave it out"
        )
    if not places(needs, nodes):
        raise LaunchError(
            f"{cluster}: no node has room for a run with {_words(needs)}; "
            f"the largest of {len(nodes)} has {_largest(nodes)}; ask for less"
        )


def _places(needs: Needs, node: Resources) -> int:
    cards: float = node.get("GPU", 0)
    fits: list[int] = [floor(node.get("CPU", 0) / max(1, needs.cores))]
    if 0 < needs.gpus < 1:
        fits.append(floor(cards) * floor(1 / needs.gpus + ROUNDING))  # a share lies on one card
    elif needs.gpus:
        fits.append(floor(cards / needs.gpus))
    if needs.memory:
        fits.append(floor(node.get("memory", 0) / needs.memory))
    return min(fits)


def _words(needs: Needs) -> str:
    words = ["1 core" if needs.cores == 1 else f"{needs.cores} cores"]
    words += [f"{needs.gpus:g} of a graphics card"] if needs.gpus else []
    words += [f"{needs.memory / 2**30:.1f} GiB of memory"] if needs.memory else []
    return " and ".join(words)


def _largest(nodes: Sequence[Resources]) -> str:
    most = {name: max((node.get(name, 0) for node in nodes), default=0) for name in ("CPU", "GPU", "memory")}
    return f"{most['CPU']:g} cores, {most['GPU']:g} graphics cards, {most['memory'] / 2**30:.1f} GiB"
