"""Runs that are trained at once are recorded as if each had been trained by itself."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Client, Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from experiments.at_once import joining, worker
from experiments.at_once.__main__ import NOT_ONE_NETWORK, _ended, _pass_on, _started, main
from experiments.at_once.joining import VARIABLE, Taken, join
from experiments.at_once.trainer import Trainer
from experiments.training.at_once import loop as at_once_loop
from experiments.training.at_once import pace
from experiments.training.results import EpochResult, TestResult
from experiments.training.settings import SettingsError, TrainSettings

ROOT = Path(__file__).parents[2]
TINY = (
    "with",
    "smoke",
    "subset=200",
    "test_subset=100",
    "epochs=2",
    "batch_size=32",
    "width=4",
    "precision=fp32",
)
FAR = 60.0  # seconds that no test waits


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def settings(data: Path) -> TrainSettings:
    return TrainSettings(
        data_dir=str(data), subset=200, test_subset=100, depth=8, width=2, epochs=2, batch_size=32,
        device="cpu", precision="fp32", seed=1,
    )  # fmt: skip


def run(*words: str, store: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "TRACKER_STORE": str(store), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=240)


def records(store: Path) -> dict[int, dict[str, Any]]:
    """By seed."""
    found = {}
    for folder in store.iterdir():
        if folder.name.isdecimal():
            record = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
            found[record["config"]["seed"]] = record
    return found


def test_each_seed_has_the_record_that_it_has_alone(tmp_path: Path, data: Path) -> None:
    words = (*TINY, f"data_dir={data}")
    answer = run("experiments.at_once", "bn_only", "--seeds", "3", "4", *words, store=tmp_path / "at_once")
    assert answer.returncode == 0, answer.stderr
    assert {line.split(": ")[0] for line in answer.stdout.splitlines()} == {"seed 3", "seed 4"}
    alone = run("experiments.bn_only", *words, "seed=4", store=tmp_path / "alone")
    assert alone.returncode == 0, alone.stderr

    found, other = records(tmp_path / "at_once"), records(tmp_path / "alone")[4]
    assert sorted(found) == [3, 4]
    mine = found[4]
    assert mine["run"]["status"] == "COMPLETED"
    assert mine["config"] == other["config"]
    assert mine["info"]["training"].pop("at_once") == [3, 4]
    assert mine["info"]["training"] == other["info"]["training"]
    assert mine["run"]["experiment"]["name"] == "bn_only"
    for made_of in ("dependencies", "sources", "mainfile"):
        assert mine["run"]["experiment"][made_of] == other["run"]["experiment"][made_of]
    assert mine["metrics"].keys() == other["metrics"].keys()
    for name, metric in other["metrics"].items():
        assert mine["metrics"][name]["steps"] == metric["steps"]
        assert mine["metrics"][name]["values"] == pytest.approx(metric["values"], rel=1e-3, abs=1e-3), name
    assert sorted(mine["run"]["artifacts"], key=str) == sorted(other["run"]["artifacts"], key=str)


# ---------------------------------------------------------------------------------------------------
# Who is taken on


Knock = Callable[..., Connection]


@pytest.fixture
def knock() -> Iterator[Knock]:
    """knock(address, settings) is the connection of a run that says it is on that device."""
    made: list[Connection] = []

    def at(address: str, settings: TrainSettings, device: str = "cuda") -> Connection:
        made.append(Client(address, "AF_UNIX"))
        made[-1].send((settings.to_config(), device, None))
        return made[-1]

    yield at
    for connection in made:
        connection.close()


def hear(connection: Connection) -> tuple[str, Any]:
    assert connection.poll(FAR)
    told: tuple[str, Any] = connection.recv()
    return told


def test_on_a_cpu_the_runs_of_a_sweep_train_by_themselves(settings: TrainSettings, knock: Knock) -> None:
    with Trainer(2, FAR, must=False).listening() as address:
        kind, words = hear(knock(address, settings, device="cpu"))
    assert kind == "alone"
    assert "on a CPU" in words


def test_a_run_that_stays_alone_trains_by_itself(settings: TrainSettings, knock: Knock) -> None:
    with Trainer(2, 0.1, must=False).listening() as address:
        one, other = knock(address, settings), knock(address, replace(settings, lr=0.2))
        assert [hear(one)[0], hear(other)[0]] == ["alone", "alone"]


def test_the_same_seed_twice_is_no_group(settings: TrainSettings, knock: Knock) -> None:
    with Trainer(2, 0.5, must=False).listening() as address:
        assert [hear(knock(address, settings))[0] for _ in range(2)] == ["alone", "alone"]


@pytest.mark.parametrize(("must", "kind"), [(False, "alone"), (True, "refused")])
def test_what_cannot_be_trained_at_once_is_said(
    settings: TrainSettings, knock: Knock, must: bool, kind: str
) -> None:
    with Trainer(2, FAR, must=must).listening() as address:
        told, words = hear(knock(address, replace(settings, dropout=0.1)))
    assert told == kind
    assert "dropout=0.1 cannot be trained for several seeds at once" in words


# ---------------------------------------------------------------------------------------------------
# What a group hears


def trained(
    runs: list[TrainSettings], *, must: bool, leaves: int | None = None
) -> list[list[tuple[str, Any]]]:
    """What each run hears of a worker in this process; one may leave before it hears anything."""
    ends = [Pipe() for _ in runs]
    if leaves is not None:
        ends[leaves][0].close()
    worker.train_group([(there, run) for (_, there), run in zip(ends, runs, strict=True)], None, must=must)
    heard: list[list[tuple[str, Any]]] = []
    for number, (here, there) in enumerate(ends):
        there.close()
        heard.append([])
        while number != leaves and here.poll():
            try:
                heard[-1].append(here.recv())
            except EOFError:
                break
    return heard


def kinds(heard: list[tuple[str, Any]]) -> list[str]:
    return [kind for kind, _ in heard if kind != "progress"]


def test_one_that_goes_away_harms_no_other(settings: TrainSettings) -> None:
    runs = [replace(settings, seed=seed) for seed in (1, 2, 3)]
    heard = trained(runs, must=True, leaves=1)
    for number in (0, 2):
        results = [content for kind, content in heard[number] if kind == "result"]
        assert kinds(heard[number])[:2] == ["taken", "facts"]
        assert kinds(heard[number])[-1] == "end"
        assert sum(isinstance(result, EpochResult) for result in results) == 2
        assert isinstance(results[-1], TestResult)


@pytest.mark.parametrize(("together", "first"), [(90.0, "alone"), (110.0, "taken")])
def test_runs_are_trained_at_once_where_that_was_measured_to_be_faster(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch, together: float, first: str
) -> None:
    monkeypatch.setattr(pace, "pace", lambda runs, _data: 100.0 if len(runs) == 1 else together)
    for heard in trained([replace(settings, seed=seed, epochs=1) for seed in (1, 2)], must=False):
        assert kinds(heard)[0] == first


@pytest.mark.parametrize("most", [0, 1])
def test_runs_that_do_not_fit_into_the_card_together_train_by_themselves(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    def full(runs: list[TrainSettings], _data: object) -> float:
        if len(runs) > most:
            raise torch.OutOfMemoryError
        return 100.0

    monkeypatch.setattr(pace, "pace", full)
    for heard in trained([replace(settings, seed=seed, epochs=1) for seed in (1, 2)], must=False):
        kind, words = heard[-1]
        assert kind == "alone"
        assert "2 seeds at once do not fit" in words


def test_runs_that_must_be_trained_at_once_hear_that_the_card_has_no_room(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(at_once_loop, "train_at_once", full)
    for heard in trained([replace(settings, seed=seed, epochs=1) for seed in (1, 2)], must=True):
        words = "out of memory: the card has no room for 2 seeds at once; start fewer, or one"
        assert heard[-1] == ("refused", words)


def test_what_the_data_show_to_be_impossible_is_refused(settings: TrainSettings) -> None:
    for heard in trained([replace(settings, seed=seed, batch_size=500) for seed in (1, 2)], must=True):
        kind, words = heard[-1]
        assert kind == "refused"
        assert "batch_size=500 is more than the" in words


# ---------------------------------------------------------------------------------------------------
# The run's side


def test_a_run_whose_trainer_is_gone_is_interrupted() -> None:
    here, there = Pipe()
    there.close()
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        list(Taken(here, said.append).results(SimpleNamespace(info={})))
    assert said == ["the trainer has ended before this run: see whether it says why, and start it again"]


def test_a_run_that_finds_nobody_at_the_address_trains_by_itself(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nobody"))
    said: list[str] = []
    assert join(settings, lambda *_: None, said.append) is None
    assert "there is no trainer" in said[0]


def test_a_trainer_that_ends_while_a_run_knocks_interrupts_the_run(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = Pipe()
    there.close()
    monkeypatch.setenv(VARIABLE, "trainer")
    monkeypatch.setattr(joining, "Client", lambda *_: here)
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        join(settings, lambda *_: None, said.append)
    assert said == ["the trainer has ended before this run: see whether it says why, and start it again"]


def test_a_refusal_is_an_error_of_the_settings() -> None:
    here, there = Pipe()
    there.send(("refused", "no"))
    with pytest.raises(SettingsError, match="no"):
        list(Taken(here, print).results(SimpleNamespace(info={})))


# ---------------------------------------------------------------------------------------------------
# The command line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name an experiment and its --seeds, or a command after --"),
        (["bn_only", "with", "smoke"], "name an experiment and its --seeds"),
        (["bn_onyl", "--seeds", "1"], "bn_onyl: there is no such experiment"),
        (["bn_only", "--seeds", "1", "1"], "1 is given twice"),
        (["ensemble", "--seeds", "1", "2"], "ensemble does more than to train one network"),
        (["--up-to", "1", "--", "true"], "at least 2 runs"),
        (["--up-to", "2", "--", "no-such-program"], "no-such-program: there is no such program"),
    ],
)
def test_a_command_that_cannot_work_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_experiments_that_do_more_than_to_train_one_network_are_known() -> None:
    texts = {path.stem: path.read_text() for path in (ROOT / "experiments").glob("*.py")}
    more = {
        name
        for name, text in texts.items()
        if "= Experiment(" in text and ("train_with(" not in text or "results=" in text)
    }
    assert more == set(NOT_ONE_NETWORK)


def test_a_setting_that_is_misspelt_is_refused_once(tmp_path: Path) -> None:
    answer = run("experiments.at_once", "full", "--seeds", "1", "2", "with", "epochz=1", store=tmp_path)
    assert answer.returncode == 1
    assert answer.stderr.count("there is no setting 'epochz': did you mean 'epochs'?") == 1


def test_a_sweep_beside_the_trainer_finds_its_address_and_tells_its_own_end(
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    try:
        code = main(
            [
                "--up-to",
                "2",
                "--",
                sys.executable,
                "-c",
                f"import os; print(os.environ['{VARIABLE}']); exit(3)",
            ]
        )
    finally:
        signal.signal(signal.SIGTERM, before)
    assert code == 3
    assert capfd.readouterr().out.strip().endswith("trainer")


def test_where_no_run_could_reach_a_trainer_nothing_is_started_and_the_remedy_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    long = tmp_path / ("long" * 40)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert main(["--up-to", "2", "--", sys.executable, "-c", f"open({str(tmp_path / 'it')!r}, 'w')"]) == 1
    finally:
        signal.signal(signal.SIGTERM, before)
    said = capsys.readouterr().err
    assert said.startswith(f"{long}: runs cannot reach a trainer here (")
    assert said.endswith("); set TMPDIR to a folder with a short path that can be written\n")
    assert not (tmp_path / "it").exists()
    assert list(long.iterdir()) == []


def test_what_a_run_prints_is_passed_on_whatever_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    code = r"import sys; sys.stdout.buffer.write(b'\xff\n' * 50000 + b'end\n')"
    assert _started("seed 1", [sys.executable, "-c", code], os.environ).wait(FAR) == 0
    eventually = time.monotonic() + FAR
    said = ""
    while "seed 1: end\n" not in said and time.monotonic() < eventually:
        said += capfd.readouterr().out
    assert said.startswith("seed 1: \ufffd\n")
    assert said.endswith("seed 1: end\n")


def test_a_reader_that_goes_away_does_not_stop_what_a_run_prints() -> None:
    class Closed(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    lines = io.StringIO("one\ntwo\n")
    _pass_on("seed 1: ", lines, Closed())
    assert lines.closed


def test_all_runs_are_asked_to_end_at_once(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    waits = f"while not pathlib.Path({str(heard)!r}).exists(): time.sleep(0.01)"
    begin = (
        "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: {}); print(flush=True)"
    )
    codes = (  # the first one ends only when the second one has heard
        f"{begin.format('None')}\n{waits}\nsys.exit(3)",
        f"{begin.format(f'pathlib.Path({str(heard)!r}).touch()')}\n{waits}\nsys.exit(4)",
    )
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
            )
            for code in codes
        ]
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        assert _ended(processes) == [3, 4]
