"""How many runs the nodes of a Ray cluster take; Ray itself is not needed to know."""

from __future__ import annotations

import pytest

from sweeps.engines.base import Needs
from sweeps.engines.ray_room import check_needs, chosen_needs, places
from tracker.errors import LaunchError

BARE = {"CPU": 8.0, "memory": 16.0 * 2**30}
WITH_CARDS = {**BARE, "GPU": 2.0}
HEAD = {"memory": 4.0 * 2**30}  # a node that takes no runs


@pytest.mark.parametrize(
    ("needs", "room"),
    [
        (Needs(), 16),
        (Needs(cores=3), 4),
        (Needs(gpus=1), 2),
        (Needs(gpus=2), 1),
        (Needs(gpus=1 / 3), 6),
        (Needs(gpus=0.4), 4),  # two on each card, although five times 0.4 makes two cards
        (Needs(memory=10 * 2**30), 2),
        (Needs(cores=9), 0),
    ],
)
def test_a_run_fits_by_what_it_is_shortest_of(needs: Needs, room: int) -> None:
    assert places(needs, [HEAD, BARE, WITH_CARDS]) == room


def test_a_run_takes_one_card_where_there_are_cards_and_nothing_is_said() -> None:
    assert chosen_needs(Needs(), None, [BARE, WITH_CARDS]).gpus == 1
    assert chosen_needs(Needs(), None, [BARE]).gpus == 0
    assert chosen_needs(Needs(), 4, [WITH_CARDS]).gpus == 0.25
    assert chosen_needs(Needs(gpus=0.5), 4, [WITH_CARDS]).gpus == 0.5


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        (Needs(gpus=0.5), "--gpus 0.5: there is no graphics card in the cluster"),
        (Needs(gpus=1.5), "--gpus 1.5: a run takes a share of one card or several whole ones"),
        (
            Needs(cores=9),
            "the cluster: no node has room for a run with 9 cores; the largest of 2 has 8 cores",
        ),
        (Needs(memory=2**40), "no node has room for a run with 1 core and 1024.0 GiB of memory"),
    ],
)
def test_what_can_never_run_is_refused_with_what_there_is(needs: Needs, words: str) -> None:
    with pytest.raises(LaunchError, match=words):
        check_needs(needs, [HEAD, BARE], "the cluster")
    check_needs(Needs(), [HEAD, BARE], "the cluster")
