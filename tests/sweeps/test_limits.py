"""What is checked before a sweep starts anything."""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sweeps.checks.limits import check
from sweeps.checks.refusals import CALLS, refusals, sample
from sweeps.checks.storage import check_disk, check_folder, check_store
from sweeps.engines.base import Needs
from sweeps.engines.options import EngineOptions
from sweeps.planning.job import Job
from tests.sweeps.conftest import QUESTIONS, TOY
from tracker.commands import written
from tracker.errors import LaunchError
from tracker.leases import open_leases


def job(number: int = 0, launch: tuple[str, ...] = ("python", "toy.py"), **settings: object) -> Job:
    """A job as a plan has it."""
    words = [f"{name}={written(value)}" for name, value in settings.items()]
    return Job(f"{number:016x}", settings, 1, (*launch, "with", *words, "seed=1"), ("q",), "planned")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the toy, in which the sweep is started."""
    (tmp_path / "toy.py").write_text(TOY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_wrong_is_no_error_and_writes_nothing(here: Path) -> None:
    check([job(x=1), job(x=2)], "runs", "local", EngineOptions())
    assert sorted(path.name for path in here.iterdir()) in (["toy.py"], ["__pycache__", "toy.py"])


def test_everything_that_is_wrong_is_told_at_once(here: Path) -> None:
    options = EngineOptions(needs=Needs(gpus=1, memory=2**60), logs=Path("/proc/logs"))
    with pytest.raises(LaunchError) as refused:
        check([job(launch=("no-such-program",), x=1)], "/proc/runs", "locale", options)
    lines = str(refused.value).splitlines()
    for words in (
        "did you mean local",
        "/proc/runs: no runs",
        "/proc/logs: no logs",
        "no-such-program: there is",
    ):
        assert any(words in line for line in lines)


def test_memory_and_cards_of_this_machine_are_looked_at(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(
        LaunchError, match=r"--gpus 1: there is no graphics card[^\n]*\na run needs .* of memory"
    ):
        check([], "runs", "local", EngineOptions(needs=Needs(gpus=1, memory=2**60)))


def test_a_setting_that_the_experiment_does_not_have_is_refused_in_its_words(here: Path) -> None:
    lines = refusals([job(x=1), job(x=1, y=3)], "runs")
    assert len(lines) == 1
    assert lines[0].startswith("python toy.py with x=1 y=3 seed=1 is refused: ")
    assert lines[0].endswith(
        "Added new config entry that is not used anywhere Conflicting configuration values: y=3"
    )


def test_where_the_questions_are_known_it_is_told_with_its_line_among_them(here: Path) -> None:
    (here / "q.yaml").write_text(QUESTIONS.replace("{act: succeed}", "{acct: succeed}"))
    jobs = [replace(job(x=x, acct="succeed"), nodes=("first",)) for x in (1, 2)]
    assert refusals(jobs, "runs", Path("q.yaml")) == [
        "q.yaml:4: python toy.py has no setting 'acct'; did you mean 'act'?"
    ]


def test_a_value_that_an_experiment_refuses_is_found(here: Path) -> None:
    launch = (sys.executable, "-m", "experiments.bn_only")
    lines = refusals([job(launch=launch, depth=depth) for depth in (8, 14, 15)], "runs")
    assert [line.partition(" is refused: ")[2].split(" is ")[0] for line in lines] == ["Refused: depth=15"]


def test_an_experiment_that_is_not_there_is_told(here: Path) -> None:
    lines = refusals([job(launch=("python", "-m", "no_such_experiment"), x=1)], "runs")
    assert "No module named no_such_experiment" in lines[0]


def test_a_command_that_is_not_of_sacred_is_not_asked(here: Path) -> None:
    assert refusals([Job("a", {}, 1, ("sh", "-c", "touch asked"), ("q",), "planned")], "runs") == []
    assert not (here / "asked").exists()


def test_asking_records_no_run(here: Path) -> None:
    refusals([job(x=1)], "runs")
    assert not (here / "runs").exists()


def test_every_value_is_asked_for_once() -> None:
    jobs = [job(x=x, z=z) for x in (1, 2, 3) for z in (4, 5) for _ in range(3)]
    asked = [dict(one.settings) for one in sample(jobs)]
    assert asked == [{"x": 1, "z": 4}, {"x": 1, "z": 5}, {"x": 2, "z": 4}, {"x": 3, "z": 4}]


def test_no_more_than_so_many_are_asked_and_other_settings_first() -> None:
    jobs = [*(job(x=x) for x in range(99)), job(y=1), job(launch=("python", "other.py"), x=1)]
    asked = sample(jobs)
    assert len(asked) == CALLS
    assert asked[:3] == [jobs[0], jobs[-2], jobs[-1]]


def test_a_disk_without_room_for_such_runs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "big").write_bytes(bytes(2**20))
    check_disk(tmp_path, 3)
    with pytest.raises(
        LaunchError, match=r"are free on its disk, and 1000000000 runs as large as the latest"
    ):
        check_disk(tmp_path, 10**9)


def test_of_a_folder_that_takes_no_file_the_disk_is_not_told_as_full() -> None:
    check_disk(Path("/proc/runs"), 3)


def test_a_disk_that_is_nearly_full_is_refused_with_what_must_be_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sweeps.checks.storage.LEAST", 2**60)
    with pytest.raises(LaunchError, match=r"at least 1073741824\.0 GiB must be free"):
        check_disk(tmp_path / "runs", 1)


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LaunchError, match="no logs can be kept here"):
        check_folder(tmp_path / "file" / "logs", "logs", "name another")


@contextmanager
def no_room() -> Iterator[None]:
    """No byte can be written into any file, as where a disk or a quota is full; nor could pytest's own."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_folder_that_takes_no_byte_is_refused(tmp_path: Path) -> None:
    refused = pytest.raises(LaunchError, match=r"no runs can be kept here \(File too large\); name another")
    with refused, no_room():
        check_folder(tmp_path / "runs", "runs", "name another")


