"""Between Sacred and training: configuration into settings, results into the run's record."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.keeping import keeping
from experiments.training.results import (
    Diverged,
    EpochResult,
    Measured,
    Result,
    StepResult,
    Table,
    TestResult,
    Warned,
)
from experiments.training.setting_checks import NAMED_DATA
from experiments.training.settings import SettingsError, TrainSettings
from tracker.recording import Experiment, Refused, note_divergence, record, run_commandline

if TYPE_CHECKING:
    from experiments.training.data import Dataset
    from experiments.training.loop import TrainState

__all__ = ["Experiment", "run_commandline", "train_with"]

PROGRESS_STEP = 5000  # images between two lines while data are prepared

NAMED_CONFIGS: dict[str, dict[str, Any]] = {
    # seconds on a laptop, no download: what the demo runs
    "smoke": {
        "data": "synthetic", "subset": 2000, "test_subset": 1000, "depth": 8, "width": 8,
        "epochs": 6, "batch_size": 64, "lr": 0.1, "schedule": "cosine",
    },
    # Frankle, Schwab & Morcos 2021 (arXiv 2003.00152) on the CIFAR ResNets of He et al. 2016
    "paper": {
        "data": "cifar10", "subset": 0, "test_subset": 0, "validation": 0.1, "width": 16, "shortcut": "B",
        "batchnorm_init": "uniform", "epochs": 160, "batch_size": 128, "optimizer": "sgd", "lr": 0.1,
        "momentum": 0.9, "weight_decay": 1e-4, "schedule": "multistep", "milestones": [0.5, 0.75],
    },
    "resnet20": {"depth": 20},
    "resnet56": {"depth": 56},
    "resnet110": {"depth": 110},
}  # fmt: skip


def train_with(
    experiment: Any,
    *,
    fixed: Mapping[str, Any],
    defaults: Mapping[str, Any] | None = None,
    pitfalls: bool = False,
) -> None:
    """Make the experiment train: settings, named configs, checks and the main command.

    `fixed` is what the experiment is; those settings are no part of its configuration. `defaults` are other
    starting values for the rest. Mistakes can be made on purpose only with `pitfalls`.
    """
    fixed = dict(fixed) if pitfalls else {"pitfall": "none", **fixed}
    settings = TrainSettings.from_config({**fixed, **(defaults or {})}).to_config()
    del settings["seed"]  # Sacred draws one when none is given
    experiment.add_config({name: value for name, value in settings.items() if name not in fixed})
    for name, config in NAMED_CONFIGS.items():
        experiment.add_named_config(name, {key: value for key, value in config.items() if key not in fixed})
    record(experiment)

    @experiment.config_hook  # type: ignore[untyped-decorator]
    def check(config: dict[str, Any], command_name: str, logger: Any) -> dict[str, Any]:  # noqa: ARG001
        beside = ("config_filename",) if command_name == "save_config" else ()  # an argument of Sacred's own
        own = {name: config[name] for name in config if name not in beside}
        settings = _settings(experiment.path, own, fixed)
        if command_name == experiment.default_command:
            _check_path(settings)
        return {}

    @experiment.main  # type: ignore[untyped-decorator]
    def train(_run: Any, _config: dict[str, Any]) -> float | None:
        """Train one network, record every epoch, and test it once at the end."""
        return _train(_run, _settings(experiment.path, _config, fixed))


def _settings(experiment: str, config: Mapping[str, Any], fixed: Mapping[str, Any]) -> TrainSettings:
    for name in config:
        if name in fixed:
            raise Refused(
                f"{name}={config[name]!r}: {experiment} is the experiment with {name}={fixed[name]!r}; "
                "`python -m experiments` lists the others"
            )
    open_settings = [field.name for field in fields(TrainSettings) if field.name not in fixed]
    try:
        return TrainSettings.from_config({**config, **fixed}, known=open_settings)
    except SettingsError as error:
        raise Refused(str(error)) from error


def _check_path(settings: TrainSettings) -> None:
    """Refuse images that are not there; a printed configuration may be meant for elsewhere."""
    if settings.data not in NAMED_DATA and not Path(settings.data).expanduser().exists():
        raise Refused(
            f"data={settings.data!r}: there is no such folder or zip; give one, or {' or '.join(NAMED_DATA)}"
        )


def _train(run: Any, settings: TrainSettings) -> float | None:
    """Train, with every result going into the record; the test accuracy in percent, unless it diverged."""
    from experiments.training import checkpoint, loop
    from experiments.training.data import DataError, load_dataset

    try:
        dataset = load_dataset(settings, _say_progress)
        kept = keeping(settings)
        state, resumed = kept.begin(run, settings, dataset)
        run.info["training"] = facts_of(state, dataset, resumed)
        accuracy = None
        for result in loop.train(state, dataset):
            _log(run, result)
            _say(result, settings.epochs)
            if isinstance(result, Diverged):
                note_divergence(run, result.step, result.layer)
            elif isinstance(result, Warned):
                warnings = run.info["training"]["warnings"]
                run.info["training"]["warnings"] = {**warnings, result.guard: result.words}
            elif isinstance(result, TestResult):
                accuracy = result.accuracy
            elif isinstance(result, EpochResult):
                kept.save(run, state)
        if kept.trouble:
            run.info["training"]["checkpoint"] = kept.trouble
        return accuracy
    except (DataError, SettingsError, checkpoint.CheckpointError) as error:
        raise Refused(str(error)) from error


# ---------------------------------------------------------------------------------------------------
# Into the record


def facts_of(state: TrainState, dataset: Dataset, resumed: bool) -> dict[str, Any]:
    """What a reader needs to know of a run beyond its configuration, as plain JSON."""
    import torch

    from experiments.training.diagnostics import parameter_counts

    return {
        "settings": state.settings.to_config(),
        "parameters": dict(parameter_counts(state.model)),
        "trainable": sorted(state.trainable),
        "data": {
            "name": dataset.name, "note": dataset.note, "classes": list(dataset.classes),
            "split_hash": dataset.split_hash, "train": len(dataset.train.labels),
            "validation": len(dataset.validation.labels), "test": len(dataset.test.labels),
        },
        "normalisation_batch": state.settings.normalisation_batch,
        "learning_rate": state.settings.scaled_lr,
        "device": str(state.device),
        "precision": state.precision,
        "torch": str(torch.__version__),  # a subclass of str otherwise
        "threads": torch.get_num_threads(),
        "zero_grad": "set_to_none",
        "resumed_after_epoch": state.epoch if resumed else None,
        "warnings": {},  # what the guards found: guard -> words
    }  # fmt: skip


def metrics_of(result: Result) -> dict[str, float | None]:
    """The numbers of a result under the names of the run's metrics; accuracies are percentages."""
    match result:
        case StepResult():
            return {"step.loss": result.loss, "step.accuracy": result.accuracy, "step.lr": result.lr}
        case EpochResult():
            return {
                "train.loss": result.train_loss,
                "train.accuracy": result.train_accuracy,
                "validation.loss": result.validation_loss,
                "validation.accuracy": result.validation_accuracy,
                "batchnorm_gap": result.batchnorm_gap,
                "lr": result.lr,
            }
        case TestResult():
            return {"test.loss": result.loss, "test.accuracy": result.accuracy}
        case Measured():
            return dict(result.numbers)
        case Diverged() | Table() | Warned():
            return {}


