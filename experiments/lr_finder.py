"""Look for a learning rate: steps with a rate that rises until the loss diverges, of any training.

`python -m experiments.lr_finder with paper resnet56 trainable=batchnorm` suggests a rate for what the
experiment bn_only trains. The network is as before when it ends: frozen BatchNorm stays frozen, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from experiments.bridge import Experiment, offer, run_commandline, say_progress
from experiments.recorded import facts_of, keep_file, log
from experiments.training.finder.settings import FinderSettings
from experiments.training.results import Measured, Table
from experiments.training.setting_checks import SettingsError
from tracker.recording import Refused, note_divergence

if TYPE_CHECKING:
    from experiments.training.finder.search import Diverged, Tried
    from experiments.training.finder.suggestion import Suggestion

LINES = 10  # that a search prints, about
CURVE = ("step", "lr", "loss", "smoothed_loss")

experiment = Experiment("lr_finder", save_git_info=False)
settings_of = offer(experiment, FinderSettings, fixed={"pitfall": "none"}, defaults={})


@experiment.main  # type: ignore[untyped-decorator]
def find(_run: Any, _config: dict[str, Any]) -> float | None:
    """Search once; the suggested rate, or nothing where there is none."""
    from experiments.training.data import DataError, load_dataset
    from experiments.training.finder.search import Diverged, search
    from experiments.training.finder.suggestion import suggest
    from experiments.training.state import start

    settings = settings_of(_config)
    try:
        dataset = load_dataset(settings, say_progress)
        state = start(settings, dataset)
        _run.info["training"] = facts_of(state, dataset, resumed=False)
        curve: list[Tried] = []
        diverged: Diverged | None = None
        for trial in search(state, settings, dataset):
            if isinstance(trial, Diverged):
                diverged = trial
            else:
                curve.append(trial)
                _tell(_run, trial, say=len(curve) % math.ceil(settings.steps / LINES) == 1)
    except (DataError, SettingsError) as error:
        raise Refused(str(error)) from error
    suggestion = suggest(curve, diverged, settings)
    _record(_run, settings, curve, diverged, suggestion)
    print(f"suggestion: {suggestion.words}" if suggestion.lr else f"no suggestion: {suggestion.words}")
    return suggestion.lr


def _tell(run: Any, tried: Tried, say: bool) -> None:
    numbers = {"finder.lr": tried.lr, "finder.loss": tried.loss, "finder.smoothed_loss": tried.smoothed}
    log(run, Measured(tried.step, numbers))
    if say:
        print(f"step {tried.step}: lr {tried.lr:.3g}, loss {tried.smoothed:.4g}", flush=True)


def _record(
    run: Any,
    settings: FinderSettings,
    curve: Sequence[Tried],
    diverged: Diverged | None,
    suggestion: Suggestion,
) -> None:
    """The suggestion as metrics, the curve as a table with a picture."""
    from experiments.training.finder.drawing import draw

    facts: dict[str, Any] = {"rule": settings.rule, "suggestion": suggestion.lr, "words": suggestion.words}
    if suggestion.lr is not None:
        numbers = {f"finder.{name}": lr for name, lr in suggestion.by_rule.items()}
        decades = math.log10(suggestion.lr)  # rates are compared by their factors
        log(
            run,
            Measured(len(curve), {"finder.suggestion": suggestion.lr, "finder.decades": decades, **numbers}),
        )
    elif diverged is not None:
        note_divergence(run, diverged.step, diverged.layer)
    if curve:
        rows = tuple((tried.step, tried.lr, tried.loss, tried.smoothed) for tried in curve)
        log(run, Table("lr_finder", CURVE, rows))
        drawing = draw(curve, suggestion.lr)
        keep_file(run, "lr_finder.svg", drawing.svg)
        facts["picture"] = drawing.facts
    run.info["lr_finder"] = facts


if __name__ == "__main__":
    run_commandline(experiment)
