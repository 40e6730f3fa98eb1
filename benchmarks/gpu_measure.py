"""What is measured on one graphics card, or at toy size where there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from statistics import median
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.speed import peer
from benchmarks.speed.images import noise_data
from experiments.training.around import Around
from experiments.training.at_once.loop import train_at_once
from experiments.training.at_once.pace import pace
from experiments.training.loop import one_pass, start, train
from experiments.training.models import build_model
from experiments.training.results import TestResult
from experiments.training.score import Tally
from experiments.training.settings import TrainSettings
from experiments.training.state import batches_of

WAITING = "synchronizing CUDA operation"  # what torch calls that which waits for the card


@dataclass(frozen=True)
class Scale:
    """How large everything is."""

    device: str
    depths: tuple[int, ...]  # of the networks whose speed is measured
    changes: dict[str, Any]  # of every setting
    images: int  # of noise, in an epoch
    peer_steps: int
    workers: int  # that load the peer's images
    looks: int  # at the clock, in a measurement of ours
    rounds: int
    at_once: tuple[int, ...]
    processes: tuple[int, ...]
    process_steps: int
    side: int  # of the matrices that the rate of the card is measured with
    trained: tuple[int, ...]  # networks that are trained to the end where time allows, the first one first
    epochs: int


CARD = Scale(
    device="cuda", depths=(20, 56, 110), changes={}, images=25_600, peer_steps=60, workers=peer.WORKERS,
    looks=6, rounds=5, at_once=(1, 2, 4, 8, 16), processes=(1, 2, 4, 8), process_steps=1000, side=8192,
    trained=(110, 56, 20), epochs=160,
)  # fmt: skip
TOY = Scale(
    device="cpu", depths=(8,), changes={"width": 2, "batch_size": 8, "precision": "fp32"}, images=48,
    peer_steps=1, workers=0, looks=1, rounds=1, at_once=(1, 2), processes=(1,), process_steps=5, side=64,
    trained=(8,), epochs=1,
)  # fmt: skip


def settings_of(scale: Scale, depth: int, **changes: Any) -> TrainSettings:
    """The paper's recipe at this scale."""
    paper: dict[str, Any] = {"shortcut": "B", "batchnorm_init": "uniform", "batch_size": 128, "lr": 0.1}
    own = {"depth": depth, "device": scale.device, "epochs": scale.epochs, "seed": 1}
    return TrainSettings(**{**paper, **own, **scale.changes, **changes})


# ---------------------------------------------------------------------------------------------------
# Checks


def largest_difference(scale: Scale, count: int = 3) -> float:
    """Of any weight, between seeds trained at once and each alone, in fp32, after one short epoch."""
    with _full_fp32():
        return _largest_difference(scale, count)


@contextmanager
def _full_fp32() -> Iterator[None]:
    """A card computes convolutions in fewer bits otherwise."""
    before, torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.allow_tf32, False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def _largest_difference(scale: Scale, count: int) -> float:
    small = {"width": 4, "batch_size": 16, "epochs": 1, "precision": "fp32", "lr": 0.01}
    runs = [settings_of(scale, 8, seed=seed, **small) for seed in range(1, count + 1)]
    data = noise_data(64, 0, 16)
    states = [start(run, data) for run in runs]
    for _ in train_at_once(states, data):
        pass
    differences = []
    for run, state in zip(runs, states, strict=True):
        alone = start(run, data)
        for _ in train(alone, data):
            pass
        pairs = zip(alone.model.parameters(), state.model.parameters(), strict=True)
        differences += [(one - other).abs().max().item() for one, other in pairs]
    return max(differences)


def waits_inside_an_epoch(scale: Scale) -> str:
    """What in the second epoch of a training waits for the card; "" for nothing."""
    data, settings = noise_data(scale.images, 0, 16), settings_of(scale, scale.depths[0])
    state = start(settings, data)
    training = batches_of(data, data.train, settings, state.device)
    around = Around(state, data, training)
    list(one_pass(around, training, Tally()))  # the first step is looked at more closely
    state.epoch = 1
    torch.cuda.set_sync_debug_mode("error")
    try:
        list(one_pass(around, training, Tally()))
    except RuntimeError as error:
        if WAITING not in str(error):
            raise
        return str(error).partition("\n")[0]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return ""


# ---------------------------------------------------------------------------------------------------
# Speed


