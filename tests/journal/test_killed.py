"""A process that writes a journal is killed at any moment: what it had flushed is there, once."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tracker.journal.append import AppendFile
from tracker.journal.layout import JOURNAL, OUTPUT, POINTS
from tracker.journal.reader import metric_names, new_points, read_output, read_points, read_record

KILLS = 20
MORE = b'{"name":"more","steps":[1],"values":[2],"start":3,"deltas":[0]}'

WRITER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from tracker.journal.writer import RunJournal

record = {"experiment": {"name": "victim", "sources": []}, "config": {}, "command": "main"}
journal = RunJournal.start(Path(sys.argv[1]), record, now=datetime.now(UTC))
print("begun", flush=True)
done, size = 0, int(sys.argv[2])
for beat in range(10_000):
    steps = range(done, done + size)
    journal.add_points("loss", steps, [step / 7 for step in steps], [10**15 + step for step in steps])
    journal.add_points("odd", [beat], [float("nan") if beat % 2 else 1.0], [10**15])
    journal.add_output("".join(f"line {step}\\n" for step in steps) + "not ended yet, ")
    journal.add_output("now\\n")
    journal.note_info({"beat": beat})
    if beat == 2:
        journal.add_artifact("script", Path(sys.argv[3]))
    journal.beat(datetime.now(UTC))
    journal.flush()
    done += size
    print(done, flush=True)
    time.sleep(0.1 if size < 1000 else 0.01)
"""


@pytest.mark.parametrize("kill", range(KILLS))
def test_what_was_flushed_before_a_kill_is_there_exactly_once(kill: int, tmp_path: Path) -> None:
    chance = random.Random(kill)
    size = (3, 20_000)[kill % 2]
    script = tmp_path / "writer.py"
    script.write_text(WRITER, encoding="utf-8")
    command = [sys.executable, str(script), str(tmp_path / "runs"), str(size), str(script)]
    acknowledgements = tmp_path / "acknowledged"
    with acknowledgements.open("w") as out:
        writer = subprocess.Popen(command, stdout=out, cwd=Path(__file__).parents[2])
    folder = tmp_path / "runs" / "1"
    deadline = time.monotonic() + chance.uniform(0.1, 1.0)
    while time.monotonic() < deadline:  # whoever reads meanwhile gets a whole run, or none yet
        check(folder, acknowledged(acknowledgements))
    writer.kill()
    writer.wait()
    check(folder, acknowledged(acknowledgements))
    if folder.exists():
        check_that_a_torn_tail_is_mended(folder)


def acknowledged(path: Path) -> int | None:
    """How many points were flushed; None before the run was begun."""
    lines = path.read_text().split("\n")[:-1]
    return None if not lines else 0 if lines[-1] == "begun" else int(lines[-1])


def check(folder: Path, flushed: int | None) -> None:
    record = read_record(folder)
    if flushed is None and record is None:
        return
    assert record is not None
    assert record.document["experiment"]["name"] == "victim"
    assert (record.document["status"], record.fault) == ("RUNNING", "")
    points, output = read_points(folder, "loss"), read_output(folder)
    assert points.steps == list(range(len(points.steps)))
    assert points.values == [step / 7 for step in points.steps]
    assert len(points.steps) == len(points.times) >= (flushed or 0)
    whole = [line for line in output.split("\n")[:-1] if not line.startswith("not ended")]
    assert whole == [f"line {step}" for step in range(len(whole))]
    assert len(whole) >= (flushed or 0)
    assert set(metric_names(folder)) <= {"loss", "odd"}
    batches, end = new_points(folder, 0, limit_bytes=1 << 40)
    assert sum(len(batch.steps) for batch in batches if batch.name == "loss") >= len(points.steps)
    assert new_points(folder, end)[1] >= end


def check_that_a_torn_tail_is_mended(folder: Path) -> None:
    before = read_points(folder, "loss")
    for name in (JOURNAL, POINTS, OUTPUT):
        file = AppendFile(folder / name)
        file.write(MORE + b"\n")
        file.close()
        assert (folder / name).read_bytes().split(b"\n").count(MORE) == 1
    assert read_points(folder, "loss") == before
    assert read_points(folder, "more").times == [3]