def test_a_server_that_does_not_answer_is_refused_without_its_password(tmp_path: Path) -> None:
    address = "mongodb://user:secret@127.0.0.1:1/runs?serverSelectionTimeoutMS=200"
    with pytest.raises(LaunchError, match="runs cannot be written: No MongoDB answers") as refused:
        check_store(address, tmp_path)
    assert "secret" not in str(refused.value)


def test_a_server_that_may_be_written_is_left_as_it_is(mongo_address: str, tmp_path: Path) -> None:
    check_store(mongo_address, tmp_path)
    assert open_leases(mongo_address).leases() == {}


def test_experiments_of_python_are_asked_by_one_process(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    popen = subprocess.Popen.__init__

    def counted(process: subprocess.Popen[str], *words: object, **options: object) -> None:
        popen(process, *words, **options)  # type: ignore[call-overload]
        begun.append(process.pid)

    monkeypatch.setattr(subprocess.Popen, "__init__", counted)
    assert refusals([job(x=x) for x in range(9)], "runs") == []
    assert len(begun) == 1


def test_one_that_is_refused_among_many_is_asked_for_its_own_words(here: Path) -> None:
    lines = refusals([job(x=1), job(x=2), job(x=1, y=3), job(z=1)], "runs")
    assert [line.partition(" is refused: ")[2].split()[-1] for line in lines] == ["y=3", "z=1"]
    assert not (here / "runs").exists()


def test_a_program_that_ends_the_one_that_asks_is_asked_by_itself(here: Path) -> None:
    (here / "toy.py").write_text(
        "import os, sys\nif __name__ != '__main__': os._exit(0)\nsys.exit('no x here')"
    )
    lines = refusals([job(x=1), job(x=2)], "runs")
    assert [line.partition(" is refused: ")[2] for line in lines] == ["no x here"]


def test_what_gives_no_answer_in_time_is_not_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "toy.py").write_text(
        "import os, time\nopen('pids', 'a').write(f'{os.getpid()} ')\ntime.sleep(60)"
    )
    monkeypatch.setattr("sweeps.checks.asking.PATIENCE", 1.0)
    assert refusals([job(x=1), job(x=2)], "runs") == []
    assert not any(Path(f"/proc/{pid}").exists() for pid in (here / "pids").read_text().split())


def test_what_is_looked_at_takes_as_long_as_the_longest(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = threading.Barrier(3, timeout=20.0)  # breaks where one waits for the end of another

    def waits(*_: object) -> list[str]:
        meeting.wait()
        return []

    for name in ("check_disk", "check_store", "refusals"):
        monkeypatch.setattr(f"sweeps.checks.limits.{name}", waits)
    check([job(x=1)], "runs", "local", EngineOptions())
