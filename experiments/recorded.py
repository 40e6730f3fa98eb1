"""What a training run leaves in its record."""

from __future__ import annotations

import csv
import io
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.training.results import (
    Diverged,
    EpochResult,
    Measured,
    Picture,
    Result,
    StepResult,
    Table,
    TestResult,
    Warned,
)

if TYPE_CHECKING:
    from experiments.training.data import Dataset
    from experiments.training.loop import TrainState


def facts_of(state: TrainState, dataset: Dataset, resumed: bool) -> dict[str, Any]:
    """What a reader needs to know of a run beyond its configuration, as plain JSON."""
    import torch

    from experiments.training.compiling import is_compiled
    from experiments.training.diagnostics import parameter_counts
    from experiments.training.pages import keep_pages

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
        "compiled": is_compiled(state, dataset),
        "pages": asdict(keep_pages(state.device, state.settings.save_memory)),
        "zero_grad": "set_to_none",
        "resumed_after_epoch": state.epoch if resumed else None,
        "pictures": {},  # name -> how its colours are to be read
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
                "train.loss_variance": result.train_loss_variance,
                "validation.loss": result.validation_loss,
                "validation.accuracy": result.validation_accuracy,
                "batchnorm_gap": result.batchnorm_gap,
                "lr": result.lr,
            }
        case TestResult():
            return {"test.loss": result.loss, "test.accuracy": result.accuracy}
        case Measured():
            return dict(result.numbers)
        case Diverged() | Picture() | Table() | Warned():
            return {}


def log(run: Any, result: Result) -> None:
    """Every number of a result as a metric, tables and pictures as files; what is not finite is counted."""
    if isinstance(result, Table):
        _keep(run, result)
        return
    if isinstance(result, Picture):
        keep_file(run, f"{result.name}.png", result.png)
        training = run.info["training"]
        run.info["training"] = {
            **training,
            "pictures": {**training["pictures"], result.name: {**result.facts}},
        }
        return
    for name, value in metrics_of(result).items():
        if value is not None:
            run.log_scalar(name, value, result.step)


def _keep(run: Any, table: Table) -> None:
    """The table as a CSV file among the run's artifacts."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    keep_file(run, f"{table.name}.csv", text.getvalue())


def keep_file(run: Any, name: str, content: str | bytes) -> None:
    """A text, or what a picture is made of, as a file among the run's artifacts."""
    with tempfile.TemporaryDirectory(prefix="sacred-grove-") as folder:
        path = Path(folder) / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        run.add_artifact(str(path))
