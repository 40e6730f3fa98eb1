"""The page that tells what was measured of the tree."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.tree_scene import METRICS, RUNS_OF_A_QUESTION

Measured = Mapping[str, Sequence[float]]

ROWS = (  # name, what it is, the bar
    ("tree", "the tree of {runs:,} fetched runs: matching, estimates, tests, sentences", 1.0),
    ("large: tree", "the same of {large:,}", 5.0),
    ("cold", "reading {runs:,} run folders with a number of each; the index is written", 10.0),
    ("warm", "the same by a new process, through the index", 1.0),
    ("staying: tree", "one new run, in a process that stays: the tree, numbers included", 0.2),
    ("staying", "the same with looking at all {runs:,} folders", 0.2),
    ("starting: tree", "one new run, in a new process: the tree, everything computed", None),
    ("starting: read", "and the reading before it", None),
    ("parse", "parsing the YAML of {questions:,} questions", None),
)
MISSED = "MISSED"
SIZES = {"runs": 10_000, "large": 100_000}  # that the bars are meant for; they say nothing of fewer runs
BESIDE = (
    ("warm", "reading all runs, through the index"),
    ("cold", "reading all runs, without an index"),
    ("staying", "seeing one new run, with all findings"),
)
MOST_BYTES = 2_000  # for each run
BYTES = (
    ("traced bytes", "by Python's own count (tracemalloc)"),
    ("resident bytes", "by the system's (resident memory, with what Python has freed and not given back)"),
)


def report(measured: Measured, versions: Mapping[str, str], options: argparse.Namespace) -> str:
    """The page, in Markdown."""
    return "\n".join([*_head(options), *_ours(measured, options), *_memory(measured, options),
                      *_mlflow(measured, versions, options), ""])  # fmt: skip


def _head(options: argparse.Namespace) -> Iterator[str]:
    yield "# Speed of the tree"
    yield ""
    sizes = f"--runs {options.runs} --large {options.large} --rounds {options.rounds}"
    yield f"Written on {datetime.now(UTC):%Y-%m-%d} by `python -m benchmarks.tree {sizes}`."
    yield ""
    yield f"Machine: {_processor()}, {os.cpu_count()} CPUs, {platform.system()} {platform.release()};"
    yield f"Python {platform.python_version()}."
    yield ""
    yield f"All numbers are CPU seconds, user and system, over {options.rounds} rounds; imports do not count."
    yield f"A question has {RUNS_OF_A_QUESTION} runs: eight values, five seeds."
    yield f"A run has twenty settings and {len(METRICS)} metrics of twenty points."
    yield "Folders are in the page cache."
    if (load := os.getloadavg()[2]) > (os.cpu_count() or 1):
        yield f"Other work shared the processors (a load of {load:.1f}), so that a quiet machine needs less."
    yield ""


def _ours(measured: Measured, options: argparse.Namespace) -> Iterator[str]:
    sizes = {"runs": options.runs, "large": options.large, "questions": options.runs // RUNS_OF_A_QUESTION}
    yield "| what | bar | median | least to most | |"
    yield "|---|---|---|---|---|"
    for name, what, promise in ROWS:
        seconds = measured[name]
        size = "large" if name.startswith("large") else "runs"
        bar = promise if sizes[size] >= SIZES[size] else None
        met = "" if bar is None else "met" if max(seconds) <= bar else MISSED
        promised = "" if bar is None else f"at most {bar:g} s"
        told = f"{median(seconds):.2f} s | {_span(seconds)} s | {met}"
        yield f"| {what.format(**sizes)} | {promised} | {told} |"
    yield ""


def _memory(measured: Measured, options: argparse.Namespace) -> Iterator[str]:
    yield f"Memory for each of {options.large:,} runs that a store keeps, with its number;"
    yield f"the bar is {MOST_BYTES:,} bytes:"
    yield ""
    for name, what in BYTES:
        took = median(measured[name])
        yield f"- {took:,.0f} bytes {what}: {'met' if took <= MOST_BYTES else MISSED};"
    yield ""


def _mlflow(measured: Measured, versions: Mapping[str, str], options: argparse.Namespace) -> Iterator[str]:
    yield "## Beside MLflow"
    yield ""
    if "mlflow" not in measured:
        yield "MLflow was not measured in this run."
        return
    theirs = measured["mlflow"]
    yield f"MLflow {versions['mlflow']}: `search_runs` of the same {options.runs:,} runs from SQLite,"
    yield f"the second time in a process: {median(theirs):.2f} s, {_span(theirs)} s."
    yield "It gives a table of the runs with the last value of every metric, without questions or findings."
    yield ""
    yield "| ours, in the same round | MLflow takes so many times as long, median | least to most |"
    yield "|---|---|---|"
    for name, what in BESIDE:
        ratios = [other / own for other, own in zip(theirs, measured[name], strict=True)]
        yield f"| {what} | {median(ratios):.1f} | {_span(ratios, 1)} |"


def _span(numbers: Sequence[float], places: int = 2) -> str:
    return f"{min(numbers):.{places}f} to {max(numbers):.{places}f}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
