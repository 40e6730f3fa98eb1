"""Seeds at once, and a sweep beside a trainer, from the command line."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from experiments.at_once.__main__ import NOT_ONE_NETWORK, _ended, _pass_on, _started, main
from experiments.at_once.joining import VARIABLE
from tests.experiments.at_once.conftest import FAR, ROOT, run


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


def test_what_a_run_prints_is_passed_on_whatever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    monkeypatch.setattr(sys, "stdout", said)
    code = r"import sys; sys.stdout.buffer.write(b'\xff\n' * 50000 + b'end\n')"
    assert _started("seed 1", [sys.executable, "-c", code], os.environ).wait(FAR) == 0
    eventually = time.monotonic() + FAR
    while "seed 1: end\n" not in said.getvalue() and time.monotonic() < eventually:
        time.sleep(0.01)
    assert said.getvalue() == "seed 1: \ufffd\n" * 50000 + "seed 1: end\n"


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
