"""Between Sacred and training: configuration into settings, a run from its beginning to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from experiments.at_once.joining import join
from experiments.keeping import keeping
from experiments.recorded import facts_of, log, metrics_of
from experiments.training.results import (
    Diverged,
    EpochResult,
    Result,
    TestResult,
    Warned,
)
from experiments.training.setting_checks import NAMED_DATA
from experiments.training.settings import SettingsError, TrainSettings
from tracker.recording import Experiment, Refused, note_divergence, record, run_commandline

if TYPE_CHECKING:
    from experiments.training.data import Dataset
    from experiments.training.networks import TrainedNetwork

__all__ = [
    "Experiment", "Report", "Tell", "from_scratch", "offer", "one_network", "run_commandline", "say",
    "say_progress", "train_with",
]  # fmt: skip

PROGRESS_STEP = 5000  # images between two lines while data are prepared

NAMED_CONFIGS: dict[str, dict[str, Any]] = {
    # seconds on a laptop, no download: what the demo runs
    "smoke": {
        "data": "synthetic", "subset": 2000, "test_subset": 1000, "depth": 8, "width": 8,
        "epochs": 6, "batch_size": 64, "lr": 0.1, "schedule": "cosine",
        "source_subset": 1000, "source_epochs": 3, "source_batch_size": 64,
        "members": 2,
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


Report: TypeAlias = Callable[[str, int, int], None]  # what, done, total: the progress of long work
Tell: TypeAlias = Callable[[str], None]  # hears a line now and then
Results: TypeAlias = Callable[[Any, Any], Iterator[Result]]  # of a run with its settings
Begin: TypeAlias = "Callable[[Any, Report, Tell], tuple[Dataset, TrainedNetwork | None]]"


def train_with(
    experiment: Any,
    *,
    fixed: Mapping[str, Any],
    defaults: Mapping[str, Any] | None = None,
    pitfalls: bool = False,
    kind: type[TrainSettings] = TrainSettings,
    results: Results | None = None,
) -> None:
    """Make the experiment train: settings, named configs, checks and the main command.

    `fixed` is what the experiment is; those settings are no part of its configuration. `defaults` are other
    starting values for the rest. Mistakes can be made on purpose only with `pitfalls`. An experiment with
    settings beyond those of every training has a `kind` of its own, and one that does something other than to
    train a network from random weights gives the `results` of that.
    """
    fixed = dict(fixed) if pitfalls else {"pitfall": "none", **fixed}
    settings_of = offer(experiment, kind, fixed, defaults or {})

    @experiment.main  # type: ignore[untyped-decorator]
    def train(_run: Any, _config: dict[str, Any]) -> float | None:
        """Train one network, record every epoch, and test it once at the end."""
        return _train(_run, settings_of(_config), results or one_network)


Kind = TypeVar("Kind", bound=TrainSettings)


def offer(
    experiment: Any, kind: type[Kind], fixed: Mapping[str, Any], defaults: Mapping[str, Any]
) -> Callable[[Mapping[str, Any]], Kind]:
    """Give the experiment its settings, checked before a run exists; what makes them of a configuration."""
    settings = kind.from_config({**fixed, **defaults}).to_config()
    del settings["seed"]  # Sacred draws one when none is given
    experiment.add_config({name: value for name, value in settings.items() if name not in fixed})
    for name, config in NAMED_CONFIGS.items():
        own = {key: value for key, value in config.items() if key in settings and key not in fixed}
        experiment.add_named_config(name, own)
    record(experiment)

    @experiment.config_hook  # type: ignore[untyped-decorator]
    def check(config: dict[str, Any], command_name: str, logger: Any) -> dict[str, Any]:  # noqa: ARG001
        beside = ("config_filename",) if command_name == "save_config" else ()  # an argument of Sacred's own
        own = {name: config[name] for name in config if name not in beside}
        settings = _settings(experiment.path, kind, own, fixed)
        if command_name == experiment.default_command:
            _check_path(settings)
        return {}

    return lambda config: _settings(experiment.path, kind, config, fixed)


def _settings(experiment: str, kind: type[Kind], config: Mapping[str, Any], fixed: Mapping[str, Any]) -> Kind:
    for name in config:
        if name in fixed:
            raise Refused(
                f"{name}={config[name]!r}: {experiment} is the experiment with {name}={fixed[name]!r}; "
                "`python -m experiments` lists the others"
            )
    open_settings = [field.name for field in fields(kind) if field.name not in fixed]
    try:
        return kind.from_config({**config, **fixed}, known=open_settings)
    except SettingsError as error:
        raise Refused(str(error)) from error


def _check_path(settings: TrainSettings) -> None:
    """Refuse images that are not there; a printed configuration may be meant for elsewhere."""
    for name, place in settings.sources.items():
        if place not in NAMED_DATA and not Path(place).expanduser().exists():
            raise Refused(
                f"{name}={place!r}: there is no such folder or zip; give one, or {' or '.join(NAMED_DATA)}"
            )


def _train(run: Any, settings: TrainSettings, results: Results) -> float | None:
    """Train, with every result going into the record; the test accuracy in percent, unless it diverged."""
    from experiments.training import checkpoint
    from experiments.training.data import DataError

    accuracy = None
    try:
        for result in results(run, settings):
            log(run, result)
            _say(result, settings.epochs)
            if isinstance(result, Diverged):
                note_divergence(run, result.step, result.layer)
            elif isinstance(result, Warned):
                warnings = run.info["training"]["warnings"]
                run.info["training"]["warnings"] = {**warnings, result.guard: result.words}
            elif isinstance(result, TestResult):
                accuracy = result.accuracy
        return accuracy
    except (DataError, SettingsError, checkpoint.CheckpointError) as error:
        raise Refused(str(error)) from error


def from_scratch(settings: TrainSettings, report: Report, tell: Tell) -> tuple[Dataset, None]:  # noqa: ARG001
    """The data, and random weights."""
    from experiments.training.data import load_dataset

    return load_dataset(settings, report), None


def one_network(run: Any, settings: TrainSettings, begin: Begin = from_scratch) -> Iterator[Result]:
    """The results of a training, which goes on where an earlier one of the run was interrupted.

    A run from the beginning may be trained by a trainer that trains others at the same time.
    """
    kept = keeping(settings)
    if begin is from_scratch and not kept.found and (taken := join(settings, say_progress, say)):
        yield from taken.results(run)
        return
    from experiments.training import loop

    dataset, pretrained = begin(settings, say_progress, say)
    weights = pretrained.weights if pretrained else None
    state, resumed = kept.begin(run, partial(loop.start, settings, dataset, weights))
    run.info["training"] = facts_of(state, dataset, resumed)
    if pretrained:
        run.info["training"]["pretraining"] = pretrained.facts
    if run.info["training"]["compiled"]:
        say("the second step waits for the compiler, up to some minutes; compile=off does without it")
    for result in loop.train(state, dataset):
        yield result
        if isinstance(result, EpochResult):
            kept.save(run, state)
    if kept.trouble:
        run.info["training"]["checkpoint"] = kept.trouble


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


def say(line: str) -> None:
    """A line for whoever watches the run."""
    print(line, flush=True)


def say_progress(what: str, done: int, total: int) -> None:
    """A line at the start of long work, now and then, and at its end."""
    if done in (0, total) or done % PROGRESS_STEP == 0:
        print(f"{what}: {done} of {total}")
