"""What a training step spares where less of the network learns, on one core.

    python -m benchmarks.speed.less [--rounds 4]

Prints tables in Markdown: processor milliseconds of a step by part, and the bytes that autograd keeps.
Networks take turns, so that others on the machine disturb them alike; compiled, they come one after another.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.profiler import ProfilerActivity, profile

from benchmarks.speed.cases import BN_ONLY, FROZEN, SAVING
from benchmarks.speed.images import noise_data
from benchmarks.speed.parts import PARTS, PRECISIONS, REST, STEPS, begin, cells, shares
from benchmarks.speed.sides import BATCH
from experiments.training.evaluate import forward
from experiments.training.loop import start, train
from experiments.training.settings import TrainSettings

NETWORKS: Mapping[str, Mapping[str, Any]] = {
    "the full run": {},
    "BN-only": BN_ONLY,
    "BN-only, saving memory": {**BN_ONLY, **SAVING},
    "frozen BN": FROZEN,
    "frozen BN, saving memory": {**FROZEN, **SAVING},
}
WHOLE = "the step"


@dataclass
class Sampled:
    """Milliseconds of a step, in each round: of all of it unwatched, and of its parts as shares of that."""

    rounds: list[Mapping[str, float]] = field(default_factory=list)

    def cell(self, part: str) -> str:
        values = [one.get(part, 0.0) for one in self.rounds]
        return f"{median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


def main() -> None:
    rounds = begin(__doc__)
    for precision in PRECISIONS:
        sys.stdout.write(f"\n{table(precision, sampled(NETWORKS, precision, rounds))}\n")
    for precision in PRECISIONS:
        found: dict[str, Sampled] = {}
        for name in NETWORKS:  # no turns: the compiler forgets one network for the next
            found |= sampled([name], precision, rounds, compile="on")
        sys.stdout.write(f"\n{table(f'{precision}, compiled', found)}\n")
    sys.stdout.write(f"\n{kept_table()}\n")


def sampled(
    names: Iterable[str], precision: str, rounds: int, batch: int = BATCH, **changes: Any
) -> dict[str, Sampled]:
    """Every one of these networks, so many rounds, in turns."""
    going = {name: _steps(precision, batch, {**changes, **NETWORKS[name]}) for name in names}
    found = {name: Sampled() for name in going}
    for steps in going.values():
        next(steps)
    for turn in range(rounds):
        for name in list(going)[:: 1 if turn % 2 == 0 else -1]:
            found[name].rounds.append(_sample(going[name]))
    return found


def _steps(precision: str, batch: int, changes: Mapping[str, Any]) -> Iterator[Any]:
    settings = TrainSettings(
        **{"shortcut": "A", "epochs": 100, "device": "cpu", "compile": "off", "log_every": STEPS, **changes},
        batch_size=batch, precision=precision,
    )  # fmt: skip
    data = noise_data(20 * STEPS * batch, 0, 0)
    return train(start(settings, data), data)


def _sample(going: Iterator[Any]) -> Mapping[str, float]:
    began = time.process_time()
    next(going)
    whole = 1000 * (time.process_time() - began) / STEPS
    with profile(activities=[ProfilerActivity.CPU]) as found:
        next(going)
    parts = shares({one.key: one.self_cpu_time_total for one in found.key_averages()})
    return {WHOLE: whole, **{part: whole * share for part, share in parts.items()}}


def table(name: str, found: Mapping[str, Sampled]) -> str:
    """Every part with its milliseconds in each network: the median, the least and the greatest."""
    parts = [
        part for part in (*PARTS, REST) if any(part in one for each in found.values() for one in each.rounds)
    ]
    rows = [[part, *(one.cell(part) for one in found.values())] for part in (WHOLE, *parts)]
    return "\n".join(map(cells, [[f"ms, {name}", *found], ["---"] * (1 + len(found)), *rows]))


def kept_table() -> str:
    """What autograd keeps between the two passes, in each precision."""
    rows = []
    for name, changes in NETWORKS.items():
        mebibytes = [kept(precision, BATCH, **changes) / 2**20 for precision in PRECISIONS]
        rows.append([name, *(f"{one:.0f} MiB" for one in mebibytes)])
    return "\n".join(map(cells, [["autograd keeps", *PRECISIONS], ["---"] * (1 + len(PRECISIONS)), *rows]))


def kept(precision: str, batch: int, **changes: Any) -> int:
    """Bytes of all tensors but parameters; what several layers keep counts once."""
    settings = TrainSettings(
        **{"shortcut": "A", "device": "cpu", **changes}, batch_size=batch, precision=precision
    )
    data = noise_data(batch, 0, 0)
    model = start(settings, data).model.train()
    found: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if not isinstance(tensor, nn.Parameter):
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    images = torch.randn(batch, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    with saved_tensors_hooks(note, lambda tensor: tensor):
        outputs = forward(model, images, precision)  # which keeps it as long as it is there
    del outputs
    return sum(found.values())


if __name__ == "__main__":
    main()
