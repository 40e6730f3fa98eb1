"""Recording attached to an experiment that is not ours, each run a real process."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.recording.conftest import popen, record_of

SCRIPT = """
import sys, time
from tracker.recording import Experiment, note_divergence, record, run_commandline

experiment = Experiment("mine")
experiment.add_config({"lr": 0.1, "act": "succeed"})
record(experiment)

@experiment.main
def main(_run, lr, act):
    print("the first line", flush=True)
    _run.log_scalar("loss", lr, 1)
    if act == "fail":
        print("the last line before the error")
        raise RuntimeError("on purpose")
    if act == "wait":
        print("waiting", flush=True)
        time.sleep(60)
    if act == "diverge":
        note_divergence(_run, 7, "stem.conv")
    return lr

if __name__ == "__main__":
    run_commandline(experiment)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(SCRIPT)
    return path


def start(script: Path, *words: str, store: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    with popen(script.parent, SCRIPT, *words, TRACKER_STORE=store, **environ) as process:
        output, errors = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def test_a_refusal_is_one_line_and_no_empty_one(script: Path) -> None:
    refused = start(script, "with", "nosuch")

    assert refused.returncode == 1
    assert refused.stderr.startswith("Refused: with nosuch: ")
    assert refused.stderr.count("\n") == 1


def test_a_run_goes_to_the_folder_runs_when_nobody_says_where(script: Path) -> None:
    assert start(script, "with", "lr=0.5").returncode == 0

    record = record_of(script.parent / "runs")

    assert record["run"]["status"] == "COMPLETED"
    assert record["config"]["lr"] == 0.5
    assert record["metrics"]["loss"]["values"] == [0.5]


def test_the_variable_names_the_store(script: Path, tmp_path: Path) -> None:
    start(script, store=str(tmp_path / "elsewhere"))

    assert record_of(tmp_path / "elsewhere")["run"]["status"] == "COMPLETED"
    assert not (script.parent / "runs").exists()


def test_an_option_on_the_command_line_comes_before_the_variable(script: Path, tmp_path: Path) -> None:
    start(script, "-F", str(tmp_path / "option"), store=str(tmp_path / "variable"))

    assert (tmp_path / "option" / "1").is_dir()
    assert not (tmp_path / "variable").exists()


def test_an_unobserved_run_leaves_nothing(script: Path) -> None:
    assert start(script, "-u").returncode == 0

    assert sorted(path.name for path in script.parent.iterdir()) == ["mine.py"]


def test_a_settings_file_names_the_store(script: Path) -> None:
    (script.parent / "tracker.toml").write_text('store = "from-file"\n')

    start(script)

    assert (script.parent / "from-file" / "1").is_dir()


def test_the_output_of_a_failed_run_is_kept_to_the_last_line(script: Path) -> None:
    assert start(script, "with", "act=fail").returncode == 1

    assert "the last line before the error" in (script.parent / "runs/1/cout.txt").read_text()
    assert record_of(script.parent / "runs")["run"]["status"] == "FAILED"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_a_run_that_is_asked_to_end_is_interrupted_with_everything_kept(
    script: Path, number: int, code: int
) -> None:
    process = popen(script.parent, SCRIPT, "with", "act=wait")
    assert process.stdout is not None
    while "waiting" not in process.stdout.readline():
        time.sleep(0.01)
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)

    record = record_of(script.parent / "runs")
    assert record["run"]["status"] == "INTERRUPTED"
    assert record["metrics"]["loss"]["values"] == [0.1]
    assert "waiting" in (script.parent / "runs/1/cout.txt").read_text()
    assert process.returncode == code
    assert "Traceback" not in errors
    assert "run 1 was interrupted" in errors


def test_a_diverged_run_says_where(script: Path) -> None:
    start(script, "with", "act=diverge")

    assert record_of(script.parent / "runs")["info"]["tracker"]["diverged"] == {
        "step": 7,
        "layer": "stem.conv",
    }


def test_the_record_says_which_code_made_the_run(script: Path) -> None:
    git = ["git", "-C", str(script.parent), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "mine.py"], check=True)
    subprocess.run([*git, "commit", "-qm", "One"], check=True)
    commit = subprocess.run(
        [*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()

    start(script, "-F", "runs")

    code = record_of(script.parent / "runs")["info"]["tracker"]["code"]
    assert (code["commit"], code["dirty"]) == (commit, False)


def test_a_repository_without_a_commit_does_not_stop_a_run(script: Path) -> None:
    subprocess.run(["git", "-C", str(script.parent), "init", "-q"], check=True)

    assert start(script).returncode == 0
    assert "unknown" in record_of(script.parent / "runs")["info"]["tracker"]["code"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-F", "mine.py"], "is a file"),
        (["-b", "0"], "--beat-interval=0 must be a number of seconds above 0"),
        (["-b", "300"], "at most 10"),
        (["with", "nosuch.yaml"], "with nosuch.yaml: there is no such named config or file"),
        (["-m", "me:secret@host/grove"], "-m ***@host/grove is no MongoDB"),
        (["-m", "grove.mine"], "this option takes [host:port:]database"),
        (["-m", "mongodb://me:secret@127.0.0.1"], "mongodb://***@127.0.0.1"),
        (["-m", "ftp://me:secret@127.0.0.1"], "ftp://***@127.0.0.1"),
        (["-i", "seven"], "--id=seven must be a whole number from 1 on"),
        (["-i", "0"], "--id=0 must be"),
        (["-C", "most"], "--capture=most must be one of no, sys, fd"),
        (["-e"], "--enforce_clean: nothing is known of the code"),
        (["-F", "/proc/nowhere"], "runs cannot be written here"),
        (["-b", "soon"], "--beat-interval=soon must be a number of seconds above 0"),
    ],
)
def test_an_impossible_place_or_beat_is_refused_before_a_run_exists(
    script: Path, words: list[str], message: str
) -> None:
    answer = start(script, *words)

    assert answer.returncode == 1
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "secret" not in answer.stderr
    assert not (script.parent / "runs").exists()


def test_printing_the_configuration_needs_no_store(script: Path) -> None:
    answer = start(script, "print_config", store="mongodb://127.0.0.1:9/grove?serverSelectionTimeoutMS=200")

    assert answer.returncode == 0
    assert "lr = 0.1" in answer.stdout


def test_sacred_starts_without_pandas() -> None:
    code = "import tracker.recording, sys; sys.exit('pandas' in sys.modules or 'torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_pandas_can_still_be_imported_afterwards() -> None:
    code = "import tracker.recording, pandas; pandas.DataFrame()"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
