"""What sbatch is told for the wishes of a user."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.engines.base import Needs
from sweeps.engines.options import EngineOptions
from sweeps.engines.slurm_options import Wishes, minutes_of, parameters, shares, wishes
from tracker.errors import LaunchError

pytest.importorskip("submitit", reason="needs submitit: pip install 'sacred-grove[slurm]'")


def wished(needs: Needs | None = None, per_gpu: int | None = None, **extra: str) -> Wishes:
    """The options as the engine reads them."""
    from submitit.slurm.slurm import _get_default_parameters

    options = EngineOptions(None, per_gpu, needs or Needs(), Path("logs"), extra=extra)
    return wishes(options, _get_default_parameters())


def told(needs: Needs, runs: int = 1, **extra: str) -> dict[str, object]:
    """What sbatch is told of a job of so many runs."""
    return parameters(needs, wished(needs, **extra), runs)


def test_the_needs_of_a_run_become_those_of_its_job() -> None:
    job = told(Needs(cores=3, gpus=2, memory=5 * 2**30, minutes=90))

    assert (job["cpus_per_task"], job["gres"], job["mem"], job["time"]) == (3, "gpu:2", "5120M", 90)
    assert job["srun_args"] == ["--cpus-per-task=3"]  # srun does not take it from sbatch


def test_what_nobody_asked_for_is_left_to_the_cluster() -> None:
    job = told(Needs())

    assert job["time"] is None
    assert "gres" not in job
    assert "mem" not in job


def test_a_share_of_a_card_becomes_a_job_with_a_whole_one_and_several_runs() -> None:
    job = told(Needs(cores=2, gpus=0.25, memory=2**30, minutes=10), runs=8)

    assert (job["cpus_per_task"], job["gres"], job["mem"], job["time"]) == (8, "gpu:1", "4096M", 20)
    assert wished(per_gpu=3).at_once == 3
    assert parameters(Needs(), wished(per_gpu=3), 3)["gres"] == "gpu:1"


def test_shards_take_the_place_of_a_card() -> None:
    assert told(Needs(gpus=0.5), shards="2")["gres"] == "shard:2"


def test_a_short_limit_leaves_time_between_the_signal_and_the_end() -> None:
    assert told(Needs(minutes=600))["signal_delay_s"] == 90
    assert told(Needs(minutes=2))["signal_delay_s"] == 40
    assert told(Needs(), time="1")["signal_delay_s"] == 20


def test_times_are_read_as_sbatch_reads_them() -> None:
    words = ("90", "90:30", "1:30:00", "2-12", "2-12:30", "2-12:30:00", "UNLIMITED", "", "x-1", "None")
    assert [minutes_of(each) for each in words] == [90, 90.5, 90, 3600, 3630, 3630, None, None, None, None]


def test_parameters_of_sbatch_are_passed_on() -> None:
    given = {"partition": "gpu", "time": "1-00:00:00", "cpus-per-task": "9", "sbatch.reservation": "mine"}
    job = told(Needs(cores=2, minutes=5), **given)

    assert (job["partition"], job["time"], job["cpus_per_task"]) == ("gpu", "1-00:00:00", 9)
    assert job["additional_parameters"] == {"requeue": True, "reservation": "mine"}
    assert told(Needs(), exclusive="")["exclusive"] is True
    assert told(Needs(), setup="module load cuda")["setup"] == ["module load cuda"]


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"partitoin": "gpu"}, "did you mean partition?"),
        ({"shard": "2"}, "did you mean shards?"),
        ({"zzzzz": "2"}, r"sbatch\.NAME=VALUE"),
        ({"nodes": "2"}, "one process on one node"),
        ({"shards": "two"}, "whole number"),
        ({"pool": "0"}, "whole number"),
        ({"signal_delay_s": "x"}, "whole number"),
        ({"pool": "2", "shards": "2"}, "leave out pool"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(extra: dict[str, str], words: str) -> None:
    with pytest.raises(LaunchError, match=words):
        wished(**extra)


def test_one_and_a_half_cards_are_refused() -> None:
    with pytest.raises(LaunchError, match=r"--gpus 1\.5"):
        wished(Needs(gpus=1.5))


def test_runs_are_dealt_to_jobs() -> None:
    assert shares(3, Wishes()) == [[0], [1], [2]]
    assert shares(5, Wishes(at_once=2)) == [[0, 3], [1, 4], [2]]
    assert shares(9, Wishes(at_once=2, workers=4)) == [[0, 2, 4, 6, 8], [1, 3, 5, 7]]
    assert shares(2, Wishes(at_once=4, workers=2)) == [[0, 1]]


def test_workers_bound_the_jobs_of_an_array() -> None:
    assert parameters(Needs(), Wishes(workers=7), 1)["array_parallelism"] == 7
