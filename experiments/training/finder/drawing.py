"""A curve of losses over rates as a picture, with what its axes leave out (standard library only)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.training.finder.search import Tried

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 28, 44  # margins
ABOVE = 1.5  # losses up to so many times the first smoothed one are shown; where it diverges, nothing is
LINES = 5  # of the loss's axis, at most
SOFT, STRONG, MARK = "#b8c4ce", "#1f4e79", "#b5480f"


@dataclass(frozen=True)
class Axis:
    """Numbers from low to high, on an even scale or on one of factors."""

    scale: str  # linear or log10
    low: float
    high: float

    def share(self, number: float) -> float:
        """How far along the number lies, held between 0 and 1."""
        low, number, high = (
            (math.log10(value) if value > 0 else -math.inf) if self.scale == "log10" else value
            for value in (self.low, number, self.high)
        )
        return min(1.0, max(0.0, (number - low) / (high - low)))


@dataclass(frozen=True)
class Drawing:
    """An SVG picture; `facts` are its axes and the share of the losses that lie outside of them."""

    svg: str
    facts: dict[str, Any]


def draw(curve: Sequence[Tried], suggestion: float | None) -> Drawing:
    """Every loss as a dot, the smoothed ones as a line, the suggested rate as an upright."""
    rates = Axis("log10", curve[0].lr, max(curve[-1].lr, curve[0].lr * 10))
    top = max(ABOVE * curve[0].smoothed, *(tried.smoothed for tried in curve[: len(curve) // 2 + 1]))
    losses = Axis("linear", min(0.0, *(tried.loss for tried in curve)), top if top > 0 else 1.0)
    clipped = sum(not losses.low <= tried.loss <= losses.high for tried in curve) / len(curve)
    facts = {
        "lr": {"scale": rates.scale, "low": rates.low, "high": rates.high},
        "loss": {"scale": losses.scale, "low": losses.low, "high": losses.high, "clipped": clipped},
    }

    def at(rate: float, loss: float) -> tuple[float, float]:
        x = LEFT + rates.share(rate) * (WIDTH - LEFT - RIGHT)
        return round(x, 1), round(HEIGHT - BOTTOM - losses.share(loss) * (HEIGHT - TOP - BOTTOM), 1)

    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="2"/>' for x, y in (at(tried.lr, tried.loss) for tried in curve)
    )
    line = " ".join(f"{x},{y}" for x, y in (at(tried.lr, tried.smoothed) for tried in curve))
    parts = [
        *_rates_below(rates, at),
        *_losses_beside(losses, rates, at),
        f'<g fill="{SOFT}">{dots}</g>',
        f'<polyline points="{line}" fill="none" stroke="{STRONG}" stroke-width="2"/>',
        *(_upright(suggestion, at, losses) if suggestion else ()),
        _text("loss of a batch, and smoothed", LEFT, TOP - 12),
        _text("learning rate", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "middle"),
    ]
    words = (
        f"learning rate from {rates.low:g} to {rates.high:g} on a scale of factors; "
        f"loss from {losses.low:g} to {losses.high:g} on an even scale; "
        f"{clipped:.0%} of the losses lie outside"
    )
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="12" fill="#333">'
    )
    body = "\n".join(
        [
            f"<desc>{words}</desc>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            *parts,
        ]
    )
    return Drawing(f"{opening}\n{body}\n</svg>\n", facts)


def _rates_below(rates: Axis, at: Any) -> Iterable[str]:
    """A mark at every power of ten."""
    for power in range(math.ceil(math.log10(rates.low)), math.floor(math.log10(rates.high)) + 1):
        x, _ = at(10.0**power, 0)
        yield _line(x, TOP, x, HEIGHT - BOTTOM)
        yield _text(f"{10.0**power:g}", x, HEIGHT - BOTTOM + 16, "middle")


def _losses_beside(losses: Axis, rates: Axis, at: Any) -> Iterable[str]:
    """A mark at round losses."""
    wanted = (losses.high - losses.low) / LINES
    power = 10.0 ** math.floor(math.log10(wanted))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= wanted)
    for number in range(math.ceil(losses.low / step), math.floor(losses.high / step) + 1):
        _, y = at(rates.low, number * step)
        yield _line(LEFT, y, WIDTH - RIGHT, y)
        yield _text(f"{number * step:g}", LEFT - 6, y + 4, "end")


def _upright(rate: float, at: Any, losses: Axis) -> Iterable[str]:
    x, _ = at(rate, losses.low)
    yield _line(x, TOP, x, HEIGHT - BOTTOM, MARK, 2)
    left = x > WIDTH / 2
    yield _text(f"lr={rate:.3g}", x + (-6 if left else 6), TOP + 12, "end" if left else "start", MARK)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str = "#e4e8ec", width: int = 1) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}" stroke-width="{width}"/>'


def _text(words: str, x: float, y: float, anchor: str = "start", colour: str = "#333") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{colour}">{words}</text>'
