"""The experiments as a user starts them: real processes, real records."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.forked import run_module

ROOT = Path(__file__).parents[2]
# whatever makes an Experiment; a new one is tested by being there
EXPERIMENTS = sorted(
    path.stem for path in (ROOT / "experiments").glob("*.py") if "= Experiment(" in path.read_text()
)
TRAININGS = [name for name in EXPERIMENTS if name not in ("lr_finder", "sanity")]
# small enough for a second of training on one core
TINY = ("with", "smoke", "subset=200", "test_subset=100", "epochs=2", "batch_size=32", "width=4")


def run(
    *words: str, store: Path | str = "", module: str = "experiments.bn_only"
) -> subprocess.CompletedProcess[str]:
    """What `python -m module words` does, in a process of its own."""
    environ = {**os.environ, "TRACKER_STORE": str(store), "OMP_NUM_THREADS": "1"}
    return run_module(module, *words, cwd=ROOT, environ=environ)


def record(store: Path, run: int = 1) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in (store / str(run)).glob("*.json")}


@pytest.mark.parametrize("name", TRAININGS)
def test_every_experiment_trains_and_records_a_finite_test_accuracy(
    name: str, tmp_path: Path, data: Path
) -> None:
    answer = run(*TINY, f"data_dir={data}", "seed=3", store=tmp_path / "runs", module=f"experiments.{name}")

    assert answer.returncode == 0, answer.stderr
    recorded = record(tmp_path / "runs")
    assert recorded["run"]["status"] == "COMPLETED"
    assert recorded["run"]["experiment"]["name"] == name
    assert recorded["config"]["seed"] == 3
    assert len(recorded["metrics"]["validation.accuracy"]["values"]) == 2
    assert recorded["metrics"]["test.accuracy"]["values"] == [recorded["run"]["result"]]
    assert 0 <= recorded["run"]["result"] <= 100


def test_the_lr_finder_records_its_curve_and_what_it_suggests(tmp_path: Path, data: Path) -> None:
    answer = run(
        *TINY, "steps=30", "batchnorm=frozen", "calibration_batches=2", f"data_dir={data}", "seed=3",
        store=tmp_path / "runs", module="experiments.lr_finder",
    )  # fmt: skip

    assert answer.returncode == 0, answer.stderr
    recorded = record(tmp_path / "runs")
    suggested, metrics = recorded["run"]["result"], recorded["metrics"]
    assert f"suggestion: lr={suggested:.3g} by the rule tenth_of_minimum" in answer.stdout
    assert metrics["finder.suggestion"]["values"] == [suggested]
    assert 1e-5 < suggested < 10
    rates, losses = (metrics[f"finder.{name}"]["values"] for name in ("lr", "smoothed_loss"))
    assert min(losses[3:]) == losses[rates.index(pytest.approx(10 * suggested))]
    assert recorded["info"]["lr_finder"]["picture"]["lr"]["scale"] == "log10"
    assert recorded["info"]["training"]["settings"]["batchnorm"] == "frozen"
    table = (tmp_path / "runs" / "1" / "lr_finder.csv").read_text(encoding="utf-8").splitlines()
    assert table[0] == "step,lr,loss,smoothed_loss"
    assert len(table) == len(rates) + 1
    assert "<svg" in (tmp_path / "runs" / "1" / "lr_finder.svg").read_text(encoding="utf-8")


def test_an_lr_finder_that_diverges_at_once_says_what_to_change(tmp_path: Path, data: Path) -> None:
    answer = run(
        *TINY, "norm=none", "lowest_lr=1.0e+10", "highest_lr=1.0e+20", "precision='fp32'",
        f"data_dir={data}", "seed=3", store=tmp_path / "runs", module="experiments.lr_finder",
    )  # fmt: skip

    assert answer.returncode == 0, answer.stderr
    assert "no suggestion: the loss diverges at step" in answer.stdout
    assert "lowest_lr=1e+07" in answer.stdout
    recorded = record(tmp_path / "runs")
    assert recorded["run"]["result"] is None
    assert recorded["info"]["tracker"]["diverged"]["step"] >= 1


def test_the_checklist_records_every_check_with_its_remedy(tmp_path: Path, data: Path) -> None:
    answer = run(
        *TINY, "pitfall=softmax_before_loss", "steps=3", f"data_dir={data}", "seed=3",
        store=tmp_path / "runs", module="experiments.sanity",
    )  # fmt: skip

    assert answer.returncode == 0, answer.stderr
    recorded = record(tmp_path / "runs")
    findings = recorded["info"]["sanity"]
    failures = [name for name, finding in findings.items() if finding["outcome"] == "failed"]
    assert "raw_outputs" in failures
    assert recorded["run"]["result"] == len(failures)
    assert recorded["metrics"]["sanity.failed"]["values"] == [len(failures)]
    assert recorded["metrics"]["sanity.loss_at_start.expected"]["values"] == [pytest.approx(2.3026, abs=1e-3)]
    assert "it means:       a softmax is taken twice" in answer.stdout
    table = (tmp_path / "runs" / "1" / "sanity.csv").read_text(encoding="utf-8")
    assert table.startswith("check,outcome,words,means,remedy")
    assert "give the outputs of the last layer to the loss as they are" in table
    layers = (tmp_path / "runs" / "1" / "sanity_layers.csv").read_text(encoding="utf-8").splitlines()
    assert layers[1].startswith("stem.conv,Conv2d,")


@pytest.mark.parametrize(
    ("module", "update", "words"),
    [
        ("lr_finder", "lowst_lr=0.1", ["no setting 'lowst_lr'", "did you mean 'lowest_lr'?"]),
        ("lr_finder", "deph=20", ["no setting 'deph'", "did you mean 'depth'?"]),
        ("lr_finder", "lowest_lr=20.0", ["lowest_lr=20.0 must be below highest_lr=10.0"]),
        ("lr_finder", "trainable=none", ["there is no learning rate to find"]),
        ("sanity", "stps=3", ["no setting 'stps'", "did you mean 'steps'?"]),
        ("sanity", "deph=20", ["no setting 'deph'", "did you mean 'depth'?"]),
        ("sanity", "images=1", ["images=1 must be at least 2"]),
    ],
)
def test_an_impossible_search_or_checklist_is_refused_before_a_run_exists(
    module: str, update: str, words: list[str], tmp_path: Path
) -> None:
    answer = run("with", update, store=tmp_path / "runs", module=f"experiments.{module}")

    assert answer.returncode == 1
    assert all(word in answer.stderr for word in words), answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "runs").exists()


def test_the_record_says_what_a_reader_needs_beyond_the_configuration(tmp_path: Path, data: Path) -> None:
    run(*TINY, f"data_dir={data}", "seed=3", store=tmp_path / "runs")

    facts = record(tmp_path / "runs")["info"]["training"]

    assert facts["settings"]["trainable"] == "batchnorm"
    assert facts["trainable"]
    assert all("conv" not in name for name in facts["trainable"])
    assert len(facts["data"]["split_hash"]) == 64
    assert facts["data"]["train"] + facts["data"]["validation"] == 200
    assert facts["normalisation_batch"] == 32
    assert {"batch_size", "micro_batch_size", "batchnorm_init"} <= facts["settings"].keys()
    assert facts["zero_grad"] == "set_to_none"
    assert facts["pages"].keys() == {"kept", "large"}
    assert facts["precision"] in ("fp32", "bf16")
    assert isinstance(facts["torch"], str)
    assert "py/" not in json.dumps(facts)


def test_the_same_seed_gives_the_same_record_twice(tmp_path: Path, data: Path) -> None:
    for _ in range(2):
        run(*TINY, f"data_dir={data}", "seed=5", store=tmp_path / "runs")

    first, second = (record(tmp_path / "runs", number)["metrics"] for number in (1, 2))

    assert {name: series["values"] for name, series in first.items()} == {
        name: series["values"] for name, series in second.items()
    }


def test_without_a_seed_each_run_draws_and_records_its_own(tmp_path: Path, data: Path) -> None:
    for _ in range(2):
        run(*TINY, "epochs=1", f"data_dir={data}", store=tmp_path / "runs")

    seeds = {record(tmp_path / "runs", number)["config"]["seed"] for number in (1, 2)}

    assert len(seeds) == 2


def test_a_run_that_finds_its_checkpoint_goes_on_from_there(tmp_path: Path, data: Path) -> None:
    words = [*TINY, f"data_dir={data}", f"checkpoint={tmp_path / 'state.pt'}", "seed=1"]
    run(*words, store=tmp_path / "runs")

    run(*words, store=tmp_path / "runs")

    again = record(tmp_path / "runs", 2)
    assert again["info"]["training"]["resumed_after_epoch"] == 2
    assert again["run"]["result"] == record(tmp_path / "runs", 1)["run"]["result"]


def test_a_diverged_run_ends_in_order_and_says_where(tmp_path: Path, data: Path) -> None:
    answer = run(
        *TINY, "lr=1e30", "precision='fp32'", f"data_dir={data}", "seed=1",
        store=tmp_path / "runs", module="experiments.weight_norm",
    )  # fmt: skip

    assert answer.returncode == 0, answer.stderr
    assert "Traceback" not in answer.stderr
    recorded = record(tmp_path / "runs")
    assert recorded["run"]["status"] == "COMPLETED"
    assert recorded["run"]["result"] is None
    assert recorded["info"]["tracker"]["diverged"]["step"] >= 1
    assert recorded["info"]["tracker"]["diverged"]["layer"]


@pytest.mark.parametrize(
    ("update", "words"),
    [
        ("deph=20", ["no setting 'deph'", "did you mean 'depth'?"]),
        ("depth=15", ["depth=15", "14 or 20"]),
        ("depth=deep", ["depth='deep'", "a whole number"]),
        ("lr=abc", ["lr='abc'", "a number"]),
        ("lr=-1", ["lr=-1", "above 0"]),
        ("batchnorm_momentum=2", ["batchnorm_momentum=2", "from 0 to 1"]),
        ("micro_batch_size=48", ["micro_batch_size=48", "must divide"]),
        ("optimizer=sdg", ["optimizer='sdg'", "did you mean 'sgd'?"]),
        ("trainable=all", ["trainable='all'", "bn_only is the experiment with trainable='batchnorm'"]),
        ("seed=three", ["seed='three'", "a whole number"]),
        ("seed=1.0", ["seed=1.0", "a whole number"]),
        ("device=gpu", ["device='gpu'", "cuda"]),
        ("resize=16", ["resize=16", "resize=0"]),
    ],
)
@pytest.mark.parametrize("command", ["print_config", "train"])
def test_an_impossible_setting_is_refused_before_a_run_exists(
    update: str, words: list[str], command: str, tmp_path: Path
) -> None:
    answer = run(command, "with", "batch_size=64", update, store=tmp_path / "runs")

    assert answer.returncode == 1
    assert all(word in answer.stderr for word in words), answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("update", "words"),
    [
        ("batch_size=512", ["batch_size=512"]),
        ("subset=9", ["subset"]),
        ("checkpoint=/dev/null/state.pt", ["/dev/null/state.pt", "cannot be written"]),
    ],
)
def test_what_only_the_data_can_show_fails_in_one_line(
    update: str, words: list[str], tmp_path: Path, data: Path
) -> None:
    answer = run(*TINY, f"data_dir={data}", update, store=tmp_path / "runs")

    assert answer.returncode == 1
    assert all(word in answer.stderr for word in words), answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(("name", "setting"), [("bn_only", "data"), ("transfer", "source")])
def test_images_that_are_not_there_are_refused_before_a_run_exists(
    name: str, setting: str, tmp_path: Path
) -> None:
    answer = run("with", f"{setting}=/nowhere", store=tmp_path / "runs", module=f"experiments.{name}")

    assert answer.returncode == 1
    assert f"{setting}='/nowhere': there is no such folder or zip" in answer.stderr
    assert list((tmp_path / "runs").glob("*")) == []
    assert run("print_config", "with", "data=/nowhere").returncode == 0


def test_sacreds_own_commands_work(tmp_path: Path) -> None:
    saved = tmp_path / "config.json"

    assert "depth = 56" in run("print_config", "with", "resnet56").stdout
    assert "smoke" in run("print_named_configs").stdout
    assert "sacred" in run("print_dependencies").stdout
    assert run("save_config", "with", "resnet110", f"config_filename={saved}").returncode == 0
    assert json.loads(saved.read_text())["depth"] == 110
    assert "depth = 110" in run("print_config", "with", str(saved)).stdout


def test_the_options_for_place_comment_and_name_work(tmp_path: Path, data: Path) -> None:
    run(
        *TINY,
        "epochs=1",
        f"data_dir={data}",
        "-F",
        str(tmp_path / "here"),
        "-c",
        "a try",
        "-n",
        "renamed",
    )

    recorded = record(tmp_path / "here")

    assert recorded["run"]["meta"]["comment"] == "a try"
    assert recorded["run"]["experiment"]["name"] == "renamed"


def test_the_named_configs_are_there() -> None:
    printed = run("print_named_configs").stdout

    assert all(name in printed for name in ("smoke", "paper", "resnet20", "resnet56", "resnet110"))


@pytest.mark.parametrize("words", [("--help",), ("print_config",)])
def test_help_and_configuration_load_neither_torch_nor_pandas(words: tuple[str, ...]) -> None:
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['bn_only', *{words!r}]\n"
        "try:\n    runpy.run_module('experiments.bn_only', run_name='__main__')\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'torch', 'torchvision', 'pandas', 'pymongo', 'scipy'}\n"
        "loaded = sorted(heavy & set(sys.modules))\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)\n"
    )

    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert answer.returncode == 0, answer.stderr


def test_python_m_experiments_lists_them() -> None:
    printed = run(module="experiments").stdout

    assert all(name in printed for name in EXPERIMENTS)
