"""Memory that stays with the process makes training quicker, and changes none of its numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.training.pages import keep_pages

ROOT = Path(__file__).parents[2]
IS_GLIBC = "CS_GNU_LIBC_VERSION" in os.confstr_names
LARGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")  # such as: always [madvise] never
HANDED_OUT = LARGE_PAGES.read_text().split("[")[1].split("]")[0] if LARGE_PAGES.exists() else "never"
VARIABLES = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "THP_MEM_ALLOC_ENABLE")

# runs with memory as the system hands it out, then runs that keep it: their networks, their page faults
BOTH_WAYS = """
import json, os, resource
from dataclasses import asdict
from statistics import median
import torch
from benchmarks.speed.images import noise_data
from experiments.training import state
from experiments.training.loop import start, train
from experiments.training.settings import TrainSettings

def run(precision):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    settings = TrainSettings(depth=8, width=8, batch_size=128, epochs=1, precision=precision, device="cpu")
    data = noise_data(256, 0, 10)
    began = start(settings, data)
    list(train(began, data))
    return began.model.state_dict(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

torch.set_num_threads(1)
both = ("fp32", "bf16") * 2
keep, state.keep_pages = state.keep_pages, lambda device, save_memory: None
plain = [run(one) for one in both + both]
state.keep_pages, environment = keep, dict(os.environ)
kept = [run(one) for one in both + both]
equal = [torch.equal(value, after[0][name])
         for before, after in zip(plain, kept) for name, value in before[0].items()]
before, after = ([faults for _, faults in runs[2:]] for runs in (plain, kept))
fewer = median(before) / max(1, min(after))  # the least, because the system may reclaim pages
print(json.dumps({**asdict(keep(torch.device("cpu"), False)), "equal": all(equal),
                  "fewer": fewer, "untouched": environment == dict(os.environ)}))
"""
PAGES = """
import json
from dataclasses import asdict
import torch
from experiments.training.pages import keep_pages
print(json.dumps(asdict(keep_pages(torch.device("cpu"), False))))
"""


# MiB that stay with a process after a tensor of 64 MiB is freed
FREED = """
import json, sys
from pathlib import Path
import torch
from experiments.training.pages import keep_pages

def resident():
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024

keep_pages(torch.device("cpu"), SAVE_MEMORY)
before = resident()
large = torch.ones(16 * 2**20)
fence = torch.ones(2**10)
del large
print(json.dumps({"stays": resident() - before}))
"""


def answer(program: str, **variables: str) -> dict[str, Any]:
    """What a program prints in a process of its own, which nothing has set up yet."""
    clean = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    environment = {**clean, "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.skipif(not IS_GLIBC, reason="the options are glibc's")
def test_a_training_that_keeps_its_memory_ends_with_the_very_same_network() -> None:
    found = answer(BOTH_WAYS)

    assert found["equal"]
    assert found["kept"]
    assert found["fewer"] > 2
    assert found["untouched"]


@pytest.mark.skipif(not IS_GLIBC, reason="the options are glibc's")
def test_what_is_large_goes_back_where_memory_is_to_be_saved() -> None:
    assert answer(FREED.replace("SAVE_MEMORY", "True"))["stays"] < 32
    assert answer(FREED.replace("SAVE_MEMORY", "False"))["stays"] > 50


@pytest.mark.skipif(HANDED_OUT == "never", reason="this system hands out no large pages")
def test_large_tensors_lie_in_large_pages_where_the_system_has_them() -> None:
    assert answer(PAGES)["large"]


def test_what_somebody_set_stays() -> None:
    found = answer(PAGES, MALLOC_TRIM_THRESHOLD_="131072", THP_MEM_ALLOC_ENABLE="0")

    assert found == {"kept": False, "large": HANDED_OUT == "always"}


def test_a_graphics_card_has_memory_of_its_own() -> None:
    pages = keep_pages(torch.device("cuda"), save_memory=False)

    assert not pages.kept
    assert not pages.large
