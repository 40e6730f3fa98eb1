"""What Sacred tells of a run, written into the run's journal."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracker.errors import StoreError
from tracker.journal.plain import plain
from tracker.journal.resume import ResumedJournal
from tracker.journal.writer import RunJournal
from tracker.recording.beginning import Attachment, first_record, note_beginning, note_imports
from tracker.recording.capture import Captured
from tracker.recording.checkpoints import Note
from tracker.recording.credentials import Mask
from tracker.recording.gather import Gathering
from tracker.recording.going_on import leave_note, left_behind, resumed
from tracker.recording.refusals import refusals

PAUSE = 0.5  # seconds between two flushes: what a run loses at most when it is killed
PATIENCE = 10.0  # seconds that a run's last copy to the server may take
SHORT_PATIENCE = 2.0  # where the server was away already when the run began
JOIN = 2.0  # seconds that the end of a run waits for a flush in progress


class JournalObserver:
    """An observer, as Sacred calls them, of one run; beside it there may be others, which are the user's.

    Sacred's own heartbeat is for those alone: the journal is fed by a thread of ours, which survives every
    value, and which a slow or broken observer does not hold up.
    """

    priority = 100  # before all others, so that the run is on disk before anything else can fail

    def __init__(self, run: Any, attachment: Attachment, *, alone: bool) -> None:
        self.journal: RunJournal | None = None
        self._run, self._attachment, self._alone = run, attachment, alone
        self._process = os.getpid()
        self._lock, self._over = threading.RLock(), threading.Event()
        self._gathering: Gathering | None = None
        self._thread: threading.Thread | None = None
        self._started = 0.0
        self._left: Note | None = None  # by an earlier process of this run
        self._early: dict[str, None] = {}  # what was left out before there was a journal

    # -----------------------------------------------------------------------------------------------
    # Sacred's events

    def queued_event(self, queue_time: datetime, **event: Any) -> int | None:
        """Write the run down without running it."""
        id = self._begin("queued", queue_time, event)
        assert self.journal is not None
        self.journal.flush()
        self._follow()
        self.join()
        return id

    def started_event(self, start_time: datetime, **event: Any) -> int | None:
        """Write the run's first record, and go on writing in the background."""
        with refusals():
            self._left = left_behind(self._attachment.place.folder)
        with self._attachment.signals.postponed():
            return self._start(start_time, event)

    def _start(self, start_time: datetime, event: Mapping[str, Any]) -> int | None:
        self._started = time.monotonic()
        id = self._begin("started", start_time, event)
        assert self.journal is not None
        self._gathering = Gathering(self._run, self.journal, self._mask, self.leave_out, self._warn)
        if isinstance(self._run._output_file, Captured):
            self._run._output_file.divert(also_to_sacred=not self._alone)
        self._thread = threading.Thread(target=self._keep_flushing, name="tracker journal", daemon=True)
        self._thread.start()
        self._follow()
        return id

    def completed_event(self, stop_time: datetime, result: Any) -> None:
        self._end("COMPLETED", stop_time, result=result)

    def interrupted_event(self, interrupt_time: datetime, status: str) -> None:
        self._end(status, interrupt_time)

    def failed_event(self, fail_time: datetime, fail_trace: Sequence[str]) -> None:
        self._end("FAILED", fail_time, fail_trace=list(fail_trace))

    def artifact_event(
        self, name: str, filename: str, metadata: Any = None, content_type: str | None = None
    ) -> None:
        safe = self._mask.value(plain(metadata, self.leave_out, f"metadata of artifact {name}"))
        self._keep(lambda journal: journal.add_artifact(str(name), Path(filename), content_type, safe))

    def resource_event(self, filename: str) -> None:
        self._keep(lambda journal: journal.add_resource(Path(filename)))

    def log_metrics(self, metrics_by_name: Any, info: Any) -> None:
        """Nothing: points are taken when they are due, not at Sacred's beat."""

    def heartbeat_event(self, info: Any, captured_out: str, beat_time: datetime, result: Any) -> None:
        """Nothing: the journal has a beat of its own."""

    # -----------------------------------------------------------------------------------------------
    # Hooks of the run: unlike an experiment's they are no captured functions, whose number changes `_seed`

    def take_number(self) -> None:
        """Before the main function: the run is called by our number, which `-i` or the folder gave it."""
        if self.journal is not None and self._run._id != self.journal.id:
            self._run._id = self.journal.id
            self._run.run_logger.info("Recorded as run %s in %s", self.journal.id, self.journal.store)

    def check_result(self) -> None:
        """After it: a result that cannot be printed would fail the run, because Sacred prints it."""
        try:
            format(self._run.result)
        except Exception:  # noqa: BLE001  # the user's own methods may raise anything
            self._run.result = plain(self._run.result, self.leave_out, "result")

    def join(self) -> None:
        """After the run: wait a little until the server has everything, and say what it has not."""
        self._attachment.signals.restore()
        if self._attachment.mirror is None or self.journal is None or os.getpid() != self._process:
            return
        mirror = self._attachment.mirror
        try:
            left = mirror.finish(SHORT_PATIENCE if mirror.absent else PATIENCE)
        except KeyboardInterrupt:  # the run itself is over and recorded
            left = mirror.left()
        if left:
            self._warn(left)

    # -----------------------------------------------------------------------------------------------
    # What recording itself tells

    def note_facts(self, facts: Mapping[str, Any]) -> None:
        """Facts of the tracker itself: `info.tracker` of the record."""
        if self.journal is not None:
            self.journal.note_facts(self._mask.value(plain(facts, self.leave_out, "info.tracker")))

    def settle(self, step: float) -> None:
        """Bring to disk what the run has told before its state at `step` is saved."""
        if self.journal is not None and self._gathering is not None and os.getpid() == self._process:
            self._flush()
            self.journal.settle(step)

    def went_on(self, step: float | None) -> None:
        """Keep what was told until `step`, in this record, or name the record that has it."""
        if isinstance(self.journal, ResumedJournal):
            self._run._metrics.count_on(self.journal.went_on(step))
        elif self._left is not None and step is not None:
            found = {"run": self._left.run, "uuid": self._left.uuid, "store": self._left.store}
            self.note_facts({"continues": found | {"after_step": step}})

    def leave_out(self, message: str) -> None:
        """Say, and put down, that a value could not be recorded as it is."""
        message = self._mask.text(message)
        if self.journal is None:
            self._early[message] = None
        else:
            self.journal.leave_out(message)

    # -----------------------------------------------------------------------------------------------

    @property
    def _mask(self) -> Mask:
        return self._attachment.mask

    def _warn(self, message: str) -> None:
        self._run.run_logger.warning("%s", self._mask.text(message))

    def _begin(self, event: str, moment: datetime, told: Mapping[str, Any]) -> int | None:
        record = first_record(told, self._run.info, self._attachment, self.leave_out)
        with refusals():
            self.journal = self._resumed(record, moment) or self._begun(record, moment, event)
        for message in self._early:
            self.journal.leave_out(message)
        note_beginning(self.journal, self._attachment)
        # the others number their runs as they do without us, because one of them may have ours already
        return self.journal.id if self._alone else None

    def _begun(self, record: Mapping[str, Any], moment: datetime, event: str) -> RunJournal:
        """A new run."""
        journal = RunJournal.start(
            self._attachment.place.folder,
            record,
            now=moment.replace(tzinfo=UTC),
            wanted=self._attachment.wanted,
            at_least=self._attachment.highest_id,
            event=event,
            warn=self._warn,
        )
        if event == "started" and (trouble := leave_note(journal.store, journal.id, journal.uuid)):
            journal.leave_out(trouble)
        return journal

    def _resumed(self, record: Mapping[str, Any], moment: datetime) -> RunJournal | None:
        """The run that an earlier process has left, where this one can go on in its folder."""
        if self._left is None or self._attachment.wanted is not None:
            return None
        folder, facts = self._attachment.place.folder, self._mask.value(self._attachment.code.facts)
        return resumed(self._left, folder, record, facts, moment.replace(tzinfo=UTC), self._warn)

    def _follow(self) -> None:
        if self._attachment.mirror is not None and self.journal is not None:
            self._attachment.mirror.follow(self.journal.folder)

    def _keep(self, keep: Callable[[RunJournal], None]) -> None:
        if self.journal is None or os.getpid() != self._process:
            return
        try:
            keep(self.journal)
        except StoreError as error:
            self.leave_out(str(error))

    def _keep_flushing(self) -> None:
        while not self._over.wait(PAUSE):
            self._flush()

    def _flush(self, *, last: bool = False) -> None:
        assert self._gathering is not None
        with self._lock:
            try:
                self._gathering.flush(last=last)
            # whatever is wrong with one beat, the next one is needed, and after the last one the end
            except Exception as error:  # noqa: BLE001
                self.leave_out(
                    f"a part of what the run told was not recorded ({type(error).__name__}: {error})"
                )

    def _end(self, status: str, moment: datetime, **told: Any) -> None:
        if self._gathering is None or os.getpid() != self._process or self._over.is_set():
            return  # it never began, or this is a forked child that leaves through Sacred
        assert self.journal is not None
        assert self._thread is not None
        with self._attachment.signals.held():
            self._over.set()
            self._thread.join(JOIN)
            self._flush(last=True)
            note_imports(self.journal, self._attachment)
            told = self._mask.value(plain(told, self.leave_out))
            elapsed = time.monotonic() - self._started
            try:
                self.journal.end(status, moment.replace(tzinfo=UTC), elapsed=elapsed, **told)
            except StoreError as error:
                self._run.run_logger.error("%s", error)
            if self.journal.trouble:
                self._warn(f"run {self.journal.id}: {self.journal.trouble}")
