"""Training on one graphics card: speed beside the peer's recipe, seeds at once, accuracy.

    python -m benchmarks.gpu [--minutes 10] [--data-dir data] [--json gpu.json]

Speed comes first; the paper's trainings on CIFAR-10 take what is left of the minutes. Which of them fit is
estimated from the speed just measured, and what was left out is said. Without a card everything is gone
through at toy size on the CPU: that shows that it works, and no number of it says anything.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu_measure import (
    CARD,
    TOY,
    Scale,
    bf16_rate,
    flops_of_an_image,
    in_processes,
    largest_difference,
    ours,
    settings_of,
    side_by_side,
    trained,
    waits_inside_an_epoch,
)
from benchmarks.machine import machine_words
from experiments.training.data import DataError, load_dataset

PARTS = ("all", "batchnorm")  # what learns
SEEDS = (1, 2, 3)
EQUAL = 1e-3  # the most that a weight may differ between seeds at once and alone
SPARE = 1.15  # evaluation and start, on top of the steps of a training


def main(words: list[str] | None = None) -> int:
    """0, or 1 where a check failed."""
    options = _options(words)
    began = time.perf_counter()
    has_card = torch.cuda.is_available()
    scale = CARD if has_card else TOY
    found: dict[str, Any] = {"machine": machine_words(), "card": _card(), "measured": has_card}
    _say(f"{found['machine']}; {found['card']}")
    if not has_card:
        _say("no graphics card here: everything is gone through at toy size, and no number says anything")
    try:
        found["checks"] = _checks(scale, has_card)
        found["rate"] = bf16_rate(scale, 1.0 if has_card else 0.01)
        _say(f"bf16 products of matrices: {found['rate'] / 1e12:.3g} TFLOP/s")
        found["speed"] = _speeds(scale, found["rate"])
        found["at_once"] = _at_once(scale)
        found["processes"] = _processes(scale)
        left = 60 * options.minutes - (time.perf_counter() - began)
        found["accuracy"], found["left_out"] = _accuracies(scale, options.data_dir, left)
        found["seconds"] = time.perf_counter() - began
    finally:  # what was measured before something failed is kept
        if options.json:
            options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    _say(f"{found['seconds']:.0f} s in all")
    return 0 if all(check["passed"] is not False for check in found["checks"]) else 1


def _checks(scale: Scale, has_card: bool) -> list[dict[str, Any]]:
    difference = largest_difference(scale)
    waits = waits_inside_an_epoch(scale) if has_card else None
    checks = [
        {
            "check": "seeds at once are the seeds alone",
            "passed": difference < EQUAL,
            "found": f"the largest difference of a weight is {difference:.1e}, of {EQUAL:g} allowed",
        },
        {
            "check": "nothing waits for the card inside an epoch",
            "passed": None if waits is None else not waits,
            "found": "can be seen on a card alone" if waits is None else waits or "nothing does",
        },
    ]
    for check in checks:
        verdict = {True: "passed", False: "FAILED", None: "not checked"}[check["passed"]]
        _say(f"{verdict}: {check['check']} ({check['found']})")
    return checks


def _speeds(scale: Scale, rate: float) -> list[dict[str, Any]]:
    """Every network in fp32 and bf16, beside the peer's recipe, which is fp32."""
    rows = []
    for depth in scale.depths:
        for precision in ("fp32", "bf16"):
            row: dict[str, Any] = {"depth": depth, "precision": precision}
            row |= side_by_side(scale, depth, precision=precision)
            row["share_of_bf16_rate"] = row["ours"] * flops_of_an_image(settings_of(scale, depth)) / rate
            rows.append(row)
            low, middle, high = row["ratio"]
            _say(
                f"ResNet-{depth}, {precision}: {row['ours']:.0f} images/s, the peer's recipe in fp32 "
                f"{row['peer']:.0f}, {middle:.2f} times [{low:.2f}-{high:.2f}]; "
                f"{row['share_of_bf16_rate']:.2%} of the card's bf16 rate"
            )
    return rows


def _at_once(scale: Scale) -> list[dict[str, Any]]:
    """ResNets of the smallest depth: images a second over all seeds, and how many times those of one."""
    rows = []
    for part in PARTS:
        one = 0.0
        for count in scale.at_once:
            speed = ours(scale, scale.depths[0], count=count, trainable=part)
            one = one or speed
            rows.append({"trainable": part, "seeds": count, "images_per_second": speed, "times": speed / one})
            _say(f"{count} seeds at once, {part} learns: {speed:.0f} images/s, {speed / one:.2f} times one")
    return rows


def _processes(scale: Scale) -> list[dict[str, Any]]:
    """The same network in several processes, which is the plain way to share a card."""
    rows = []
    for count in scale.processes:
        speed = in_processes(scale, count)
        times = speed / rows[0]["images_per_second"] if rows else 1.0
        rows.append({"processes": count, "images_per_second": speed, "times": times})
        _say(f"{count} processes on the device, all learns: {speed:.0f} images/s, {times:.2f} times one")
    return rows


def _accuracies(scale: Scale, data_dir: str, seconds: float) -> tuple[list[dict[str, Any]], list[str]]:
    """The paper's trainings that fit into the seconds, the deepest network first; what did not."""
    done: list[dict[str, Any]] = []
    left_out: list[str] = []
    source = "cifar10" if scale is CARD else "synthetic"
    small = {} if scale is CARD else {"subset": 60, "test_subset": 40}
    try:
        data = load_dataset(settings_of(scale, 20, data=source, data_dir=data_dir, **small))
    except DataError as error:
        return done, [_left_out(f"every training: {error}")]
    until = time.perf_counter() + seconds
    for depth in scale.trained:
        for part in PARTS:
            runs = [
                settings_of(scale, depth, seed=seed, trainable=part, data=source, data_dir=data_dir, **small)
                for seed in SEEDS
            ]
            together = ours(scale, depth, count=len(SEEDS), trainable=part)
            alone = ours(scale, depth, trainable=part)
            steps = len(SEEDS) * scale.epochs * len(data.train.labels)
            needed = SPARE * steps / max(together, alone)
            name = f"ResNet-{depth}, {part} learns, {scale.epochs} epochs, {len(SEEDS)} seeds"
            if needed > until - time.perf_counter():
                left_out.append(_left_out(f"{name}: needs about {needed:.0f} s"))
                continue
            row = {"depth": depth, "trainable": part, "epochs": scale.epochs, "seeds": SEEDS}
            done.append(row | trained(runs, data, at_once=together > alone))
            _say(f"{name}: {done[-1]['seconds']:.0f} s, test accuracies {done[-1]['test_accuracy']}")
    return done, left_out


def _left_out(what: str) -> str:
    _say(f"left out: {what}")
    return what


def _card() -> str:
    if not torch.cuda.is_available():
        return "no graphics card"
    return (
        f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}"
    )


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="that all of it may take (10)")
    parser.add_argument("--data-dir", default="data", help="where CIFAR-10 is, or is put (data)")
    parser.add_argument("--json", type=Path, help="file for everything that was found")
    return parser.parse_args(words)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
