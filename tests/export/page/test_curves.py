"""Learning curves: what is drawn of which runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.export.page.curve_plot import curve_plot, legend
from tracker.export.page.curves import Curve, Curves, learning_curves
from tracker.export.page.recordings import KEPT, Recordings
from tracker.run import Series

Laboratory = Callable[..., Any]


def test_a_curve_is_the_median_of_its_runs_with_their_range(ask: Any, laboratory: Laboratory) -> None:
    made = laboratory(ask("q"), {"batchnorm": (90.0, 91.0, 95.0), "weight_norm": (80.0, "RUNNING")})
    for id, run in made.store.points.items():
        steps = (10.0, 20.0, 30.0)[: 2 if id == 5 else 3]
        run["validation.accuracy"] = Series("validation.accuracy", steps, tuple(id + step for step in steps))

    found = learning_curves(made.findings[0], Recordings(made.store))

    assert found is not None
    assert found.metric == "validation.accuracy"
    first, second = found.curves
    assert (first.value, first.runs, first.steps) == ("batchnorm", 3, (10.0, 20.0, 30.0))
    assert (first.low, first.median, first.high) == ((11, 21, 31), (12, 22, 32), (13, 23, 33))
    assert (second.runs, second.low, second.high) == (2, (14, 24, 34), (15, 25, 34))


def test_a_run_that_was_measured_at_other_steps_counts_on_the_line_between(
    ask: Any, laboratory: Laboratory
) -> None:
    made = laboratory(ask("q"), {"batchnorm": (90.0, 91.0)})
    for id, steps in ((1, (10.0, 20.0, 30.0)), (2, (10.0, 30.0))):
        made.store.points[id]["validation.accuracy"] = Series("validation.accuracy", steps, steps)

    found = learning_curves(made.findings[0], Recordings(made.store))

    assert found is not None
    assert found.curves[0].low == found.curves[0].high == (10.0, 20.0, 30.0)


def test_a_curve_has_a_hundred_points_at_most(ask: Any, laboratory: Laboratory) -> None:
    made = laboratory(ask("q"), {"batchnorm": (90.0,)})
    steps = tuple(float(step) for step in range(50_000))
    made.store.points[1]["validation.accuracy"] = Series("validation.accuracy", steps, steps)
    recordings = Recordings(made.store)

    found = learning_curves(made.findings[0], recordings)

    assert found is not None
    assert len(found.curves[0].steps) == 100
    assert found.curves[0].steps[-1] == 49_999
    assert len(recordings.series(made.store.run(1), "validation.accuracy").steps) == KEPT


@pytest.mark.parametrize(
    ("recorded", "drawn_metric"),
    [
        (("test.accuracy", "validation.accuracy"), "test.accuracy"),
        (("train.accuracy", "validation.accuracy", "train.loss"), "validation.accuracy"),
        (("train.loss", "lr"), "train.loss"),
        (("lr",), ""),
    ],
)
def test_the_metric_of_the_curves_is_the_nearest_that_was_recorded_over_time(
    ask: Any, laboratory: Laboratory, recorded: tuple[str, ...], drawn_metric: str
) -> None:
    made = laboratory(ask("q"), {"batchnorm": (90.0,)})
    made.store.points[1] = {name: Series(name, (1.0, 2.0), (1.0, 2.0)) for name in recorded}

    found = learning_curves(made.findings[0], Recordings(made.store))

    assert (found.metric if found else "") == drawn_metric


@given(values=st.lists(st.floats(), min_size=2, max_size=40))
def test_any_numbers_give_a_sound_drawing(ask: Any, laboratory: Laboratory, values: list[float]) -> None:
    made = laboratory(ask("q"), {"batchnorm": (90.0,)})
    steps = tuple(float(at) for at in range(len(values)))
    made.store.points[1]["validation.accuracy"] = Series("validation.accuracy", steps, tuple(values))

    found = learning_curves(made.findings[0], Recordings(made.store))

    if found:
        drawing = ElementTree.fromstring(curve_plot(found, "%"))
        assert "nan" not in ElementTree.tostring(drawing, "unicode")


def test_more_curves_than_colours_differ_by_their_place_in_the_legend() -> None:
    curves = [
        Curve(value, 1 + value % 2, (0.0, 1.0), (1.0, 2.0), (1.0, 2.0), (1.0, 2.0)) for value in range(9)
    ]

    told = legend(Curves("loss", tuple(curves)))

    assert told[0] == ("c0", "0 (1)")
    assert told[8] == ("c0", "8 (1)")


def test_a_run_is_read_again_only_after_it_has_changed(ask: Any, laboratory: Laboratory) -> None:
    made = laboratory(ask("q"), {"batchnorm": (90.0,)})
    recordings = Recordings(made.store)
    run = made.store.run(1)
    before = recordings.series(run, "validation.accuracy")
    made.store.points[1]["validation.accuracy"] = Series("validation.accuracy", (1.0, 2.0), (1.0, 2.0))

    assert recordings.series(run, "validation.accuracy") is before
