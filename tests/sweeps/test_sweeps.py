"""Sweeps over a toy experiment: real processes, a real store."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sweeps.scene import everything, in_a_shell, logs, recorded, wait_for
from tracker import open_store

Sweeps = Callable[..., subprocess.CompletedProcess[str]]


def test_runs_of_a_higher_priority_come_first(place: Path, sweeps: Sweeps) -> None:
    questions = place / "questions.yaml"
    questions.write_text(questions.read_text().replace("id: again,", "id: again, priority: 1,"))
    lines = sweeps("plan", "questions.yaml").stdout.splitlines()
    assert ["x=3" in line for line in lines] == [False] * 4 + [True] * 2
    questions.write_text(questions.read_text().replace("id: first,", "id: first, priority: 2,"))
    assert sorted(lines) == sorted(later := sweeps("plan", "questions.yaml").stdout.splitlines())
    assert ["x=1" in line for line in later] == [True, False, False] * 2


def test_a_plan_lists_each_missing_run_once_and_starts_nothing(place: Path, sweeps: Sweeps) -> None:
    answer = sweeps("plan", "questions.yaml")

    lines = answer.stdout.splitlines()
    assert answer.returncode == 0
    assert len(lines) == len(set(lines)) == 6  # the four runs of `again` are also runs of `first`
    assert "6 runs to start" in answer.stderr
    assert not (place / "runs").exists()


def test_a_planned_line_can_be_pasted_into_a_shell(place: Path, sweeps: Sweeps) -> None:
    line = sweeps("plan", "questions.yaml", "--store", "else where").stdout.splitlines()[0]

    in_a_shell(line, place)

    assert (place / "else where" / "1").is_dir()


def test_a_sweep_runs_everything_once(place: Path, sweeps: Sweeps) -> None:
    answer = sweeps("run", "questions.yaml")

    assert answer.returncode == 0, answer.stderr
    assert recorded(place) == everything()
    assert "nothing is missing" in answer.stderr


def test_a_second_sweep_starts_nothing(place: Path, sweeps: Sweeps) -> None:
    sweeps("run", "questions.yaml")

    answer = sweeps("run", "questions.yaml")

    assert answer.returncode == 0
    assert recorded(place) == everything()


def test_a_run_started_by_hand_is_not_started_again(place: Path, sweeps: Sweeps) -> None:
    by_hand = sweeps("plan", "questions.yaml").stdout.splitlines()[3]
    in_a_shell(by_hand, place)

    sweeps("run", "questions.yaml")

    assert recorded(place) == everything()


def test_a_failed_run_stops_nothing_and_is_named_with_its_log(place: Path, sweeps: Sweeps) -> None:
    text = (place / "questions.yaml").read_text()
    (place / "questions.yaml").write_text(text.replace("act: succeed", "act: fail at 2"))

    answer = sweeps("run", "questions.yaml", "--logs", "logs")

    assert answer.returncode == 1
    assert Counter(status for _, _, status in recorded(place).elements()) == {"COMPLETED": 4, "FAILED": 2}
    assert answer.stderr.count("RuntimeError: on purpose") == 4  # when it happens, and at the end
    assert "its log: logs" in answer.stderr
    assert "questions.yaml: 4 of 6 done, 2 failed (in runs)" in answer.stderr.splitlines()


def test_the_next_sweep_repeats_the_failed_runs_alone(place: Path, sweeps: Sweeps) -> None:
    text = (place / "questions.yaml").read_text()
    (place / "questions.yaml").write_text(text.replace("act: succeed", "act: fail at 2"))
    sweeps("run", "questions.yaml")

    sweeps("run", "questions.yaml")

    assert Counter(status for _, _, status in recorded(place).elements()) == {"COMPLETED": 4, "FAILED": 4}


def test_ctrl_c_ends_the_runs_in_order_and_the_same_command_goes_on(
    place: Path, start: Callable[..., subprocess.Popen[str]], sweeps: Sweeps
) -> None:
    text = (place / "questions.yaml").read_text()
    (place / "questions.yaml").write_text(text.replace("act: succeed", "act: succeed, nap: 1.0"))
    process = start("run", "questions.yaml", "--workers", "2")
    wait_for(lambda: any((place / "sweep-logs").glob("*.log")) and "toy started" in logs(place))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "the same command goes on from here" in errors
    assert "Traceback" not in errors
    assert {status for _, _, status in recorded(place)} <= {"INTERRUPTED", "COMPLETED"}

    assert sweeps("run", "questions.yaml").returncode == 0
    finished = Counter({key: count for key, count in recorded(place).items() if key[2] == "COMPLETED"})
    assert finished == everything()


def test_a_sweep_that_is_terminated_leaves_no_run_behind(
    place: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    text = (place / "questions.yaml").read_text()
    (place / "questions.yaml").write_text(text.replace("act: succeed", "act: succeed, nap: 30.0"))
    process = start("run", "questions.yaml", "--workers", "2")
    wait_for(lambda: logs(place).count("toy started") == 2)
    process.terminate()
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "ending 2 running" in errors
    assert errors.count("stopped") == 2
    assert {status for _, _, status in recorded(place)} == {"INTERRUPTED"}


def test_a_run_that_is_killed_each_time_is_no_success(
    place: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    text = (place / "questions.yaml").read_text()
    (place / "questions.yaml").write_text(
        text.replace("act: succeed", "act: kill").replace("seeds: [1, 2]", "seeds: [1]")
    )
    script = (place / "toy.py").read_text()
    killed = 'if act == "kill" and x == 3:\n        import os; os.kill(os.getpid(), 9)\n    if act'
    (place / "toy.py").write_text(script.replace("if act", killed, 1))
    process = start("run", "questions.yaml")
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 1
    assert errors.count("KILLED") == 3  # a kill says little about a run, three say enough
    assert "nothing is missing" not in errors


def test_equal_runs_of_two_questions_are_one_job_and_others_are_not(place: Path, sweeps: Sweeps) -> None:
    nap = "parameter: nap, values: [0.0, 0.1], baseline: 0.0, setup: {x: 1}"
    with (place / "questions.yaml").open("a") as file:
        file.write(f'  - {{id: nap, question: "Naps?", {nap}}}\n')

    lines = sweeps("plan", "questions.yaml").stdout.splitlines()

    assert len(lines) == 6 + 4
    assert sum("nap=" in line for line in lines) == 4


def test_a_plan_says_what_became_of_the_last_attempt(place: Path, sweeps: Sweeps) -> None:
    text = (place / "questions.yaml").read_text()
    (place / "questions.yaml").write_text(text.replace("act: succeed", "act: fail at 2"))
    sweeps("run", "questions.yaml")

    lines = sweeps("plan", "questions.yaml").stdout.splitlines()

    assert len(lines) == 2
    assert all(line.endswith("  # failed") for line in lines)


def test_a_run_carries_the_questions_that_it_was_started_for(place: Path, sweeps: Sweeps) -> None:
    sweeps("run", "questions.yaml")

    told = {
        run.config["x"]: run.info["tracker"]["questions"] for run in open_store(str(place / "runs")).runs()
    }

    assert told == {1: ["first", "again"], 2: ["first", "again"], 3: ["first"]}


def test_the_cores_are_divided_between_the_runs(place: Path, sweeps: Sweeps) -> None:
    script = (place / "toy.py").read_text()
    threads = 'import os; print("threads", os.environ["OMP_NUM_THREADS"], "'
    (place / "toy.py").write_text(script.replace('print("', threads))

    sweeps("run", "questions.yaml", "--workers", "100")

    assert "threads 1 toy started" in logs(place)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "missing.yaml"), "missing.yaml"),
        (("run", "questions.yaml", "--store", "toy.py"), "toy.py is a file"),
        (("run", "questions.yaml", "--store", "redis://here"), "redis://here"),
        (("plan", "toy.py"), "toy.py:"),
        (("run", "questions.yaml", "--logs", "toy.py/logs"), "no logs can be kept here"),
    ],
)
def test_bad_input_is_one_line(place: Path, sweeps: Sweeps, words: tuple[str, ...], message: str) -> None:
    answer = sweeps(*words)

    assert answer.returncode == 1
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (place / "runs").exists()


def test_a_program_that_is_not_there_is_named_before_anything_starts(place: Path, sweeps: Sweeps) -> None:
    text = (place / "questions.yaml").read_text()
    (place / "questions.yaml").write_text(text.replace("python toy.py", "no-such-program toy.py"))

    answer = sweeps("run", "questions.yaml")

    assert answer.returncode == 1
    assert "no-such-program: there is no such program" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_command_never_loads_what_trains(place: Path) -> None:
    code = (
        "import sys\nfrom sweeps.cli import main\n"
        "try:\n    main(['plan', 'questions.yaml'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(','.join({'torch', 'sacred', 'experiments', 'pandas'} & set(sys.modules)) or 0)\n"
    )

    answer = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, text=True)

    assert answer.returncode == 0, answer.stderr
