"""What the commands `tracker` and `sweeps` have in common."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracker.errors import TrackerError
from tracker.settings import STORE_VARIABLE, store_address

if TYPE_CHECKING:
    from tracker.stores import RunStore


def QUESTIONS(command: Callable[..., Any]) -> Callable[..., Any]:  # noqa: N802, it reads as the argument's name
    """The argument QUESTIONS with the option --profile; the command gets one address of both."""

    @click.argument("questions", type=click.Path(path_type=Path))
    @click.option(
        "--profile",
        metavar="NAME",
        default="",
        help="The questions at the sizes of this profile of the file.",
    )
    @functools.wraps(command)
    def with_profile(*, questions: Path, profile: str, **others: Any) -> Any:
        from tracker.questions.profiles import address_of

        return command(questions=address_of(questions, profile), **others)

    return with_profile


def store_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option --store; the command gets an address, whatever was or was not given."""
    return click.option(
        "--store",
        metavar="ADDRESS",
        callback=_address,
        help=f"Folder, or mongodb://host:port/database; else ${STORE_VARIABLE}, tracker.toml, or runs.",
    )(command)


def opened(address: str) -> RunStore:
    """The store; where its folder is not there, stderr says so, because a slip of the pen has no runs."""
    from tracker.stores import is_absent, open_store

    store = open_store(address)
    if is_absent(address):
        click.echo(
            f"{address} is not there, so no run is known; --store names the folder of the runs", err=True
        )
    return store


def only_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option --only; the command gets the ids as they were given."""
    return click.option(
        "--only",
        multiple=True,
        metavar="ID",
        help="Only this question, or this group with all beneath it; may be given several times.",
    )(command)


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 run, 2 runs."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


class Commands(click.Group):
    """Commands whose expected errors are one line and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a TrackerError becomes its message."""
        try:
            return super().invoke(ctx)
        except TrackerError as error:
            raise click.ClickException(str(error)) from error


def _address(ctx: click.Context, _parameter: click.Parameter, given: str | None) -> str:  # noqa: ARG001
    try:
        return store_address(given)
    except TrackerError as error:
        raise click.ClickException(str(error)) from error
