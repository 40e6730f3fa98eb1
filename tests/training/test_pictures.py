"""Pictures and tables of layers say what they show."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image

from experiments.training.data import Dataset
from experiments.training.loop import start, train
from experiments.training.measures.filters import COLOURS, colours_of, picture
from experiments.training.measures.layers import dead_share
from experiments.training.results import Measured, Picture, Result, Table
from experiments.training.settings import TrainSettings

MakeSettings = Callable[..., TrainSettings]


def run_of(settings: TrainSettings, dataset: Dataset) -> list[Result]:
    return list(train(start(settings, dataset), dataset))


def pictures_of(results: list[Result]) -> dict[str, Picture]:
    return {result.name: result for result in results if isinstance(result, Picture)}


def test_colours_get_lighter_evenly_and_end_where_the_scale_ends() -> None:
    colours = colours_of(np.linspace(-1, 1, 50), (-1, 1)).astype(float)
    lightness = colours @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(lightness) > 0).all()
    assert tuple(colours[0]) == COLOURS[0]
    assert tuple(colours_of(np.array([7.0]), (-1, 1))[0]) == COLOURS[-1]


def test_a_picture_says_its_scale_and_what_was_clipped() -> None:
    tiles = np.array([0.0, 0.5, 1.0, 3.0]).reshape(1, 1, 2, 2)
    drawn = picture("four", tiles, (0.0, 1.0), enlarged=2)
    assert drawn.facts["clipped"] == 0.25
    assert drawn.facts["largest"] == 3
    with Image.open(io.BytesIO(drawn.png)) as image:
        assert image.size == (6, 6)
        assert image.getpixel((1, 1)) == COLOURS[0]
        assert image.getpixel((0, 0)) == (255, 255, 255)
        assert image.text["vmax"] == "1.0"  # type: ignore[attr-defined]
        assert "viridis" in image.text["map"]  # type: ignore[attr-defined]


def test_the_filters_of_a_network_in_which_batchnorm_alone_learns_stay(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    alone = pictures_of(run_of(make_settings(measure="filters", trainable="batchnorm"), dataset))
    whole = pictures_of(run_of(make_settings(measure="filters"), dataset))
    assert alone["filters_start"].png == whole["filters_start"].png == alone["filters_end"].png
    assert whole["filters_end"].png != whole["filters_start"].png
    assert alone["answers"].png != whole["answers"].png


def test_a_channel_that_says_the_same_of_every_image_is_dead() -> None:
    values = torch.randn(5, 4, 9)
    values[:, 1] = 0
    assert dead_share(values) == 25


@pytest.mark.parametrize("norm", ["batchnorm", "weight_norm"])
def test_every_layer_that_learns_has_a_gradient(
    norm: str, make_settings: MakeSettings, dataset: Dataset
) -> None:
    results = run_of(make_settings(measure="layers", norm=norm), dataset)
    rows = next(result for result in results if isinstance(result, Table) and result.name == "layers").rows
    assert [row[1] for row in rows if row[0] == "output"] == [0, 1, 2]
    assert all(float(row[5]) > 0 and float(row[6]) > 0 for row in rows)


def test_running_statistics_come_closer_to_those_of_the_images(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    results = run_of(make_settings(measure="statistics", trainable="none", epochs=8), dataset)
    gaps = [
        result.numbers["statistics.mean_gap"]
        for result in results
        if isinstance(result, Measured) and "statistics.mean_gap" in result.numbers
    ]
    assert len(gaps) == 9
    assert gaps[-1] < gaps[0] / 2
    assert not pictures_of(results)


def test_a_network_without_batchnorm_has_no_running_statistics(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    results = run_of(make_settings(measure="statistics", norm="group"), dataset)
    assert not [result for result in results if isinstance(result, Measured | Table)]
