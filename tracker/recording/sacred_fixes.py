"""What must be mended in Sacred 0.8.7, each with its reason."""

from __future__ import annotations

import importlib
import sys
import warnings
from types import ModuleType
from typing import Any

MENDED_VERSION = "0.8.7"


def import_sacred() -> ModuleType:
    """Sacred, imported without pandas.

    Sacred imports pandas only to serialise data frames, which a record here never holds; pandas is two thirds
    of the time Sacred needs to start. A pandas that is already there is left alone.
    """
    hidden = "pandas" not in sys.modules and "sacred" not in sys.modules
    if hidden:
        sys.modules["pandas"] = None  # type: ignore[assignment]  # makes Sacred's optional import fail at once
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)
            warnings.filterwarnings("ignore", message="'pkgutil.find_loader'", category=DeprecationWarning)
            warnings.filterwarnings(
                "ignore", message="Deprecated call to `pkg_resources", category=DeprecationWarning
            )
            sacred = importlib.import_module("sacred")
    finally:
        if hidden:
            del sys.modules["pandas"]
    _mend(sacred)
    return sacred


def _mend(sacred: ModuleType) -> None:
    if sacred.__version__ != MENDED_VERSION:
        warnings.warn(
            f"only Sacred {MENDED_VERSION} is mended; this is {sacred.__version__}, which runs as it is",
            stacklevel=3,
        )
        return
    # nvidia-smi is asked at every start without a timeout, and an answer such as "N/A" ends the run
    sacred.SETTINGS.HOST_INFO.INCLUDE_GPU_INFO = False
    # "fd" loses the last lines and waits for child processes that outlive the run
    sacred.SETTINGS.CAPTURE_MODE = "sys"
    run_class = importlib.import_module("sacred.run").Run
    run_class._get_captured_output = _get_captured_output


def _get_captured_output(run: Any) -> None:
    """Keep the output of failed and interrupted runs to the last line.

    Sacred returns early once the capture is closed, which is before the last read of a run that did not
    complete; the rest stands in `final` then.
    """
    captured = run._output_file
    if captured.closed and captured.final is None:
        return
    text = captured.get()
    run.captured_out = (run.captured_out or "") + (
        text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    )
    if run.captured_out_filter is not None:
        run.captured_out = run.captured_out_filter(run.captured_out)
