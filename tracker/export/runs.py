"""Runs in a terminal, as a list or one by one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tracker.configs import flat, same
from tracker.export.terminal import MARKS, shown
from tracker.run import Run
from tracker.stores.base import RunStore, Store

PARTS = "tracker.parts"
UNREADABLE = "unreadable"
SHOWN = 5  # items of a list that are shown of a run


def render_runs(runs: Iterable[Run], now: datetime, console: Console) -> None:
    """Print a line per run; where the output is no terminal the columns are parted by tabs."""
    lines = [_line(run, now) for run in runs]
    if not console.is_terminal:
        console.file.writelines("\t".join(line) + "\n" for line in lines)  # the console would expand tabs
        return
    table = Table("run", "experiment", "state", "seed", "started (UTC)", "minutes", "result", box=None)
    marks = {**MARKS, UNREADABLE: ("", "red")}
    for line in lines:
        table.add_row(*[Text(cell, marks.get(cell, ("", ""))[1]) for cell in line])
    console.print(table)


def render_run(run: Run, store: RunStore, now: datetime, console: Console) -> None:
    """Print what the record says: state, settings, the ends of its metrics, facts."""
    heading = "  ".join(filter(None, (f"run {run.id}", run.experiment, _state(run, now))))
    console.print(Text(shown(heading), "bold"))
    facts = {
        "started": _time(run.started),
        "minutes": f"{run.hours * 60:.1f}",
        "host": str(run.host.get("hostname", "")),
        "result": _written(run.result),
        "goes on from": _before(run),
        "comment": str(run.meta.get("comment") or ""),
        "failed with": run.failure,
        "fault": run.fault,
    }
    _section(console, "", {name: value for name, value in facts.items() if value})
    _section(console, "parts", dict(_part(number, part) for number, part in enumerate(run.parts, 1)))
    _section(console, "settings", {name: _written(value) for name, value in flat(run.config).items()})
    _section(console, "metrics", {name: _ends(store, run, name) for name in store.metrics(run)})
    _section(console, "artifacts", dict.fromkeys(store.artifacts(run), ""))
    settings = flat(run.config)
    repeated = {name: value for name, value in flat(run.info).items() if _is_in(settings, name, value)}
    told = {name: value for name, value in flat(run.info).items() if name not in repeated}
    if run.parts:
        del told[PARTS]  # shown apart
    _section(console, "facts", {name: _written(value) for name, value in told.items()})


def _part(number: int, part: Mapping[str, Any]) -> tuple[str, str]:
    """One process of a run that went on: where, how long, from where on, with what that is new."""
    began = (
        f"{str(part.get('started'))[:19].replace('T', ' ')} on {part.get('host') or 'a machine without name'}"
    )
    step = part.get("after_step")
    after = [] if "after_step" not in part else ["begun anew"] if step is None else [f"after step {step:g}"]
    lived = [f"{part['seconds'] / 60:.1f} minutes"] if "seconds" in part else []
    changed = part.get("changed")
    names = changed if isinstance(changed, Mapping) else {}
    new = [f"{name} {' then '.join(map(str, names[name]))}" for name in names]
    return str(number), ", ".join([began, *after, *lived, *new])


def _line(run: Run, now: datetime) -> tuple[str, ...]:
    return tuple(
        shown(cell)
        for cell in (
            str(run.id),
            run.experiment,
            _state(run, now),
            "" if run.seed is None else str(run.seed),
            _time(run.started),
            f"{run.hours * 60:.1f}",
            " ".join(filter(None, (_written(run.result), f"({run.fault})" if run.fault else ""))),
        )
    )


def _state(run: Run, now: datetime) -> str:
    """The run's state; unreadable where the record does not tell what ran, or what became of it."""
    return UNREADABLE if run.fault and not (run.status and run.experiment) else run.state(now)


def _before(run: Run) -> str:
    """The run, in another record, from whose state this one went on."""
    told = run.continues
    if told is None:
        return ""
    return f"run {told.get('run')} in {told.get('store')}, after step {told.get('after_step')}"


def _ends(store: Store, run: Run, name: str) -> str:
    series = store.series(run, name)
    if not series.values:
        return "no points"
    first, last = series.values[0], series.values[-1]
    if len(series.values) == 1:
        return f"{last:.6g} at step {series.steps[-1]:g}"
    return f"{first:.6g} to {last:.6g} in {len(series.values)} points up to step {series.steps[-1]:g}"


def _section(console: Console, title: str, entries: Mapping[str, str]) -> None:
    if title and entries:
        console.print(Text(title, "bold"))
    columns = Table.grid(padding=(0, 2))
    columns.add_column(no_wrap=True)
    columns.add_column(overflow="fold")
    for name, value in entries.items():
        columns.add_row(Text(f"  {shown(name)}"), Text(shown(value)))
    if entries:
        console.print(columns)


def _is_in(settings: Mapping[str, Any], name: str, value: Any) -> bool:
    """Whether a fact repeats a setting under a longer name."""
    last = name.rpartition(".")[2]
    return last in settings and same(settings[last], value)


def _time(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and len(value) > SHOWN:
        return f"{_written(value[:SHOWN])[:-1]}, ... {len(value)} in all]"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