def _log(run: Any, result: Result) -> None:
    """Every number of a result as a metric, a table as a file; the recording counts what is not finite."""
    if isinstance(result, Table):
        _keep(run, result)
        return
    for name, value in metrics_of(result).items():
        if value is not None:
            run.log_scalar(name, value, result.step)


def _keep(run: Any, table: Table) -> None:
    """The table as a CSV file among the run's artifacts."""
    with tempfile.TemporaryDirectory(prefix="sacred-grove-") as folder:
        path = Path(folder) / f"{table.name}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(table.columns)
            writer.writerows(table.rows)
        run.add_artifact(str(path))


# ---------------------------------------------------------------------------------------------------
# Onto the terminal, and from there into the run's captured output


def _say(result: Result, epochs: int) -> None:
    match result:
        case EpochResult():
            numbers = ", ".join(
                f"{name} {value:.4g}" for name, value in metrics_of(result).items() if value is not None
            )
            print(f"epoch {result.epoch}/{epochs}: {numbers}", flush=True)
        case TestResult():
            print(f"test accuracy {result.accuracy:.2f} % of {result.images} images", flush=True)
        case Warned():
            print(f"warning, {result.guard}: {result.words}", flush=True)
        case Diverged():
            where = f"; {result.layer} is the first layer that is not finite" if result.layer else ""
            print(f"diverged at step {result.step}{where}", flush=True)


def _say_progress(what: str, done: int, total: int) -> None:
    """A line at the start of long work, now and then, and at its end."""
    if done in (0, total) or done % PROGRESS_STEP == 0:
        print(f"{what}: {done} of {total}")
