"""A page of what came out when questions were run for real, with its limits.

    python -m benchmarks.results QUESTIONS STORE [--only ID ...] [--out docs/results.md]

The runs are those of a store; `make results` makes them first.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracker import Finding, Run, answer, load_questions, open_store, walk
from tracker.export.markdown import escaped, markdown
from tracker.findings import part
from tracker.questions.part import named
from tracker.stores.base import Store


def main() -> None:
    options = _options()
    questions, store = load_questions(options.questions), open_store(str(options.store))
    known = answer(questions, store, datetime.now(UTC))
    chosen = part(known, named(options.only, questions))
    text = page(chosen, known, store, options)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("questions", type=Path, help="file, or file@profile")
    parser.add_argument("store")
    parser.add_argument("--only", action="append", default=[], metavar="ID")
    parser.add_argument("--note", action="append", default=[], help="a further limit, in a sentence")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def page(
    chosen: Sequence[Finding], known: Sequence[Finding], store: Store, options: argparse.Namespace
) -> str:
    """The findings that were chosen, under what they rest on; then the questions that nobody has run."""
    runs = [store.run(run) for run in sorted(_counted(chosen))]
    asked = [one for one in _leaves(chosen) if one.estimates]
    open_ones = [one for one in _leaves(known) if one.state != "done"]
    file, _, profile = str(options.questions).partition("@")
    only = " ".join(f"--only {one}" for one in options.only)
    command = f"sweeps run {file}{f' --profile {profile}' if profile else ''} {only}".strip()
    head = [
        "# Results at a reduced size",
        "",
        f"What came out when {len(asked)} questions of `{file}` were run"
        f"{f' with the profile `{profile}`' if profile else ''}.",
        "The page is made from the records of the runs by `make results`; the sentences are the tracker's.",
        "",
        "## What the numbers rest on, and their limits",
        "",
        *_facts(runs),
        *(f"- {note}" for note in options.note),
        "- What holds for these sizes need not hold for the networks and the recipe of the papers, "
        "whose questions stand in the same file without the profile.",
        "- The learning rate is the same in all values of a question unless the question says otherwise; "
        "nothing was tuned.",
        "- The test set is looked at once a run, at its end, and selects nothing.",
        "- Seeds differ in initial weights and in the order of images, not in the split.",
        "",
        "Once more, from where it stopped if it was interrupted:",
        "",
        "```console",
        f"$ {command}",
        "```",
        "",
        "## What was found",
        "",
    ]
    text = "\n".join(head) + "\n" + f"\n{markdown(chosen)}".replace("\n## ", "\n### ").lstrip("\n")
    return text + "\n".join(["", "## Not run at this size", "", *_names(open_ones)]) + "\n"


@dataclass(frozen=True)
class _Fact:
    """Something that the record of a run tells, and where."""

    words: str
    path: tuple[str, ...]


FACTS = (
    _Fact("images", ("info", "training", "data", "note")),
    _Fact("training images", ("info", "training", "data", "train")),
    _Fact("validation images", ("info", "training", "data", "validation")),
    _Fact("test images", ("info", "training", "data", "test")),
    _Fact("precision", ("info", "training", "precision")),
    _Fact("device", ("info", "training", "device")),
    _Fact("threads of a run", ("info", "training", "threads")),
    _Fact("processor", ("host", "cpu")),
    _Fact("torch", ("info", "training", "torch")),
    _Fact("Python", ("host", "python_version")),
    _Fact("commit", ("info", "tracker", "code", "commit")),
)


def _facts(runs: Sequence[Run]) -> Iterable[str]:
    hours = sum(run.hours for run in runs)
    seeds = sorted({run.seed for run in runs if run.seed is not None})
    ended = [run.stopped for run in runs if run.stopped]
    begun = [run.started for run in runs if run.started]
    yield f"- {len(runs)} runs with the seeds {', '.join(map(str, seeds))}."
    if begun and ended:
        span = (max(ended) - min(begun)).total_seconds() / 60
        yield f"- {60 * hours:.0f} minutes of runs in {span:.0f} on the clock, until {max(ended):%Y-%m-%d}."
    for fact in FACTS:
        values = sorted({str(value) for run in runs if (value := _at(run, fact.path)) is not None})
        if values:
            yield f"- {fact.words}: {escaped(', '.join(values))}"


def _at(run: Run, path: tuple[str, ...]) -> Any:
    found: Any = getattr(run, path[0])
    for key in path[1:]:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _counted(findings: Sequence[Finding]) -> set[int | str]:
    """The runs whose numbers stand in the findings; others may fit a question and not be asked for it."""
    tables = (one.runs_frame() for one in _leaves(findings))
    return {run for table in tables for run in table[table["role"] == "answer"]["run"]}


def _leaves(findings: Iterable[Finding]) -> list[Finding]:
    return [below for one in findings for below in walk(one) if below.node.question.values]


def _names(findings: Iterable[Finding]) -> list[str]:
    """A line a question, or that there is none."""
    told = [f"- {escaped(one.node.question.node)}: {escaped(one.node.question.question)}" for one in findings]
    return told or ["None: every question of the file has its runs."]


if __name__ == "__main__":
    main()
