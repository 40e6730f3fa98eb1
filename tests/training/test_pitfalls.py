"""Every known mistake does its damage, and the guard that looks for it finds it, and finds nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from experiments.training.data import Dataset
from experiments.training.loop import TrainState, start, train
from experiments.training.norms import batchnorm_layers
from experiments.training.pitfalls import three_passes, views
from experiments.training.results import EpochResult, Result, Warned
from experiments.training.settings import TrainSettings

MakeSettings = Callable[..., TrainSettings]

# which guard finds which mistake; the others show themselves in numbers alone
FOUND_BY = {
    "freeze_after_step": {"frozen_late"},
    "momentum_zero": set(),
    "validate_in_train_mode": {"leak"},
    "shared_layer": {"shared_layer", "several_passes"},
    "one_pass": set(),
    "three_passes": {"several_passes"},
    "untracked_statistics": {"untracked_statistics"},
    "softmax_before_loss": {"softmax_before_loss"},
    "gradients_never_cleared": {"gradients_never_cleared"},
    "wrong_view": set(),
    "none": set(),
}
FOLLOWS = {"batchnorm_gap"}  # what a mistake may lead to; how far, depends on the data


def warnings(results: list[Result]) -> set[str]:
    return {result.guard for result in results if isinstance(result, Warned)}


def run(settings: TrainSettings, dataset: Dataset) -> tuple[TrainState, list[Result]]:
    state = start(settings, dataset)
    return state, list(train(state, dataset))


@pytest.mark.parametrize("pitfall", FOUND_BY)
def test_a_mistake_is_found_by_its_guard(pitfall: str, make_settings: MakeSettings, dataset: Dataset) -> None:
    _, results = run(make_settings(pitfall=pitfall, lr=0.01), dataset)
    assert warnings(results) - FOLLOWS == FOUND_BY[pitfall]


@pytest.mark.parametrize(
    "changes",
    [
        {"trainable": "batchnorm"},
        {"trainable": "random"},
        {"trainable": "none"},
        {"batchnorm": "frozen", "calibration_batches": 2},
        {"norm": "ghost", "ghost_size": 4},
        {"norm": "weight_norm"},
        {"micro_batch_size": 4},
        {"optimizer": "adam", "schedule": "restarts", "snapshots": True},
        {"norm_place": "preactivation", "average": "ema"},
    ],
)
def test_the_guards_find_nothing_in_the_right_way(
    changes: dict[str, object], make_settings: MakeSettings, dataset: Dataset
) -> None:
    _, results = run(make_settings(lr=0.01, **changes), dataset)
    assert warnings(results) - FOLLOWS == set()


def test_each_guard_speaks_once(make_settings: MakeSettings, dataset: Dataset) -> None:
    _, results = run(make_settings(pitfall="validate_in_train_mode", epochs=3), dataset)
    assert len([result for result in results if isinstance(result, Warned)]) == 1


def test_a_schedule_that_ends_early_is_found(make_settings: MakeSettings, dataset: Dataset) -> None:
    _, results = run(make_settings(milestones=(0.1, 0.2, 0.3), epochs=5), dataset)
    assert "horizon" in warnings(results)


# ---------------------------------------------------------------------------------------------------
# The damage


def drift(state: TrainState, before: dict[str, Tensor]) -> float:
    """How far the convolutions have moved, relative to their size."""
    moved = [
        (value - before[name]).norm() / before[name].norm()
        for name, value in state.model.named_parameters()
        if "conv" in name
    ]
    return float(torch.stack(moved).mean())


def drift_of(settings: TrainSettings, dataset: Dataset) -> float:
    state = start(settings, dataset)
    before = {name: value.detach().clone() for name, value in state.model.named_parameters()}
    for _ in train(state, dataset):
        pass
    return drift(state, before)


def test_freezing_after_the_first_step_moves_what_it_freezes(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    assert drift_of(make_settings(trainable="batchnorm"), dataset) == 0
    assert drift_of(make_settings(pitfall="freeze_after_step"), dataset) > 0.01


def test_momentum_zero_freezes_statistics_and_goes_on_normalising_by_the_batch(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state, _ = run(make_settings(pitfall="momentum_zero"), dataset)
    for layer in batchnorm_layers(state.model).values():
        assert torch.equal(layer.running_mean, torch.zeros_like(layer.running_mean))  # type: ignore[arg-type]
        assert layer.num_batches_tracked == 8
    images = torch.randn(8, 3, 16, 16)
    state.model.train()
    assert (state.model(images)[0] - state.model(images[:4])[0]).abs().max() > 1e-3


def test_validation_in_train_mode_teaches_the_statistics_the_validation_images(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    right, _ = run(make_settings(), dataset)
    wrong, _ = run(make_settings(pitfall="validate_in_train_mode"), dataset)
    layer, other = (batchnorm_layers(state.model)["stem.norm"] for state in (right, wrong))
    assert layer.num_batches_tracked == 8
    assert other.num_batches_tracked > 8  # type: ignore[operator]


def test_three_passes_update_the_statistics_three_times(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    counts = {}
    for pitfall in ("one_pass", "three_passes"):
        state, _ = run(make_settings(pitfall=pitfall), dataset)
        counts[pitfall] = int(batchnorm_layers(state.model)["stem.norm"].num_batches_tracked)  # type: ignore[arg-type]
    assert counts == {"one_pass": 8, "three_passes": 24}


def test_three_passes_hide_from_the_network_how_the_views_differ(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    """Each view is normalised by itself, so that what tells them apart is gone before the first layer."""
    model = start(make_settings(), dataset).model.train()
    images = torch.randn(16, 3, 16, 16)
    own, darker, _ = views(images)
    torch.testing.assert_close(model(own), model(darker), atol=0.5, rtol=0.5)
    assert three_passes(model, images).shape == (16, 4)


def test_a_shared_layer_has_the_statistics_of_neither_place(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state, _ = run(make_settings(pitfall="shared_layer"), dataset)
    block = state.model.get_submodule("stages.0.0")
    assert block.norm1 is block.norm2


def test_untracked_statistics_make_an_answer_depend_on_its_neighbours(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state, _ = run(make_settings(pitfall="untracked_statistics"), dataset)
    images = torch.randn(8, 3, 16, 16)
    state.model.eval()
    assert (state.model(images)[0] - state.model(images[:4])[0]).abs().max() > 1e-3


def test_a_softmax_before_the_loss_keeps_it_above_a_floor(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    floor = float(torch.log(torch.exp(torch.tensor(1.0)) + 3) - 1)  # four classes, all of it on the right one
    _, results = run(make_settings(pitfall="softmax_before_loss", epochs=6), dataset)
    losses = [result.train_loss for result in results if isinstance(result, EpochResult)]
    assert min(losses) > floor
    outputs, labels = torch.eye(10), torch.arange(10)
    assert torch.nn.functional.cross_entropy(outputs, labels).item() == pytest.approx(1.4612, abs=1e-4)


def test_a_wrong_view_keeps_every_number_and_loses_every_place(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state = start(make_settings(pitfall="wrong_view"), dataset)
    seen: list[Tensor] = []
    state.model.stem.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    images = torch.randn(2, 3, 16, 16)
    state.model(images)
    assert torch.equal(seen[0].flatten().sort().values, images.flatten().sort().values)
    assert torch.equal(seen[0][0, 0, 0, :6], images[0, :, 0, :2].T.flatten())
