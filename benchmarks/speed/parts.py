"""Where the time of a training step and of an evaluation goes, on one core.

    python -m benchmarks.speed.parts [--rounds 4]

Prints tables in Markdown. All in one thread, and in processor time, which others on the machine disturb less
than they do a clock.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from statistics import median

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.machine import machine_words
from benchmarks.speed.images import noise_data
from benchmarks.speed.sides import BATCH
from experiments.training import evaluate as looking
from experiments.training.loop import start, train
from experiments.training.settings import TrainSettings
from experiments.training.state import batches_of

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}
DEPTH = 20  # of the ResNet that is looked into
STEPS = 5  # of a sample
LOOKED_AT = STEPS * BATCH
SIDE = 2048  # of the matrices whose product is the practical peak of a core

GRAPH = "## Call CompiledFxGraph"  # as a profile calls what the compiler made, with a number after it
# torch's operators by what they are for
PARTS: Mapping[str, Sequence[str]] = {
    "convolution, forward": ("aten::mkldnn_convolution", "mkldnn::_convolution_pointwise"),
    "convolution, backward": ("aten::convolution_backward",),
    "BatchNorm, forward": ("aten::native_batch_norm",),
    "BatchNorm, backward": ("aten::native_batch_norm_backward",),
    "ReLU, forward": ("aten::clamp_min",),
    "ReLU, backward": ("aten::threshold_backward",),
    "sums of shortcuts and of gradients": ("aten::add", "aten::add_"),
    "copies, casts, fills": ("aten::copy_", "aten::fill_"),
    "augmentation": ("aten::index_select", "aten::index", "aten::where"),
    "optimiser": ("Optimizer.step#SGD.step", "Optimizer.zero_grad#SGD.zero_grad"),
    "passes that the compiler fused": (GRAPH,),
}
REST = "all else"

Samples = Sequence[Mapping[str, float]]  # of each round: part -> share of the time


def main() -> None:
    rounds = begin(__doc__)
    for name, work in WORKS.items():
        found = {precision: measured(work, precision, rounds) for precision in PRECISIONS}
        sys.stdout.write(f"\n{table(name, {key: samples for key, (samples, _) in found.items()})}\n\n")
        for precision, (_samples, speeds) in found.items():
            peaks = [peak(PRECISIONS[precision]) for _ in range(rounds)]
            sys.stdout.write(f"{rate_words(name, precision, speeds, peaks)}\n")


def begin(words: str | None) -> int:
    """Say where this is measured, in one thread; the rounds that the command line asks for."""
    parser = argparse.ArgumentParser(description=words, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4)
    rounds: int = parser.parse_args().rounds
    if rounds < 1:
        parser.error(f"--rounds {rounds} must be at least 1")
    torch.set_num_threads(1)
    sys.stdout.write(f"{machine_words()}\n")
    return rounds


def training(precision: str, batch: int = BATCH, depth: int = DEPTH, compile: str = "off") -> Iterator[int]:
    """On images of noise: each item is so many images later."""
    settings = TrainSettings(
        depth=depth, shortcut="A", batch_size=batch, epochs=100, device="cpu", precision=precision,
        log_every=STEPS, compile=compile,
    )  # fmt: skip
    data = noise_data(20 * STEPS * batch, 0, 0)
    for _ in train(start(settings, data), data):
        yield STEPS * batch


def evaluation(precision: str, batch: int = BATCH, depth: int = DEPTH) -> Iterator[int]:
    """The same network, looking at images."""
    settings = TrainSettings(depth=depth, shortcut="A", batch_size=batch, device="cpu", precision=precision)
    data = noise_data(batch, 0, STEPS * batch)
    state = start(settings, data)
    images = batches_of(data, data.test, settings, state.device)
    while True:
        yield looking.evaluate(state.model, images, batch, state.precision).images


COMPILED = "training, compiled"
WORKS: Mapping[str, Callable[..., Iterator[int]]] = {
    "training": training,
    COMPILED: partial(training, compile="on"),
    "evaluation": evaluation,
}
OF_AN_IMAGE = {  # additions and multiplications
    "training": 242.4e6,
    COMPILED: 242.4e6,
    "evaluation": 81.1e6,
}


def measured(work: Callable[..., Iterator[int]], precision: str, rounds: int) -> tuple[Samples, list[float]]:
    """The shares of each round, and the images a second of as many others that nobody looks into."""
    going = work(precision)
    next(going), next(going)
    speeds, samples = [], []
    for _ in range(rounds):
        began = time.process_time()
        images = next(going)
        speeds.append(images / (time.process_time() - began))
        with profile(activities=[ProfilerActivity.CPU]) as found:
            next(going)
        samples.append(shares({one.key: one.self_cpu_time_total for one in found.key_averages()}))
    return samples, speeds


def shares(times: Mapping[str, float]) -> Mapping[str, float]:
    """The share of each part, from the time that each operator took itself."""
    part_of = {operator: part for part, operators in PARTS.items() for operator in operators}
    found: Counter[str] = Counter()
    for operator, took in times.items():
        found[part_of.get(GRAPH if operator.startswith(GRAPH) else operator, REST)] += took
    return {part: took / sum(times.values()) for part, took in found.items()}


def peak(dtype: torch.dtype, side: int = SIDE) -> float:
    """Operations a second in a product of large matrices."""
    matrix = torch.randn(side, side).to(dtype)
    matrix @ matrix
    began = time.process_time()
    matrix @ matrix
    return 2 * side**3 / (time.process_time() - began)


def table(name: str, found: Mapping[str, Samples]) -> str:
    """Every part with its share in each precision: the median, the least and the greatest."""
    rows = [cells([name, *found]), cells(["---"] * (1 + len(found)))]
    for part in (*PARTS, REST):
        if any(part in sample for samples in found.values() for sample in samples):
            rows.append(cells([part, *(_share(part, samples) for samples in found.values())]))
    return "\n".join(rows)


def _share(part: str, samples: Samples) -> str:
    values = [100 * sample.get(part, 0.0) for sample in samples]
    return f"{median(values):.1f} % ({min(values):.1f} to {max(values):.1f})"


def rate_words(name: str, precision: str, speeds: Sequence[float], peaks: Sequence[float]) -> str:
    """A sentence on how much of the core's peak is reached."""
    reached, most = median(speeds) * OF_AN_IMAGE[name] / 1e9, median(peaks) / 1e9
    return (
        f"In {precision}, {name} reaches "
        f"{median(speeds):.0f} ({min(speeds):.0f} to {max(speeds):.0f}) images/s, "
        f"which is {reached:.0f} GFLOP/s; a product of matrices reaches {most:.0f} "
        f"({min(peaks) / 1e9:.0f} to {max(peaks) / 1e9:.0f}): {reached / most:.0%} of it; n={len(speeds)}."
    )


def cells(row: Iterable[str]) -> str:
    """A row of a table in Markdown."""
    return f"| {' | '.join(row)} |"


if __name__ == "__main__":
    main()
