"""The options of the commands that start runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sweeps.driving.launch import Wanted

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)


class Size(click.ParamType[int]):
    """An amount of memory such as 4G, in bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes."""
        found = _SIZE.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no size: write it as 4G or 800M.", param, ctx)
        return int(float(found[1]) * UNITS[found[2].upper()])


class Pair(click.ParamType[tuple[str, str]]):
    """NAME=VALUE."""

    name = "pair"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """The name and the value."""
        name, separator, text = str(value).partition("=")
        if not (name and separator):
            self.fail(f"{value!r} is no NAME=VALUE, as in partition=gpu.", param, ctx)
        return name, text


ENGINE = (
    click.option("--engine", default="local", show_default=True, help="local, slurm or ray."),
    click.option(
        "--workers", type=click.IntRange(1), metavar="N", help="Runs at once; else what the machine carries."
    ),
    click.option("--per-gpu", type=click.IntRange(1), metavar="N", help="Runs at once on a graphics card."),
    click.option(
        "--gpus", type=click.FloatRange(0), metavar="N", help="Graphics cards of a run; 0.5 is half."
    ),
    click.option("--cores", type=click.IntRange(1), metavar="N", help="Processor cores of a run."),
    click.option("--memory", type=Size(), metavar="SIZE", help="Memory of a run, as in 4G."),
    click.option("--minutes", type=click.IntRange(1), metavar="N", help="Longest time of a run."),
    click.option(
        "--engine-option",
        type=Pair(),
        multiple=True,
        metavar="NAME=VALUE",
        help="Further wish, for the engine.",
    ),
    click.option(
        "--logs",
        type=click.Path(path_type=Path, file_okay=False),
        default="sweep-logs",
        show_default=True,
        help="Folder for what each run prints.",
    ),
)
SWEEP = (
    click.option(
        "--attempts", type=click.IntRange(1), default=1, show_default=True, help="Starts of a run that fails."
    ),
    click.option("--seeds-together", is_flag=True, help="Start all seeds of a setting one after the other."),
    click.option("--keep-going", is_flag=True, help="Go on even where every run fails in the same way."),
    click.option("--detach", is_flag=True, help="Return as soon as the runs are handed over; they go on."),
)


def options(*several: Sequence[Callable[..., Any]]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that adds these options, to be shown in this order."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed([one for group in several for one in group]):
            command = option(command)
        return command

    return add


def wanted(questions: Path, store: str, given: Mapping[str, Any], **more: Any) -> Wanted:
    """The options as the launcher reads them."""
    from sweeps.driving.launch import Wanted
    from sweeps.driving.policy import Limits
    from sweeps.driving.result import Stay
    from sweeps.engines.base import Needs
    from sweeps.engines.options import EngineOptions

    needs = Needs(**{name: given[name] for name in ("cores", "gpus", "memory", "minutes") if given[name]})
    placing = EngineOptions(
        workers=given["workers"],
        per_gpu=given["per_gpu"],
        needs=needs,
        logs=given["logs"],
        detach=given["detach"],
        extra=dict(given["engine_option"]),
    )
    limits = Limits(attempts=given["attempts"], keep_going=given["keep_going"])
    stay = replace(more.pop("stay", Stay()), leaves=given["detach"])
    more |= {"only": given["only"], "stay": stay, "seeds_together": given["seeds_together"]}
    return Wanted(questions, store, given["engine"], placing, limits, **more)
