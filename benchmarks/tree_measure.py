"""What is measured of the tree; each function runs in a process of its own and tells CPU seconds by name."""

from __future__ import annotations

import gc
import json
import multiprocessing
import resource
import shutil
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.tree_scene import (
    LATER,
    METRIC,
    RUNS_OF_A_QUESTION,
    fetched_runs,
    questions_text,
    without_syncing,
    write_rerun,
)
from tracker.findings import findings
from tracker.findings.following import Following
from tracker.questions import load_questions
from tracker.run import Run
from tracker.stores import open_store
from tracker.stores.compact import Parts, packed, unpacked
from tracker.stores.index_file import INDEX
from tracker.stores.sharing import Sharing
from tracker.tree import build_tree

Seconds = dict[str, float]


def alone(work: Callable[..., Any], *arguments: Any) -> Any:
    """What the work returns in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(work, arguments)


@contextmanager
def timed(seconds: Seconds, name: str) -> Iterator[None]:
    """Adds the CPU seconds of what is done inside, user and system."""
    gc.collect()
    began = time.process_time()
    yield
    seconds[name] = time.process_time() - began


def fetched(folder: Path, runs: int) -> Seconds:
    """The tree from runs that are in memory, with every finding; the question file is parsed apart."""
    seconds: Seconds = {}
    path = _questions(folder, runs)
    known, skills = fetched_runs(runs)
    _warmed_up(folder)
    with timed(seconds, "parse"):
        questions = load_questions(path)
    with timed(seconds, "tree"):
        found = findings(build_tree(questions, known), _numbers(skills), LATER)
    assert len(found) == runs // RUNS_OF_A_QUESTION
    return seconds


def cold(folder: Path, runs: int) -> Seconds:
    """All folders read, with a number of each, without an index; it is written, and that counts too."""
    (folder / "runs" / INDEX).unlink(missing_ok=True)
    return {"cold": _read(folder, runs)}


def warm(folder: Path, runs: int) -> Seconds:
    """The same through the index, which another process has written."""
    return {"warm": _read(folder, runs)}


def staying(folder: Path, runs: int) -> Seconds:
    """One new run, seen by a process that has looked before, as watch and serve do."""
    seconds: Seconds = {}
    store = open_store(str(folder / "runs"))
    following = Following(_questions(folder, runs), store)
    following.look(LATER)
    with _one_more(folder, runs):
        with timed(seconds, "staying: read"):
            known = list(store.runs())
        with timed(seconds, "staying: tree"):
            _, found = following.look(LATER, known)
    assert len(known) == runs + 1
    assert found[0].node.cells[0].answer is known[-1]
    return seconds | {"staying": sum(seconds.values())}


def starting(folder: Path, runs: int) -> Seconds:
    """One new run, seen by a new process."""
    seconds: Seconds = {}
    path = _questions(folder, runs)
    _warmed_up(folder)
    store = open_store(str(folder / "runs"))
    with _one_more(folder, runs):
        with timed(seconds, "starting: read"):
            known = list(store.runs())
            skills = store.values(known, METRIC, "last")
        questions = load_questions(path)
        with timed(seconds, "starting: tree"):
            findings(build_tree(questions, known), _numbers(skills), LATER)
    assert len(known) == runs + 1
    return seconds


def memory(folder: Path, runs: int) -> Seconds:
    """Bytes for each run as a store keeps it, with its number, by Python's own count and by the system's."""
    path = folder / f"packed{runs}.jsonl"
    alone(_pack, path, runs)
    return {f"{how} bytes": alone(_kept, path, runs, how) for how in ("traced", "resident")}


def _pack(path: Path, runs: int) -> None:
    """The runs as the index keeps them, with their numbers."""
    parts = Parts()
    made, skills = fetched_runs(runs)
    rows = [[str(run.id), packed(run, parts), skills[run.id]] for run in made]
    path.write_text("".join([f"{json.dumps(row)}\n" for row in [parts.listed, *rows]]), encoding="utf-8")


def _kept(path: Path, runs: int, how: str) -> float:
    gc.collect()
    before = _resident()
    if how == "traced":
        tracemalloc.start()
    numbers, known, sharing = {}, {}, Sharing()
    with path.open(encoding="utf-8") as lines:
        parts = json.loads(next(lines))
        for name, row, skill in map(json.loads, lines):
            mark = hash((name,))  # as large as a true one
            known[name] = mark, sharing.run(unpacked(name, row, parts))
            numbers[name] = mark + 1, (skill, 19)
    del sharing, parts
    gc.collect()
    bytes_more = tracemalloc.get_traced_memory()[0] if how == "traced" else _resident() - before
    assert len(known) == len(numbers) == runs
    return bytes_more / runs


def _read(folder: Path, runs: int) -> float:
    seconds: Seconds = {}
    store = open_store(str(folder / "runs"))
    with timed(seconds, "read"):
        known = list(store.runs())
        skills = store.values(known, METRIC, "last")
    assert len(known) == len(skills) == runs
    return seconds["read"]


@contextmanager
def _one_more(folder: Path, runs: int) -> Iterator[None]:
    without_syncing()
    write_rerun(folder / "runs", runs)
    try:
        yield
    finally:
        shutil.rmtree(folder / "runs" / str(runs + 1))


def _questions(folder: Path, runs: int) -> Path:
    path = folder / f"questions{runs}.yaml"
    path.write_text(questions_text(runs), encoding="utf-8")
    return path


def _warmed_up(folder: Path) -> None:
    """One question, so that nothing is imported while the clock runs."""
    known, skills = fetched_runs(RUNS_OF_A_QUESTION)
    questions = load_questions(_questions(folder, RUNS_OF_A_QUESTION))
    findings(build_tree(questions, known), _numbers(skills), LATER)


def _numbers(skills: dict[int | str, float]) -> Callable[..., dict[int | str, float]]:
    def numbers(runs: Iterable[Run], _name: str, _reduction: str) -> dict[int | str, float]:
        return {run.id: skills[run.id] for run in runs}

    return numbers


def _resident() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * resource.getpagesize()