def ours(scale: Scale, depth: int, *, count: int = 1, **changes: Any) -> float:
    """Images a second of so many seeds at once, counted over all."""
    runs = [settings_of(scale, depth, seed=seed, **changes) for seed in range(1, count + 1)]
    return pace(runs, noise_data(scale.images, 0, 16), scale.looks)


def peers(scale: Scale, depth: int, frozen: bool = False) -> float:
    """Images a second of the peer's recipe, with its loader workers, on the same network."""
    settings = settings_of(scale, depth, trainable="batchnorm" if frozen else "all", precision="fp32")
    model = start(replace(settings, channels_last=False), noise_data(scale.images, 0, 16)).model
    before, torch.backends.cudnn.benchmark = torch.backends.cudnn.benchmark, True
    loader = peer.training_batches(peer.BATCH * (scale.peer_steps + 2), scale.workers)
    batches = ((images.to(scale.device), labels.to(scale.device)) for images, labels in loader)
    try:
        steps = peer.train(model, batches)
        next(steps)
        began = time.perf_counter()
        images = sum(islice(steps, scale.peer_steps))
        return images / (time.perf_counter() - began)
    finally:
        torch.backends.cudnn.benchmark = before


def side_by_side(scale: Scale, depth: int, **changes: Any) -> dict[str, Any]:
    """Ours and the peer's in the order A B B A; each round has a ratio."""
    frozen = changes.get("trainable") == "batchnorm"
    sides = {"ours": lambda: ours(scale, depth, **changes), "peer": lambda: peers(scale, depth, frozen)}
    rounds = []
    for turn in range(scale.rounds):
        order = ("ours", "peer") if turn % 2 == 0 else ("peer", "ours")
        rounds.append({name: sides[name]() for name in order})
    ratios = [one["ours"] / one["peer"] for one in rounds]
    middle = {name: median(one[name] for one in rounds) for name in ("ours", "peer")}
    return {**middle, "ratio": [min(ratios), median(ratios), max(ratios)], "rounds": rounds}


def in_processes(scale: Scale, count: int) -> float:
    """Images a second of so many processes that share the device, each with a run of its own, added up."""
    steps = {"steps": scale.process_steps, "depth": scale.depths[0], "device": scale.device, **scale.changes}
    command = [sys.executable, "-m", "benchmarks.speed.sides", "train", json.dumps(steps)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
    started = [subprocess.Popen(command, env=environment, **pipes) for _ in range(count)]
    told = [process.communicate()[0] for process in started]
    if failed := [process.returncode for process in started if process.returncode]:
        sys.exit(
            f"{count} processes on the device: {len(failed)} failed, the first with code {failed[0]}; "
            "why stands above"
        )
    return sum(float(json.loads(one)["value"]) for one in told)


def flops_of_an_image(settings: TrainSettings) -> int:
    """Floating point operations of forward and backward, of convolutions and products of matrices."""
    model = build_model(settings, 10)
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(2, 3, 32, 32)).sum().backward()
    return int(counter.get_total_flops()) // 2


def bf16_rate(scale: Scale, seconds: float = 1.0) -> float:
    """Floating point operations a second of products of large bf16 matrices."""
    one, other = (
        torch.randn(scale.side, scale.side, device=scale.device, dtype=torch.bfloat16) for _ in range(2)
    )
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for _ in range(10):
            last = torch.mm(one, other)
        last[0, 0].item()
        done += 10
    return done * 2 * scale.side**3 / (time.perf_counter() - began)


# ---------------------------------------------------------------------------------------------------
# Accuracy


def trained(runs: Sequence[TrainSettings], data: Any, *, at_once: bool) -> dict[str, Any]:
    """Seeds trained to their end and tested once: seconds of all, test accuracies (None where diverged)."""
    began = time.perf_counter()
    states = [start(run, data) for run in runs]
    accuracies: list[float | None] = [None] * len(runs)
    numbered = train_at_once(states, data) if at_once else _one_by_one(states, data)
    for number, result in numbered:
        if isinstance(result, TestResult):
            accuracies[number] = result.accuracy
    return {"seconds": time.perf_counter() - began, "test_accuracy": accuracies, "at_once": at_once}


def _one_by_one(states: Sequence[Any], data: Any) -> Iterator[tuple[int, Any]]:
    return ((number, result) for number, state in enumerate(states) for result in train(state, data))
