"""Recording of any Sacred experiment, attached in one line."""

from __future__ import annotations

import functools
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.recording.beginning import Attachment
from tracker.recording.code import read_code
from tracker.recording.commandline import run_quietly
from tracker.recording.metrics import Metrics
from tracker.recording.observer import JournalObserver
from tracker.recording.options import check_clean, check_options, wanted_id
from tracker.recording.places import FOLDER_OPTION, MONGO_OPTION, Place, chosen_place
from tracker.recording.refusals import refusals
from tracker.recording.sacred_fixes import import_sacred
from tracker.recording.signals import Signals

if TYPE_CHECKING:
    from tracker.mirror import Mirror

sacred = import_sacred()

# An option that the command line does not have: Sacred hands it the run when all others have been applied
_OURS = "--tracker_recording"
# Sacred would add observers for the first two, keep the number as text, and look for git in its own way
_TAKEN = (FOLDER_OPTION, MONGO_OPTION, "--id", "--enforce_clean")


def record(experiment: Any) -> None:
    """Record every run of the experiment: in a folder, and in MongoDB where the store is one.

    The place is what -F or -m say, else what `store_address` names. Whatever starts the run, its own command
    line or `run`, nothing else changes in the experiment: observers that it has already stay.
    """
    if any(option.get_flag() == _OURS for option in experiment.additional_cli_options):
        return
    observe = sacred.commandline_options.CLIOption(_observe, "-0", _OURS, is_flag=True)
    experiment.additional_cli_options = [*experiment.additional_cli_options, observe]
    experiment.option_hook(lambda options: _attach(experiment, options))
    experiment.run_commandline = functools.partial(run_quietly, experiment, experiment.run_commandline)


def note_divergence(run: Any, step: int, layer: str) -> None:
    """Say in the record that the run stopped being finite, at which step and in which layer."""
    facts = {"diverged": {"step": step, "layer": layer}}
    for observer in run.observers:
        if isinstance(observer, JournalObserver):
            observer.note_facts(facts)


def settle(run: Any, step: float) -> None:
    """Bring to disk what the run has told; to be called right before its state at `step` is saved."""
    for observer in run.observers:
        if isinstance(observer, JournalObserver):
            observer.settle(step)


def went_on(run: Any, step: float | None) -> None:
    """Say that the run goes on from a state that was saved at `step`; None: from none, though one was there.

    To be called before the first point is logged. What was logged after that state was saved does not count
    any more. A run that finds a state and says nothing counts as begun anew.
    """
    for observer in run.observers:
        if isinstance(observer, JournalObserver):
            observer.went_on(step)


def _attach(experiment: Any, options: dict[str, Any]) -> None:
    """Sacred's option hook: refuse what cannot be recorded, then leave what `_observe` needs."""
    if _is_unobserved(experiment, options):
        return
    check_options(experiment, options)
    with refusals():
        place = chosen_place(options)
        wanted = wanted_id(options.get("--id"), place)
        base = Path(experiment.base_dir or ".")
        code = read_code(base, place.folder)
        if options.get("--enforce_clean"):
            check_clean(code)
    signals = Signals()
    sources = tuple(source.filename for source in experiment.sources)
    shown = {name: options[name] for name in _TAKEN if name in options}
    if shown.get(MONGO_OPTION):
        shown[MONGO_OPTION] = place.mask.text(str(shown[MONGO_OPTION]))
    attachment = Attachment(place, code, signals, base, sources, wanted)
    options.update(dict.fromkeys(shown), **{_OURS: (attachment, shown)})
    signals.install()  # before the run exists, so that there is no moment in which it dies unrecorded


def _observe(given: tuple[Attachment, dict[str, Any]], run: Any) -> None:
    """Sacred's way to apply an option to a run that is made, but not started."""
    attachment, shown = given
    with refusals():
        attachment = replace(attachment, mirror=_mirror(attachment.place))
    options = run.meta_info["options"]
    del options[_OURS]
    options.update(shown)
    if attachment.wanted is not None:
        run._id = attachment.wanted
    others = [observer for observer in run.observers if not _is_double(observer, attachment.place)]
    observer = JournalObserver(run, attachment, alone=not others)
    run.observers = [observer, *others]
    if not others:
        run.beat_interval = 0  # Sacred's heartbeat has nobody to tell anything
    run._metrics = Metrics(observer.leave_out, also_for_sacred=bool(others))
    run.pre_run_hooks = [observer.take_number, *run.pre_run_hooks]
    run.post_run_hooks = [*run.post_run_hooks, observer.check_result]


def _is_unobserved(experiment: Any, options: dict[str, Any]) -> bool:
    command = experiment.commands.get(options.get("COMMAND") or experiment.default_command)
    return bool(options.get("--unobserved") or options.get("help") or getattr(command, "unobserved", False))


def _is_double(observer: Any, place: Place) -> bool:
    """Whether the observer would write the same files into the same folder."""
    if not isinstance(observer, sacred.observers.FileStorageObserver):
        return False
    return Path(observer.basedir).resolve() == place.folder.resolve()


def _mirror(place: Place) -> Mirror | None:
    """The copy in MongoDB; a server that is not there is told of, one that refuses us refuses the run."""
    if not place.address:
        return None
    from tracker.mirror import open_mirror

    mirror = open_mirror(place.address)
    if mirror.absent:
        logging.getLogger("tracker").warning("%s", place.mask.text(mirror.absent))
    return mirror
