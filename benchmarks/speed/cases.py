"""What is compared with what, and how much faster it is to be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CORES = len(os.sched_getaffinity(0))
PEER = "the peer's recipe"
STEPS, FEWER, OF_56 = 20, 15, 5  # of a turn: beside the peer; of ours beside ours; of ResNet-56


@dataclass(frozen=True)
class Side:
    """One of the two: a function of benchmarks.speed.sides with its options, in processes of their own."""

    label: str
    function: str
    options: Mapping[str, Any] = field(default_factory=dict)
    processes: int = 1  # at once; what they do adds up
    threads: int = CORES  # of each


@dataclass(frozen=True)
class Case:
    """Ours against the other side; `ratio` is how many times better ours is."""

    title: str
    precision: str
    ours: Side
    other: Side
    unit: str = "images/s"
    less_is_better: bool = False
    target: float | None = None
    gate: float | None = None  # what every clean round must clear
    short: bool = False  # also part of `make bench`
    accuracy: str = "bf16"  # the question of sweeps/precision.yaml on what is trained here


def _train(label: str, steps: int = STEPS, **options: Any) -> Side:
    return Side(label, "train", {"depth": 20, "steps": steps, **options})


def _peer(steps: int = STEPS, **options: Any) -> Side:
    return Side(PEER, "peer train", {"depth": 20, "steps": steps, **options})


def _whole(label: str, **options: Any) -> Side:
    return Side(label, "fit", {"depth": 20, "subset": 5000, **options})


def _against_full(
    part: str, precision: str, accuracy: str, target: float | None = None, **settings: Any
) -> Case:
    gate = 1.2 if target else None
    ours, full = (
        _train(part, FEWER, precision=precision, **settings),
        _train("the full run", FEWER, precision=precision),
    )
    words = f"{part} against the full run"
    return Case(words, precision, ours, full, target=target, gate=gate, accuracy=accuracy)


BN_ONLY = {"trainable": "batchnorm"}
FROZEN = {"trainable": "all_but_batchnorm", "batchnorm": "frozen", "lr": 1e-4}  # else it diverges at once
SAVING = {"save_memory": True}
PLAIN = {"compile": "off"}  # a turn tells of a run long enough to be compiled; these are to be short ones
PRECISIONS = ("fp32", "bf16")

CASES: dict[str, Case] = {}
for _precision, _target, _gate in (("fp32", 1.6, 1.3), ("bf16", 2.4, 1.8)):
    CASES[f"train-{_precision}"] = Case(
        "training, ResNet-20", _precision, _train("ours", precision=_precision), _peer(),
        target=_target, gate=_gate, short=True,
    )  # fmt: skip
    CASES[f"train-56-{_precision}"] = Case(
        "training, ResNet-56", _precision,
        _train("ours", OF_56, depth=56, precision=_precision), _peer(OF_56, depth=56),
        target=_target, gate=_gate, accuracy="bf16/depth-56",
    )  # fmt: skip
    CASES[f"bn-only-peer-{_precision}"] = Case(
        "BN-only, the peer's convolutions frozen too", _precision,
        _train("BN-only", FEWER, precision=_precision, **BN_ONLY), _peer(FEWER, frozen=True),
        accuracy="bf16/bn-only",
    )  # fmt: skip
    CASES[f"bn-only-{_precision}"] = _against_full("BN-only", _precision, "bf16/bn-only", 1.35, **BN_ONLY)
    CASES[f"bn-only-saving-memory-{_precision}"] = _against_full(
        "BN-only that saves memory", _precision, "bf16/bn-only", 1.35, **BN_ONLY, **SAVING
    )
    CASES[f"frozen-bn-saving-memory-{_precision}"] = _against_full(
        "frozen BN that saves memory", _precision, "bf16/frozen-bn", **FROZEN, **SAVING
    )
    CASES[f"frozen-bn-{_precision}"] = _against_full("frozen BN", _precision, "bf16/frozen-bn", **FROZEN)
    CASES[f"weight-norm-{_precision}"] = _against_full(
        "weight norm", _precision, "bf16/weight-norm", norm="weight_norm", lr=0.01
    )
    CASES[f"compiled-{_precision}"] = Case(
        "steps through the compiler against plain ones", _precision,
        _train("compiled", FEWER, precision=_precision, compile="on"),
        _train("plain", FEWER, precision=_precision, **PLAIN),
    )  # fmt: skip
for _precision, _target, _gate in (("fp32", 2.8, 1.8), ("bf16", 6.5, 4.0)):
    CASES[f"evaluate-{_precision}"] = Case(
        "evaluation, ResNet-20", _precision,
        Side("ours", "evaluate", {"depth": 20, "images": 10_000, "precision": _precision}),
        Side(PEER, "peer evaluate", {"depth": 20, "images": 10_000}),
        target=_target, gate=_gate, short=True,
    )  # fmt: skip
for _precision, _target, _gate in (("fp32", 1.6, 1.3), ("bf16", 2.5, 2.0)):
    CASES[f"two-runs-{_precision}"] = Case(
        "two runs at once, the peer's one after another", _precision,
        Side("ours", "train", {"depth": 20, "steps": 15, "precision": _precision}, processes=2, threads=1),
        _peer(), target=_target, gate=_gate,
    )  # fmt: skip
for _precision in PRECISIONS:
    CASES[f"fit-{_precision}"] = Case(
        "a run of 5,000 images with validation, record and checkpoint against bare steps", _precision,
        _whole("the run", precision=_precision), _train("bare steps", precision=_precision, **PLAIN),
        target=0.95, gate=0.9,
    )  # fmt: skip
    _large = {"depth": 20, "batch_size": 1024, "precision": _precision, **PLAIN}
    CASES[f"memory-bn-only-{_precision}"] = Case(
        "memory of BN-only against the full run, batch 1024", _precision,
        Side("BN-only", "memory", {**_large, **BN_ONLY, **SAVING}),
        Side("the full run", "memory", _large),
        unit="MiB", less_is_better=True, target=1 / 0.6, gate=1 / 0.7, accuracy="bf16/bn-only",
    )  # fmt: skip
    CASES[f"memory-frozen-bn-{_precision}"] = Case(
        "memory of frozen BN against the full run, batch 1024", _precision,
        Side("frozen BN", "memory", {**_large, **FROZEN, **SAVING}),
        Side("the full run", "memory", _large),
        unit="MiB", less_is_better=True, target=2.0, accuracy="bf16/frozen-bn",
    )  # fmt: skip
# in bf16 alone and on few images, because beside quick steps and short epochs all else weighs more
FEW = {"precision": "bf16", "subset": 2500}
CASES["points"] = Case(
    "a point recorded every step against one every epoch", "bf16",
    _whole("every step", log_every=1, **FEW), _whole("every epoch", **FEW),
)  # fmt: skip
CASES["checkpoints"] = Case(
    "a checkpoint every epoch against none", "bf16",
    _whole("with", **FEW), _whole("without", checkpoint="", **FEW),
)  # fmt: skip
