"""Settings are checked as a whole, and refused in a sentence that helps."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from experiments.training.setting_checks import TABLES, choices_of
from experiments.training.settings import SettingsError, TrainSettings
from experiments.training.tables import names_in


def test_settings_come_back_from_their_plain_json() -> None:
    settings = TrainSettings(depth=56, milestones=(0.3, 0.6, 0.9), lr=0.05, norm="weight_norm")
    config = json.loads(json.dumps(settings.to_config()))
    assert TrainSettings.from_config(config) == settings


def test_every_default_is_plain_json() -> None:
    config = TrainSettings().to_config()
    assert json.loads(json.dumps(config)) == config


def test_settings_cannot_change_under_a_run() -> None:
    with pytest.raises(FrozenInstanceError):
        TrainSettings().lr = 0.2  # type: ignore[misc]


@pytest.mark.parametrize("name", TABLES)
def test_what_a_setting_may_be_is_read_from_its_table(name: str) -> None:
    path, table = TABLES[name]
    module = importlib.import_module(f"experiments.training.{path.removesuffix('.py').replace('/', '.')}")

    assert choices_of(name) == tuple(getattr(module, table))


def test_a_table_that_is_not_written_out_is_named() -> None:
    with pytest.raises(LookupError, match=r"trainable\.py has no table NORMS"):
        names_in("trainable.py", "NORMS")


def test_settings_are_readable_without_torch() -> None:
    program = "import sys, experiments.training.settings; print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_results_are_readable_without_torch() -> None:
    program = "import sys, experiments.training.results; print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_whole_numbers_are_taken_in_either_notation() -> None:
    settings = TrainSettings.from_config({"depth": 20.0, "lr": 1, "milestones": [0.5]})
    assert (settings.depth, settings.lr, settings.milestones) == (20, 1.0, (0.5,))
    assert type(settings.depth) is int
    assert type(settings.lr) is float


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"dept": 20}, "there is no setting 'dept': did you mean 'depth'?"),
        ({"depth": "20"}, "depth='20' must be a whole number, not str"),
        ({"depth": 20.5}, "depth=20.5 must be a whole number"),
        ({"depth": True}, "depth=True must be a whole number, not bool"),
        ({"augment": 1}, "augment=1 must be True or False, not int"),
        ({"lr": "1e-3"}, "YAML reads 1e-3 as text, write 0.001"),
        ({"seed": 1.0}, "seed=1.0 must be a whole number, not float"),
        ({"split_seed": 1.0}, "split_seed=1.0 must be a whole number, not float"),
        ({"lr": None}, "lr=None must be a number, not NoneType"),
        ({"milestones": 0.5}, "milestones=0.5 must be a list of numbers"),
        ({"milestones": ["half"]}, "milestones='half' must be a number"),
        ({"optimizer": "adamv"}, "did you mean 'adam"),
        ({"schedule": "steps"}, "schedule='steps' is not one of multistep, cosine, restarts, constant"),
        ({"depth": 21}, "depth=21 is not a CIFAR ResNet: it must be 6n+2, such as 20 or 26"),
        ({"depth": 2}, "such as 8 or 14"),
        ({"width": 0}, "width=0 must be at least 1"),
        ({"epochs": 0}, "epochs=0 must be at least 1"),
        ({"lr": 0.0}, "lr=0.0 must be a finite number above 0"),
        ({"lr": float("nan")}, "lr=nan must be a finite number above 0"),
        ({"lr": float("inf")}, "lr=inf must be a finite number above 0"),
        ({"weight_decay": float("nan")}, "weight_decay=nan"),
        ({"weight_decay": float("inf")}, "weight_decay=inf must be finite"),
        ({"warmup": 1.0}, "warmup=1.0 must be from 0 up to, but not including, 1"),
        ({"momentum": float("nan")}, "momentum=nan"),
        ({"label_smoothing": -0.1}, "label_smoothing=-0.1"),
        ({"seed": 2**32}, "seed=4294967296 must be at most 4294967295"),
        ({"seed": -1}, "seed=-1 must be at least 0"),
        ({"milestones": [0.75, 0.5]}, "must be rising shares"),
        ({"milestones": [0.5, 0.5]}, "must be rising shares"),
        ({"milestones": [1.0]}, "between 0 and 1"),
        ({"nesterov": True, "optimizer": "adam"}, "nesterov=True needs optimizer=sgd"),
        ({"nesterov": True, "momentum": 0.0}, "with a momentum above 0"),
        ({"batch_size": 128, "micro_batch_size": 48}, "micro_batch_size=48 must divide batch_size=128"),
        ({"norm": "ghost", "ghost_size": 48}, "ghost_size=48 must divide the 128 samples"),
        ({"norm": "group", "trainable": "batchnorm+output"}, "trainable='batchnorm+output' needs BatchNorm"),
        ({"shortcut": "A", "trainable": "shortcut"}, "trainable='shortcut' needs shortcuts with parameters"),
        ({"norm": "spectral", "trainable": "random"}, "trainable='random' chooses weights of plain"),
        ({"norm": "mean_only", "batchnorm_average": "cumulative"}, "batchnorm_average='cumulative' is for"),
        (
            {"batchnorm": "frozen", "test_statistics": "adapted"},
            "test_statistics='adapted' computes statistics",
        ),
        ({"batchnorm": "frozen", "precise_images": 100}, "precise_images=100 computes statistics anew"),
        ({"batchnorm_momentum": 1.5}, "batchnorm_momentum=1.5 must be from 0 to 1"),
        ({"norm": "weight_norm", "trainable": "batchnorm"}, "trainable='batchnorm' needs BatchNorm layers"),
        ({"norm": "weight_norm", "batchnorm": "frozen"}, "batchnorm='frozen' needs BatchNorm layers"),
        ({"calibration_batches": 3}, "calibration_batches=3 needs batchnorm=frozen"),
        ({"data": ""}, "data='' must be synthetic, cifar10, or the path"),
    ],
)
def test_what_cannot_be_trained_with_is_refused_by_name(config: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        TrainSettings.from_config(config)
    assert message in str(refused.value)


@pytest.mark.parametrize("source", ["synthetic", "cifar10"])
def test_resize_is_refused_where_it_would_do_nothing(source: str) -> None:
    with pytest.raises(SettingsError, match="resize=32 is for folders of images"):
        TrainSettings(data=source, resize=32)


def test_an_unknown_device_is_refused_before_anything_is_computed() -> None:
    with pytest.raises(SettingsError, match="device='banana' is not one of auto, cpu, cuda, mps"):
        TrainSettings(device="banana")


@pytest.mark.parametrize("text", ["nan", "inf", "-inf"])
def test_a_remedy_is_offered_for_finite_numbers_alone(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        TrainSettings.from_config({"lr": text})
    assert str(refused.value) == f"lr='{text}' must be a number, not str"


def test_only_the_names_that_may_be_set_are_suggested() -> None:
    with pytest.raises(SettingsError) as refused:
        TrainSettings.from_config({"trainabel": "all"}, known=["depth", "width"])
    assert str(refused.value) == "there is no setting 'trainabel': print_config shows all 2"
    with pytest.raises(SettingsError, match=r"did you mean 'trainable'\? print_config shows all \d+$"):
        TrainSettings.from_config({"trainabel": "all"})


def test_the_normalisation_batch_is_the_micro_batch_where_there_is_one() -> None:
    assert TrainSettings(batch_size=128).normalisation_batch == 128
    assert TrainSettings(batch_size=128, micro_batch_size=32).normalisation_batch == 32


def test_ghost_batchnorm_sees_its_own_part_of_a_forward_pass() -> None:
    settings = TrainSettings(batch_size=128, micro_batch_size=64, norm="ghost", ghost_size=16)
    assert (settings.forward_batch, settings.normalisation_batch) == (64, 16)


@pytest.mark.parametrize(("rule", "rate"), [("none", 0.1), ("linear", 0.8), ("sqrt", 0.1 * 8**0.5)])
def test_the_learning_rate_is_meant_at_a_batch_of_128(rule: str, rate: float) -> None:
    assert TrainSettings(batch_size=1024, lr_rule=rule).scaled_lr == pytest.approx(rate)
    assert TrainSettings(batch_size=128, lr_rule=rule).scaled_lr == pytest.approx(0.1)
