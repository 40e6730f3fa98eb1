"""A long metric as few points that still show it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.journal.points import Batch
from tracker.mirror.thinning import KEPT, Thinning
from tracker.mirror.track import CHUNK, Track

finite = st.floats(allow_nan=False, allow_infinity=False)


def thinned(values: list[float], pieces: list[int]) -> Thinning:
    thinning, begin = Thinning(), 0
    for piece in [*pieces, len(values)]:
        part = range(begin, min(begin + piece, len(values)))
        thinning.add(Batch("loss", list(part), [values[i] for i in part], [i * 10 for i in part]))
        begin = part.stop
    return thinning


@pytest.mark.unwatched
@given(
    st.lists(finite, min_size=1, max_size=40), st.integers(1, 700), st.lists(st.integers(1, 3000), max_size=9)
)
def test_ends_and_extremes_are_kept_however_the_points_came(
    some: list[float], times: int, pieces: list[int]
) -> None:
    values = some * times
    steps, kept, moments = thinned(values, pieces).kept()
    assert steps == sorted(set(steps))
    assert kept == [values[int(step)] for step in steps]
    assert moments == [step * 10 for step in steps]
    assert len(steps) <= KEPT
    assert (steps[0], steps[-1]) == (0, len(values) - 1)
    assert (min(kept), max(kept)) == (min(values), max(values))
    assert thinned(values, []).kept() == (steps, kept, moments)


def test_a_short_metric_is_one_document_and_a_long_one_also_chunks() -> None:
    track = Track("cafe", "loss")
    points = list(range(CHUNK))
    assert list(track.add(Batch("loss", points, points, points))) == []
    document, chunk = track.documents(7)
    assert chunk is None
    assert (document["run_id"], document["count"], "thinned" in document) == (7, CHUNK, False)
    (full,) = track.add(Batch("loss", [CHUNK], [0.5], [CHUNK]))
    assert (full["_id"], full["count"]) == ("cafe/loss/0", CHUNK)
    document, chunk = track.documents(7)
    assert chunk is not None
    assert (chunk["_id"], chunk["values"]) == ("cafe/loss/1", [0.5])
    assert (document["count"], document["thinned"]) == (CHUNK + 1, True)
    assert len(document["values"]) <= KEPT
