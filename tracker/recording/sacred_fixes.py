"""What must be mended in Sacred 0.8.7, each with its reason."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

from tracker.recording.capture import Captured, TextQueue
from tracker.recording.credentials import Mask

MENDED_VERSION = "0.8.7"


def import_sacred() -> ModuleType:
    """Sacred, mended, imported without pandas.

    Sacred imports pandas only to serialise data frames, which a record here never holds; pandas is two thirds
    of the time Sacred needs to start. A pandas that is already there is left alone.
    """
    if "tracker.mended" in sys.modules.get("sacred", ModuleType("")).__dict__:
        return sys.modules["sacred"]
    hidden = "pandas" not in sys.modules and "sacred" not in sys.modules
    if hidden:
        sys.modules["pandas"] = None  # type: ignore[assignment]  # makes Sacred's optional import fail at once
    try:
        sacred = _imported()
    finally:
        if hidden:
            del sys.modules["pandas"]
    _mend(sacred)
    sacred.__dict__["tracker.mended"] = sacred.__version__ == MENDED_VERSION
    return sacred


def _imported() -> ModuleType:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)
        warnings.filterwarnings("ignore", message="'pkgutil.find_loader'", category=DeprecationWarning)
        warnings.filterwarnings(
            "ignore", message="Deprecated call to `pkg_resources", category=DeprecationWarning
        )
        return importlib.import_module("sacred")


def _mend(sacred: ModuleType) -> None:
    # nvidia-smi is asked at every start without a timeout, and an answer such as "N/A" ends the run
    sacred.SETTINGS.HOST_INFO.INCLUDE_GPU_INFO = False
    # "fd" waits for child processes that outlive the run, and shows what is printed late
    sacred.SETTINGS.CAPTURE_MODE = "sys"
    if sacred.__version__ != MENDED_VERSION:
        warnings.warn(
            f"only the internals of Sacred {MENDED_VERSION} are mended; this is {sacred.__version__}, whose "
            "records may lack the last lines of the output",
            stacklevel=4,
        )
        return
    run, capturing, utils, experiment = (
        importlib.import_module(f"sacred.{name}")
        for name in ("run", "stdout_capturing", "utils", "experiment")
    )
    # see the two classes for what is wrong with Sacred's
    capturing.__dict__.update(CapturedStdout=Captured, StringIO=TextQueue)
    run.Run._get_captured_output = _get_captured_output
    run.Run._safe_call = _safe_call
    filtered = utils.FilteredTracebackException
    filtered._filter_tb = _filter_traceback(filtered._filter_tb)
    filtered.format = _without_credentials(filtered.format)
    experiment.__dict__["format_sacred_error"] = _without_last_line_feed(experiment.format_sacred_error)


def _get_captured_output(run: Any) -> None:
    """Read the output also after its end.

    Sacred returns early once the capture is closed, which is before the last read of a run that did not
    complete.
    """
    text = (run.captured_out or "") + run._output_file.get()
    run.captured_out = text if run.captured_out_filter is None else run.captured_out_filter(text)


def _safe_call(run: Any, observer: Any, method: str, **arguments: Any) -> None:
    """Call an observer again although it failed before.

    Sacred calls it never again, so that one lost connection or one value costs the rest of the run.
    """
    try:
        getattr(observer, method)(**arguments)
    except Exception as error:  # noqa: BLE001  # an observer may raise anything, and the run goes on
        if observer not in run._failed_observers:
            run._failed_observers.append(observer)
            run.run_logger.warning(f"{method} of the observer {observer!r} failed, and is tried on: {error}")


def _filter_traceback(original: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Let an exception without a traceback pass, as the cause in `raise X from Y()` is one.

    Sacred takes the last of no frames, so that an IndexError hides the user's error.
    """

    def filtered(self: Any, traceback: Any) -> Any:
        frame = traceback
        while frame is not None and frame.tb_frame.f_globals["__name__"].partition(".")[0] == "sacred":
            frame = frame.tb_next
        return None if frame is None else original(self, traceback)

    return filtered


def _without_credentials(original: Callable[..., Iterator[str]]) -> Callable[..., Iterator[str]]:
    """Print the traceback of a failed run without the password of a database's address in its message."""

    def format(self: Any, **options: Any) -> Iterator[str]:
        yield from map(Mask().text, original(self, **options))

    return format


def _without_last_line_feed(original: Callable[..., str]) -> Callable[..., str]:
    """The words of a refusal without the end of their last line, as Sacred prints one more after them."""

    def format_sacred_error(*words: Any, **named: Any) -> str:
        return original(*words, **named).rstrip("\n")

    return format_sacred_error


def without_git(sacred: ModuleType) -> type:
    """Sacred's Experiment, that asks git only when told to.

    Sacred asks it once for each source file, and stops with an error in a repository without commits, in one
    of another user, and without git. The signature's default is changed in a copy of the very function,
    because Experiment looks at the frame that calls it to find the main file.
    """
    original: Any = sacred.Experiment.__init__
    copy = FunctionType(original.__code__, original.__globals__, "__init__", None, original.__closure__)
    copy.__defaults__ = (*original.__defaults__[:-1], False)
    copy.__doc__ = original.__doc__
    return type("Experiment", (sacred.Experiment,), {"__init__": copy, "__doc__": sacred.Experiment.__doc__})
