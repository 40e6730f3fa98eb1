"""From a run that goes into its journal, several times a second."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tracker.journal.plain import plain
from tracker.journal.writer import RunJournal
from tracker.recording.capture import Captured
from tracker.recording.credentials import Mask
from tracker.recording.metrics import Metrics
from tracker.recording.output import CleanOutput

BEAT = 5.0  # seconds between two signs of life
INFO_SHARE = 0.02  # of a processor that looking for changes in a large `info` may take

Tell = Callable[[str], None]


class Gathering:
    """Takes what is new in a run and flushes it; the cost depends on what is new, not on the run's length."""

    def __init__(self, run: Any, journal: RunJournal, mask: Mask, leave_out: Tell, warn: Tell) -> None:
        self._run, self._journal, self._mask = run, journal, mask
        self._leave_out, self._warn = leave_out, warn
        self._output = CleanOutput()
        self._seen = 0  # letters of the output, as far as Sacred is not mended
        self._not_finite: set[str] = set()
        self._next_beat = self._next_info = 0.0
        self._trouble = ""

    def flush(self, *, last: bool = False) -> None:
        """Everything that is new, to the system; the last time also the line that is open."""
        self._take_points()
        self._take_output(last=last)
        self._take_info(last=last)
        if time.monotonic() >= self._next_beat:
            self._journal.beat(datetime.now(UTC))
            self._next_beat = time.monotonic() + BEAT
        self._journal.flush()
        self._tell_trouble()

    def _take_points(self) -> None:
        metrics: Metrics = self._run._metrics
        for name, batch in metrics.take().items():
            if name not in self._not_finite and not all(map(math.isfinite, batch.values)):
                self._not_finite.add(name)
                self._warn(f"metric {name} has a value that is not finite, which is counted and not kept")
            self._journal.add_points(name, batch.steps, batch.values, batch.times)

    def _take_output(self, *, last: bool) -> None:
        text = self._output.feed(self._new_output())
        if last:
            text += self._output.close()
        if text:
            self._journal.add_output(self._mask.text(self._filtered(text)))

    def _new_output(self) -> str:
        captured = self._run._output_file
        if isinstance(captured, Captured):
            return captured.take()
        text: str = self._run.captured_out or ""
        new, self._seen = text[self._seen :], len(text)
        return new

    def _filtered(self, text: str) -> str:
        """The lines through the filter that the experiment may have for its output."""
        filter_lines = self._run.captured_out_filter
        if filter_lines is None:
            return text
        try:
            return str(filter_lines(text))
        except Exception as error:  # noqa: BLE001  # the user's function may raise anything
            self._leave_out(f"the filter of the output failed ({type(error).__name__}: {error})")
            return text

    def _take_info(self, *, last: bool) -> None:
        """What has changed in `_run.info`; the larger it is, the less often it is looked at."""
        if not last and time.monotonic() < self._next_info:
            return
        before = time.thread_time()
        self._journal.note_info(self._mask.value(plain(self._run.info, self._leave_out, "info")))
        took = time.thread_time() - before
        self._next_info = time.monotonic() + took / INFO_SHARE

    def _tell_trouble(self) -> None:
        trouble = self._journal.trouble
        if bool(trouble) != bool(self._trouble):
            self._warn(
                f"run {self._journal.id} cannot be written now ({trouble}); what it tells is kept in memory "
                "until it can"
                if trouble
                else f"run {self._journal.id} can be written again"
            )
        self._trouble = trouble
