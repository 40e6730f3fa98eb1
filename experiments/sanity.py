"""Check a training before it is trusted: a list of what usually goes wrong, on any settings.

`python -m experiments.sanity with paper resnet56 lr=1.0` says of each check whether it passes, and of each
failure what it usually means and what to try. The result is the number of checks that fail.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from experiments.bridge import Experiment, offer, run_commandline, say_progress
from experiments.recorded import facts_of, log
from experiments.training.results import Measured, Table
from experiments.training.sanity.findings import FAILED, NOT_HERE, OUTCOMES, PASSED, Finding
from experiments.training.sanity.settings import SanitySettings
from experiments.training.setting_checks import SettingsError
from tracker.recording import Refused

if TYPE_CHECKING:
    from experiments.training.sanity.layers import Layer

COLUMNS = ("check", "outcome", "words", "means", "remedy")
METRICS = {PASSED: "sanity.passed", FAILED: "sanity.failed", NOT_HERE: "sanity.not_here"}

experiment = Experiment("sanity", save_git_info=False)
settings_of = offer(experiment, SanitySettings, fixed={}, defaults={})


@experiment.main  # type: ignore[untyped-decorator]
def check(_run: Any, _config: dict[str, Any]) -> int:
    """Go through the list once; how many checks fail."""
    from experiments.training.data import DataError, load_dataset
    from experiments.training.sanity.checklist import checked
    from experiments.training.sanity.subject import Subject
    from experiments.training.state import start

    settings = settings_of(_config)
    try:
        dataset = load_dataset(settings, say_progress)
        state = start(settings, dataset)
        _run.info["training"] = facts_of(state, dataset, resumed=False)
        subject = Subject(state, settings, dataset)
        findings: dict[str, Finding] = {}
        for name, finding in checked(subject):
            findings[name] = finding
            _tell(name, finding)
    except (DataError, SettingsError) as error:
        raise Refused(str(error)) from error
    _record(_run, findings, subject.by_heart.layers)
    counts = Counter(finding.outcome for finding in findings.values())
    print(", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES))
    return counts[FAILED]


def _tell(name: str, finding: Finding) -> None:
    from experiments.training.sanity.checklist import CHECKS

    wide = max(map(len, CHECKS))
    print(f"{name:{wide}}  {finding.outcome:14}  {finding.words}", flush=True)
    if finding.outcome == FAILED:
        print(f"{'':{wide}}  it means:       {CHECKS[name].means}")
        print(f"{'':{wide}}  try:            {CHECKS[name].remedy}", flush=True)


def _record(run: Any, findings: dict[str, Finding], layers: tuple[Layer, ...]) -> None:
    """How many checks end how, what each has measured; the list and the layers as tables."""
    from experiments.training.sanity import layers as of_layers
    from experiments.training.sanity.checklist import CHECKS

    counts = Counter(finding.outcome for finding in findings.values())
    numbers = {METRICS[outcome]: float(counts[outcome]) for outcome in OUTCOMES}
    for name, finding in findings.items():
        numbers |= {f"sanity.{name}.{what}": value for what, value in finding.numbers.items()}
    log(run, Measured(0, numbers))
    run.info["sanity"] = {
        name: {"outcome": finding.outcome, "words": finding.words} for name, finding in findings.items()
    }
    rows = [
        (name, one.outcome, one.words, CHECKS[name].means, CHECKS[name].remedy)
        for name, one in findings.items()
    ]
    log(run, Table("sanity", COLUMNS, tuple(rows)))
    log(run, Table("sanity_layers", of_layers.COLUMNS, tuple(map(of_layers.row_of, layers))))


if __name__ == "__main__":
    run_commandline(experiment)
