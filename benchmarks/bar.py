"""Shares of simulated draws, beside what was promised."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click

SEED = 20261121
PATIENCE = 2.0  # standard errors of the simulation by which a share may miss its promise


@dataclass(frozen=True)
class Bar:
    """A share of the draws, with the range that was promised."""

    name: str
    share: float
    draws: int
    low: float = 0.0
    high: float = 1.0
    exact: bool = False  # whether each one counts, as where nothing is left to chance

    @property
    def met(self) -> bool:
        """Whether the share keeps the promise, give or take `PATIENCE`."""
        spread = math.sqrt(max(self.share * (1 - self.share), 1e-4) / self.draws)
        slack = 0.0 if self.exact else PATIENCE * spread
        return self.low - slack <= self.share <= self.high + slack

    @property
    def line(self) -> str:
        """The bar as a line of a table."""
        least = f"at least {100 * self.low:.1f}" if self.low > 0 else ""
        most = f"at most {100 * self.high:.1f}" if self.high < 1 else ""
        promise = ", ".join(filter(None, (least, most))) or "-"
        return f"{self.name:<66} {100 * self.share:6.2f} %  {promise:<28} {'met' if self.met else 'MISSED'}"


def told(simulate: Callable[[int], Iterator[Bar]], default: int) -> int:
    """Print every bar of as many draws as the command line says; 1 where one was missed."""
    draws, started = int(sys.argv[1]) if len(sys.argv) > 1 else default, time.perf_counter()
    click.echo(f"{draws} draws each, seed {SEED}")
    missed = 0
    for bar in simulate(draws):
        click.echo(bar.line)
        missed += not bar.met
    click.echo(f"{missed} missed, {time.perf_counter() - started:.0f} s")
    return int(missed > 0)
