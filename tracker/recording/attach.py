"""Recording of any Sacred experiment, attached in one line."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from tracker.address import is_mongo
from tracker.errors import TrackerError
from tracker.recording.observers import check_folder, check_mongo_option, mongo_observer
from tracker.recording.provenance import code_state
from tracker.recording.sacred_fixes import import_sacred
from tracker.run import LIVE_FOR
from tracker.settings import store_address

sacred = import_sacred()
SacredError: Any = sacred.utils.SacredError

LONGEST_BEAT = LIVE_FOR / 3  # seconds: three beats may get lost before a run counts as dead

# the options with which a user says on the command line where a run goes
_STORE_OPTIONS = ("--file_storage", "--mongo_db", "--sql", "--tiny_db", "--s3", "--unobserved", "--queue")


class Refused(SacredError):  # type: ignore[misc]  # noqa: N818  # Sacred prints the name before the message
    """A run that is refused, in one line and with exit code 1."""

    __module__ = "builtins"  # so that Sacred prints "Refused: ..." without a module path

    def __init__(self, message: str) -> None:
        super().__init__(message, print_traceback=False)


class Terminated(KeyboardInterrupt):
    """The run was asked to end by a signal; Sacred records it as INTERRUPTED, as it does Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.exit_code = 128 + number  # the shell's way to say which signal


def record(experiment: Any) -> None:
    """Record every run of the experiment in the store that `store_address` names.

    Options of Sacred's command line that name a place (-F, -m, -u ...) come first. The record also says which
    code made the run, and SIGTERM and SIGHUP end a run as INTERRUPTED instead of leaving it RUNNING for ever.
    """

    @experiment.option_hook  # type: ignore[untyped-decorator]
    def choose_store(options: dict[str, Any]) -> None:
        if _is_unobserved(experiment, options):
            return
        _end_on_signals()  # before the run exists, so that there is no moment in which it dies unrecorded
        _check_beat(options.get("--beat-interval"))
        _check_named_configs(experiment, options.get("UPDATE") or [])
        with _refusals():
            if not any(options.get(option) for option in _STORE_OPTIONS):
                _use_store(experiment, options, store_address())
            if options.get("--mongo_db"):
                check_mongo_option(options["--mongo_db"])
            if options.get("--file_storage"):
                check_folder(options["--file_storage"])

    @experiment.pre_run_hook  # type: ignore[untyped-decorator]
    def note_the_start(_run: Any) -> None:
        _facts(_run)["code"] = code_state(Path(experiment.base_dir or "."))


def note_divergence(run: Any, step: int, layer: str) -> None:
    """Say in the record that the run stopped being finite, at which step and in which layer."""
    _facts(run)["diverged"] = {"step": step, "layer": layer}


def _is_unobserved(experiment: Any, options: dict[str, Any]) -> bool:
    command = experiment.commands.get(options.get("COMMAND") or experiment.default_command)
    return bool(options.get("--unobserved") or options.get("help") or getattr(command, "unobserved", False))


def _check_beat(interval: str | None) -> None:
    """Refuse a beat that never comes, with which Sacred records no metrics, or too late for a living run."""
    try:
        useful = interval is None or 0 < float(interval) <= LONGEST_BEAT
    except ValueError:
        useful = False
    if not useful:
        raise Refused(
            f"--beat-interval={interval} must be a number of seconds above 0 and at most {LONGEST_BEAT:g}, "
            f"because a run without a sign of life for {LIVE_FOR:g} s counts as dead"
        )


def _check_named_configs(experiment: Any, updates: list[str]) -> None:
    """Refuse a word after `with` that is no setting, no named config and no file, before Sacred stumbles."""
    for word in updates:
        if "=" not in word and word not in experiment.named_configs and not Path(word).is_file():
            known = ", ".join(experiment.named_configs) or "none"
            raise Refused(f"with {word}: there is no such named config or file; named configs: {known}")


def _use_store(experiment: Any, options: dict[str, Any], address: str) -> None:
    if not is_mongo(address):
        options["--file_storage"] = address
    elif not any(isinstance(observer, sacred.observers.MongoObserver) for observer in experiment.observers):
        experiment.observers.append(mongo_observer(address))


def _facts(run: Any) -> dict[str, Any]:
    """What the tracker itself says of a run: `info.tracker` of the record."""
    facts: dict[str, Any] = run.info.setdefault("tracker", {})
    return facts


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except TrackerError as error:
        raise Refused(str(error)) from error


def _end_on_signals() -> None:
    def end(number: int, _frame: FrameType | None) -> None:
        raise Terminated(number)

    if threading.current_thread() is threading.main_thread():  # Python lets no other set handlers
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, end)
