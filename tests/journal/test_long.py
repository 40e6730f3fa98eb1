"""Very many points in one metric: written in batches, read whole, laid out without holding them."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tracker.journal.layout import METRICS, POINTS
from tracker.journal.reader import new_points, read_points, read_values
from tracker.journal.sacred_files import write_sacred_files
from tracker.journal.writer import RunJournal

COUNT, BATCH = 200_000, 1000
START = 1_763_690_000_000_000


@pytest.mark.unwatched
def test_two_hundred_thousand_points_are_written_read_and_laid_out(begin: Callable[..., RunJournal]) -> None:
    journal = begin()
    for first in range(0, COUNT, BATCH):
        steps = range(first, first + BATCH)
        times = [START + 700 * step for step in steps]
        journal.add_points("loss", steps, [1 / (step + 1) for step in steps], times)
        journal.flush()
    journal.end("COMPLETED", datetime.now(UTC))
    points = read_points(journal.folder, "loss")
    assert points.steps == list(range(COUNT))
    assert points.values == [1 / (step + 1) for step in range(COUNT)]
    assert points.times[-1] == START + 700 * (COUNT - 1)
    assert read_values(journal.folder, "loss") == (points.values, COUNT - 1)
    (metric,) = json.loads((journal.folder / METRICS).read_text()).values()
    assert (metric["steps"], metric["values"]) == (points.steps, points.values)
    assert len(metric["timestamps"]) == COUNT


@pytest.mark.unwatched
def test_laying_points_out_and_copying_them_holds_a_small_part_of_them(
    begin: Callable[..., RunJournal],
) -> None:
    journal = begin()
    for first in range(0, COUNT // 2, BATCH):
        steps = range(first, first + BATCH)
        journal.add_points("loss", steps, [0.1] * BATCH, [START] * BATCH)
    journal.flush()
    size = (journal.folder / POINTS).stat().st_size
    tracemalloc.start()
    try:
        write_sacred_files(journal.folder)
        end = 0
        while (found := new_points(journal.folder, end, limit_bytes=size // 50))[0]:
            end = found[1]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert end == size
    assert peak < 1_000_000 < size
