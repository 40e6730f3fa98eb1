"""What is suggested lies where a network learns, and the picture says what it shows."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from torch import nn

from experiments.training.data import Dataset
from experiments.training.finder.drawing import draw
from experiments.training.finder.search import Diverged, Tried, _Smoothed, search
from experiments.training.finder.settings import FinderSettings
from experiments.training.finder.suggestion import RULES, suggest
from experiments.training.loop import start
from experiments.training.settings import SettingsError
from experiments.training.state import TrainState
from tests.training.finder.conftest import found, settings_of


def linear_state(settings: FinderSettings, dataset: Dataset) -> TrainState:
    """A linear map of the pixels, on which the squared loss is a quadratic bowl."""
    state = start(settings, dataset)
    torch.manual_seed(3)
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 4))
    return replace(state, model=model, trainable=frozenset({"1.weight", "1.bias"}))


@pytest.mark.parametrize("rule", RULES)
def test_on_a_quadratic_bowl_the_suggestion_lies_below_the_rate_from_which_steps_diverge(
    rule: str, dataset: Dataset
) -> None:
    settings = settings_of(
        loss="squared", momentum=0.0, weight_decay=0.0, augment=False, batch_size=70, steps=60,
        lowest_lr=1e-7, highest_lr=1.0, rule=rule, loss_smoothing=0.0,
    )  # fmt: skip
    state = linear_state(settings, dataset)
    pixels = torch.from_numpy(dataset.train.images).double().div(255).sub(0.45).div(0.25).flatten(1)
    inputs = torch.cat([pixels, torch.ones(70, 1)], dim=1)
    curvature = 2 * float(torch.linalg.eigvalsh(inputs.T @ inputs / 70)[-1])

    trials = list(search(state, settings, dataset))

    limit, lr = 2 / curvature, found(settings, trials).lr
    assert isinstance(trials[-1], Diverged)
    assert limit < trials[-1].lr < 30 * limit
    assert lr is not None
    assert limit / 100 < lr < limit


def curve_of(losses: list[float], settings: FinderSettings) -> list[Tried]:
    return [Tried(step + 1, settings.rate(step), loss, loss) for step, loss in enumerate(losses)]


def test_the_rules_read_the_place_they_name_off_a_curve() -> None:
    settings = settings_of(lowest_lr=1e-5, highest_lr=1e5, steps=101)  # ten steps a decade
    fall = [2.3 - 2 / (1 + math.exp(-(step - 50) / 4)) for step in range(81)]  # steepest at step 50
    suggestion = suggest(curve_of(fall + [fall[-1] + 1] * 20, settings), None, settings)
    assert suggestion.by_rule == pytest.approx({"steepest": 1.0, "tenth_of_minimum": 100.0})
    assert suggestion.lr == suggestion.by_rule["tenth_of_minimum"]
    assert suggest(curve_of(fall, settings), None, replace(settings, rule="steepest")).lr == pytest.approx(
        1.0
    )


def test_noise_alone_hardly_ever_suggests_a_rate() -> None:
    settings = settings_of(steps=100)
    suggestions = []
    for seed in range(50):
        losses = 2.3 + torch.randn(100, generator=torch.Generator().manual_seed(seed))
        smoothed = _Smoothed(settings.loss_smoothing)
        curve = [
            Tried(step + 1, settings.rate(step), loss, smoothed.after(loss))
            for step, loss in enumerate(losses.tolist())
        ]
        suggestions.append(suggest(curve, None, settings))
    assert sum(suggestion.lr is not None for suggestion in suggestions) <= 3
    assert any("raise highest_lr" in suggestion.words for suggestion in suggestions)


def test_a_loss_that_still_falls_at_the_end_asks_for_higher_rates() -> None:
    settings = settings_of(steps=100)
    words = suggest(curve_of([2.3 - step / 100 for step in range(100)], settings), None, settings).words
    assert "a higher highest_lr may say more" in words


def test_rates_that_are_too_low_suggest_nothing_and_say_so(dataset: Dataset) -> None:
    settings = settings_of(lowest_lr=1e-14, highest_lr=1e-12, batch_size=64, augment=False)
    suggestion = found(settings, list(search(start(settings, dataset), settings, dataset)))
    assert suggestion.lr is None
    assert "no rate from 1e-14 to 1e-12 makes the loss fall clearly" in suggestion.words


def test_a_network_that_diverges_at_once_is_told_to_begin_lower(dataset: Dataset) -> None:
    settings = settings_of(norm="weight_norm", lowest_lr=1e10, highest_lr=1e12)
    trials = list(search(start(settings, dataset), settings, dataset))
    assert len(trials) <= 4
    suggestion = found(settings, trials)
    assert suggestion.lr is None
    assert "before it has fallen: begin lower, such as lowest_lr=1e+07" in suggestion.words


def test_a_network_that_is_not_finite_to_begin_with_is_told_so(dataset: Dataset) -> None:
    settings = settings_of()
    state = start(settings, dataset)
    with torch.no_grad():
        state.model.get_parameter("stages.1.0.conv2.weight").fill_(float("nan"))
    trials = list(search(state, settings, dataset))
    assert trials == [Diverged(1, 1e-5, "stages.1.0.conv2", finite=False)]
    words = found(settings, trials).words
    assert "not finite before any step was made; stages.1.0.conv2 is the first to blame" in words


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"lowest_lr": 1.0, "highest_lr": 0.1}, "lowest_lr=1.0 must be below highest_lr=0.1"),
        ({"lowest_lr": 0.0}, "lowest_lr=0.0 must be a finite number above 0"),
        ({"highest_lr": math.inf}, "highest_lr=inf must be a finite number above 0"),
        ({"steps": 9}, "steps=9 must be at least 10"),
        ({"loss_smoothing": 1.0}, "loss_smoothing=1.0 must be from 0"),
        ({"diverged_at": 1.0}, "diverged_at=1.0 must be a finite number above 1"),
        ({"rule": "steepst"}, "rule='steepst' is not one of .*did you mean 'steepest'"),
        ({"trainable": "none"}, "where nothing learns there is no learning rate to find"),
        ({"lowest": 1e-5}, "no setting 'lowest': did you mean 'lowest_lr'"),
        ({"dept": 20}, "no setting 'dept': did you mean 'depth'"),
        ({"depth": 15}, "depth=15"),
    ],
)
def test_settings_that_cannot_be_searched_with_are_refused(config: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        FinderSettings.from_config(config)


def test_the_picture_says_what_its_axes_show_and_leave_out() -> None:
    settings = settings_of(lowest_lr=1e-4, highest_lr=1.0, steps=20)
    losses = [2.0] * 10 + [1.0] * 5 + [50.0, 100.0, 1000.0, 1e6, 1e9]
    drawing = draw(curve_of(losses, settings), 0.03)
    assert drawing.facts == {
        "lr": {"scale": "log10", "low": pytest.approx(1e-4), "high": pytest.approx(1.0)},
        "loss": {"scale": "linear", "low": 0.0, "high": 3.0, "clipped": 0.25},
    }
    picture = ElementTree.fromstring(drawing.svg)
    name = "{http://www.w3.org/2000/svg}"
    assert len(picture.findall(f".//{name}circle")) == 20
    assert "25% of the losses lie outside" in str(picture.findtext(f"{name}desc"))
    assert "lr=0.03" in [text.text for text in picture.iter(f"{name}text")]
    heights = {float(circle.attrib["cy"]) for circle in picture.iter(f"{name}circle")}
    assert 0 <= min(heights) <= max(heights) <= 360


@pytest.mark.parametrize("losses", [[0.0], [5.0, 5.0], [-1.0, -2.0, -1.5]])
def test_short_and_flat_curves_have_a_picture_too(losses: list[float]) -> None:
    drawing = draw(curve_of(losses, settings_of()), None)
    assert ElementTree.fromstring(drawing.svg).tag.endswith("svg")
