"""A store that is read through its index is the store, whatever happened to it in between."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tracker.journal.heartbeat import beat
from tracker.journal.layout import CONFIG, HEARTBEAT, INFO, JOURNAL, METRICS, POINTS, RUN
from tracker.journal.writer import RunJournal
from tracker.stores.files import FileStore
from tracker.stores.index import Index
from tracker.stores.index_file import INDEX

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = 3_600_000_000_000  # nanoseconds
TICK = 0.012  # seconds in which a file system may not tell two changes apart
FILES = (JOURNAL, POINTS, HEARTBEAT, RUN, CONFIG, INFO, METRICS)
CHOICES = st.integers(0, 1 << 32).map(random.Random)
VALUES = st.lists(st.floats(-9, 9, allow_nan=False) | st.integers(-9, 9), max_size=3)


class StoreWithIndex(RuleBasedStateMachine):
    """Runs come, go on, end, go; files and the index are touched; three readers must tell the same."""

    @initialize()
    def open(self) -> None:
        self.place = TemporaryDirectory()
        self.store, self.other = Path(self.place.name, "runs"), Path(self.place.name, "other")
        self.ahead = HOUR  # by which the clock of the readers is ahead, so that every file is old enough
        self.open_runs: dict[str, RunJournal] = {}
        self.staying = self.reader()
        for store in (self.store, self.other):  # whose numbers, sizes are the same
            RunJournal.start(store, {"config": {"at": store.name[:4]}}, now=NOON).end("COMPLETED", NOON)
        list(self.reader(self.other).runs())

    def reader(self, store: Path | None = None) -> FileStore:
        place = store or self.store
        return FileStore(str(place), Index(place, lambda: time.time_ns() + self.ahead, worth=-1))

    @rule(config=st.dictionaries(st.sampled_from("abc"), st.floats() | st.booleans() | st.text(), max_size=3))
    def begin(self, config: dict[str, Any]) -> None:
        plain = json.loads(json.dumps({"seed": 1, **config}).replace("NaN", "0").replace("Infinity", "1"))
        journal = RunJournal.start(self.store, {"experiment": {"name": "tiny"}, "config": plain}, now=NOON)
        self.open_runs[str(journal.id)] = journal

    @rule(values=VALUES)
    def stock(self, values: list[float]) -> None:
        folder = self.store / str(1 + max([int(one.name) for one in self.store.glob("[0-9]*")], default=0))
        folder.mkdir()
        times = {"start_time": NOON.isoformat(), "heartbeat": NOON.isoformat(), "stop_time": NOON.isoformat()}
        points = {"loss": {"steps": list(range(len(values))), "values": values, "timestamps": []}}
        record = {"status": "COMPLETED", "experiment": {"name": "stock"}, **times}
        for name, content in ((RUN, record), (CONFIG, {"by": {"json://7": 1}}), (METRICS, points)):
            (folder / name).write_text(json.dumps(content, indent=2))
            os.utime(folder / name, (1e9, 1e9))

    @precondition(lambda self: self.open_runs)
    @rule(values=VALUES, end=st.booleans(), choice=CHOICES)
    def go_on(self, values: list[float], end: bool, choice: random.Random) -> None:
        name = choice.choice(sorted(self.open_runs))
        journal = self.open_runs[name]
        journal.add_points("loss", range(len(values)), values, range(len(values)))
        journal.note_info({"seen": values})
        journal.flush()
        beat(journal.folder, NOON + timedelta(seconds=len(values)))
        if end:
            del self.open_runs[name]
            journal.end(choice.choice(("COMPLETED", "FAILED")), NOON + timedelta(hours=1), result=values)

    @rule(choice=CHOICES)
    def delete(self, choice: random.Random) -> None:
        name = choice.choice(sorted(one.name for one in self.store.glob("[0-9]*")) or ["none"])
        self.open_runs.pop(name, None)
        shutil.rmtree(self.store / name, ignore_errors=True)

    @rule(choice=CHOICES, file=st.sampled_from(FILES))
    def change(self, choice: random.Random, file: str) -> None:
        """A digit of a file becomes another, in place; its time is set back to what it was."""
        path = self.chosen(choice, file)
        if path and (places := [at for at, byte in enumerate(path.read_bytes()) if byte in b"12345678"]):
            time.sleep(TICK)
            before, at = path.stat(), choice.choice(places)
            with path.open("r+b") as open_file:
                open_file.seek(at)
                open_file.write(b"9")
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    @rule(choice=CHOICES, file=st.sampled_from(FILES))
    def lose(self, choice: random.Random, file: str) -> None:
        path = self.chosen(choice, file)
        if path and path.parent.name not in self.open_runs:
            time.sleep(TICK)
            path.unlink()

    @rule(choice=CHOICES)
    def spoil(self, choice: random.Random) -> None:
        """Something happens to the index."""
        index = self.store / INDEX
        if not index.exists():
            return
        content = bytearray(index.read_bytes())
        content[choice.randrange(len(content))] ^= 1 << choice.randrange(8)
        torn = content[: choice.randrange(len(content))]
        index.write_bytes(choice.choice((bytes(content), torn, (self.other / INDEX).read_bytes())))

    @rule(hours=st.sampled_from((1, 1000, 0, -1000)))
    def turn_the_clock(self, hours: int) -> None:
        self.ahead = hours * HOUR

    @rule()
    def restart(self) -> None:
        self.staying = self.reader()

    @invariant()
    def all_readers_tell_the_same(self) -> None:
        if hasattr(self, "place"):
            truth = told(FileStore(str(self.store), Index(Path("/nowhere"))))
            assert told(self.staying) == truth
            assert told(self.reader()) == truth

    def chosen(self, choice: random.Random, file: str) -> Path | None:
        found = sorted(self.store.glob(f"[0-9]*/{file}"))
        return choice.choice(found) if found else None

    def teardown(self) -> None:
        if hasattr(self, "place"):
            self.place.cleanup()


def told(store: FileStore) -> list[str]:
    """All that a reader says, as text: NaN does not equal itself, True is not 1."""
    runs = list(store.runs())
    return [*map(repr, runs), *(repr(store.values(runs, "loss", how)) for how in ("last", "mean"))]


TestStoreWithIndex = StoreWithIndex.TestCase
TestStoreWithIndex.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
