"""What was found, as lines for the terminal and as a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from benchmarks.machine import QUIET
from benchmarks.speed.accuracy import Accuracy
from benchmarks.speed.cases import CASES, PRECISIONS, Case
from benchmarks.speed.rounds import OF_PROCESSES, Found
from benchmarks.speed.start_up import COMMANDS, FIRST_STEP, Times

SENTENCES = (
    "The sides take turns in the order A B B A, which is one round.",
    "Each has processes of its own, which wait while the other side has its turn;",
    f"new ones take over after {OF_PROCESSES} rounds.",
    "A ratio is how many times better ours is: the median of the rounds, then the least and the greatest.",
    f"A round is dirty where other processes used more than {QUIET} cores while the processes of its sides "
    "were there; it counts all the same.",
    "A gate is what every clean round must clear.",
    "The peer's recipe is that of the most used CIFAR ResNet script, written from its description:",
    "images as pictures, one by one, in four loader workers, fp32.",
    "Both sides train the same network on images of noise, in batches of 128 unless said.",
    "Ours trains as a run of 100 epochs does, so that its steps are compiled where `compile=auto` says so,",
    "but in whole runs, in memory and where it says plain.",
    "Where memory is compared, the full run keeps what it frees for its next step, as it does unless told;",
    "what saves memory gives large tensors back.",
    "Beside bf16 stands how far the accuracy of networks trained in it is from that of fp32.",
)
TRAINING = ("train", "fit")  # the sides that make steps
EXPLAINED = "performance.md"
EXPLANATIONS: Mapping[
    str, str
] = {  # a case or a command -> the section of that page that says what holds it back
    **dict.fromkeys(("train-fp32", "train-56-fp32"), "training-in-fp32"),
    **dict.fromkeys(("train-bf16", "train-56-bf16"), "training-in-bf16"),
    "evaluate-fp32": "evaluation",
    "evaluate-bf16": "evaluation",
    **dict.fromkeys(("fit-fp32", "fit-bf16"), "a-whole-run"),
    **dict.fromkeys(
        (f"bn-only{saving}-{precision}" for saving in ("", "-saving-memory") for precision in PRECISIONS),
        "where-less-learns",
    ),
    **dict.fromkeys(("two-runs-fp32", "two-runs-bf16"), "two-runs-at-once"),
    **dict.fromkeys(
        (f"memory-{part}-{precision}" for part in ("bn-only", "frozen-bn") for precision in PRECISIONS),
        "memory-where-less-learns",
    ),
    **dict.fromkeys((one.title for one in (*COMMANDS, FIRST_STEP)), "start-up"),
}
ELSEWHERE = (
    "",
    "## Elsewhere",
    "",
    "The [tree](speed.md) and [sweeps](speed-sweeps.md) have pages of their own, each beside peers.",
    "`make bench-gpu` measures what a graphics card reaches; [its page](gpu.md) names the missing numbers.",
)
START_UP = (
    "## Start-up",
    "",
    "Processor seconds of a command, and of a run the seconds on the clock.",
    "The median comes first, then the least and the greatest.",
)
START_COLUMNS = ("command", "takes", "target", "gate")
BEFORE = (
    "## Before the first counted step",
    "",
    "Seconds from the start of the process: importing, preparing, and steps or an epoch that do not count.",
    "The median comes first, then the least and the greatest.",
)
BEFORE_COLUMNS = ("case", "precision", "ours", "the other side")
COLUMNS = (
    "case", "precision", "ours", "the other side", "ratio", "target", "gate", "dirty rounds", "accuracy",
)  # fmt: skip


def line(case: Case, found: Found) -> str:
    """For the terminal."""
    least, greatest = found.spread
    return (
        f"{case.title}, {case.precision}: {found.ours:.0f} against {found.other:.0f} {case.unit}, "
        f"{found.ratio:.2f} times as good ({least:.2f} to {greatest:.2f}), "
        f"{found.dirty} of {len(found.rounds)} rounds dirty{_target(case, found)}"
    )


def page(
    found: Mapping[str, Found],
    times: Iterable[Times],
    command: str,
    machine: str,
    known: Accuracy = Accuracy(),  # noqa: B008 -- it cannot change
    dates: Sequence[str] = ("a day that nobody noted",),
) -> str:
    """The page of all cases in docs."""
    first, last = min(dates), max(dates)
    when = f"on {first}" if first == last else f"between {first} and {last}"
    made = f"Made by `{command}` {when}; `make bench` measures a part in minutes."
    head = ["# Speed of training", "", made, ""]
    rows = [_cells(COLUMNS), _cells("---" for _ in COLUMNS)]
    rows += [_row(CASES[name], one, known) for name, one in found.items()]
    times = list(times)
    if starts := [_cells(one.row) for one in times]:
        rows += ["", *START_UP, "", _cells(START_COLUMNS), _cells("---" for _ in START_COLUMNS), *starts]
    lines = [*head, f"{machine}.", "", *SENTENCES, "", *rows, *_before(found), *known.section]
    return "\n".join([*lines, *_missed(found, times), *ELSEWHERE]) + "\n"


def _before(found: Mapping[str, Found]) -> list[str]:
    """What each side of a training took to its first counted step."""
    rows = [
        _cells((CASES[name].title, CASES[name].precision, *map(_seconds, zip(*starts, strict=True))))
        for name, one in found.items()
        if CASES[name].ours.function in TRAINING
        for starts in [[(each.start, each.other_start) for each in one.rounds]]
    ]
    head = ["", *BEFORE, "", _cells(BEFORE_COLUMNS), _cells("---" for _ in BEFORE_COLUMNS)]
    return [*head, *rows] if rows else []


def _seconds(every: Sequence[float]) -> str:
    return f"{median(every):.1f} s ({min(every):.1f} to {max(every):.1f})"


def _missed(found: Mapping[str, Found], times: Iterable[Times]) -> list[str]:
    """Every target that was missed, with the place that says why."""
    titles = {
        name: f"{CASES[name].title}, {CASES[name].precision}"
        for name, one in found.items()
        if not _reaches(CASES[name], one)
    }
    titles |= {one.command.title: one.command.title for one in times if not one.is_met}
    lines = [f"- {title}: {_why(name)}." for name, title in titles.items()]
    return ["", "## Targets that were missed", "", *lines] if lines else []


def _why(name: str) -> str:
    section = EXPLANATIONS.get(name)
    return f"[where the time goes]({EXPLAINED}#{section})" if section else "not explained yet"


def _reaches(case: Case, found: Found) -> bool:
    """Whether the median does; a case without a target misses none."""
    return case.target is None or found.ratio >= case.target


def _row(case: Case, found: Found, known: Accuracy) -> str:
    least, greatest = found.spread
    gate = found.clears(case.gate) if case.gate else None
    cells = (
        case.title,
        case.precision,
        f"{found.ours:.0f} {case.unit}",
        f"{found.other:.0f} ({case.other.label})",
        f"{found.ratio:.2f} ({least:.2f} to {greatest:.2f})",
        f"{case.target:.2f}, {_met(case, found)}" if case.target else "",
        f"{case.gate:.2f}, {_cleared(gate)}" if case.gate else "",
        f"{found.dirty} of {len(found.rounds)}",
        known.beside(case),
    )
    return _cells(cells)


def _cells(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cleared(gate: bool | None) -> str:
    return {True: "cleared", False: "not cleared", None: "no clean round"}[gate]


def _target(case: Case, found: Found) -> str:
    if case.target is None:
        return ""
    return f"; target {case.target:.2f} {_met(case, found)}"


def _met(case: Case, found: Found) -> str:
    return "met" if _reaches(case, found) else "missed"
