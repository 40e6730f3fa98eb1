"""Real things for tests: a MongoDB server, runs that Sacred itself has recorded."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings

# how long an example takes is no promise, and a busy machine would fail it
slow = [HealthCheck.too_slow]
settings.register_profile("grove", deadline=None, suppress_health_check=slow, print_blob=True)
settings.load_profile("grove")

SCRIPT = '''
"""A tiny experiment that Sacred records."""

import os
import time

from sacred import Experiment
from sacred.observers import MongoObserver

experiment = Experiment("tiny", save_git_info=False)
experiment.add_config(lr=0.1, sizes=(1, 2), nested={"depth": 20, "norm": None}, points=3, seconds=0.0)
if "TINY_MONGO" in os.environ:
    address, _, database = os.environ["TINY_MONGO"].partition(" ")
    experiment.observers.append(MongoObserver(address, db_name=database))


@experiment.main
def main(_run, lr, points, seconds):
    _run.info["tracker"] = {"note": "all is well", "pair": (1, 2)}
    for step in range(points):
        _run.log_scalar("loss", lr / (step + 1), step * 10)
        _run.log_scalar("val.accuracy", 50.0 + step, step * 10)
    print("logged")
    time.sleep(seconds)
    return {"accuracy": 50.0 + points}


experiment.run_commandline()
'''


@pytest.fixture(scope="session")
def tiny_experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Sacred script with the settings lr, sizes, nested, points (logged), seconds (slept)."""
    script = tmp_path_factory.mktemp("tiny") / "tiny.py"
    script.write_text(SCRIPT, encoding="utf-8")
    return script


@pytest.fixture
def start_run(tiny_experiment: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """start_run(folder, *updates, mongo="") starts the tiny experiment, which the end of the test kills."""
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path | None, *updates: str, mongo: str = "") -> subprocess.Popen[str]:
        options = ["--beat-interval=0.1", *(["-F", str(folder)] if folder else [])]
        command = [sys.executable, "-W", "ignore", str(tiny_experiment), *options, "with", *updates]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **(_for_sacred(mongo) if mongo else {})}
        pipe = subprocess.PIPE
        started.append(
            subprocess.Popen(command, env=environment, stdout=pipe, stderr=subprocess.STDOUT, text=True)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def record_run(start_run: Callable[..., subprocess.Popen[str]]) -> Callable[..., None]:
    """record_run(folder, "lr=0.2", mongo=address) records one run in the folder, the database or both."""

    def record(folder: Path | None, *updates: str, mongo: str = "") -> None:
        process = start_run(folder, "seed=1", *updates, mongo=mongo)
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output

    return record


def _for_sacred(address: str) -> Mapping[str, str]:
    database = urlsplit(address).path.strip("/")
    return {"TINY_MONGO": f"{address} {database}"}


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a MongoDB server, without a database: MONGO_URL, or an nx-27017 of our own."""
    if "MONGO_URL" in os.environ:
        yield os.environ["MONGO_URL"]
        return
    folder, port = tmp_path_factory.mktemp("mongo"), _free_port()
    # one file per database: with --db all databases would see each other's collections;
    # a pid file of its own: with the common one only one server may run on a machine
    own = (f"--data-dir={folder}", f"--log-file={folder / 'nx.log'}", f"--pid-file={folder / 'nx.pid'}")
    command = [sys.executable, str(Path(__file__).with_name("nx_server.py")), f"--port={port}", *own]
    with (folder / "server.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        _wait_for(port, server, folder / "server.log")
        yield f"mongodb://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture
def mongo_address(mongo_server: str) -> Iterator[str]:
    """The address of a fresh database, which is dropped afterwards."""
    from pymongo import MongoClient

    parts, name = urlsplit(mongo_server), f"test_{uuid.uuid4().hex[:12]}"
    # credentials belong to the database of MONGO_URL, which is not the one we use
    source = f"authSource={parts.path.strip('/') or 'admin'}" if parts.username else ""
    query = parts.query if "authSource" in parts.query else "&".join(filter(None, (parts.query, source)))
    yield parts._replace(path=f"/{name}", query=query).geturl()
    with MongoClient[dict[str, object]](mongo_server) as client:
        client.drop_database(name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"nx-27017 did not start: {log.read_text(encoding='utf-8')}")


# ---------------------------------------------------------------------------------------------------
# A browser: one for all tests of a process, because its driver keeps an event loop running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (  # without the last four it looks for its maker's servers
    *("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run", "--disable-quic"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A real Chromium, without a window; a context of it is a fresh profile."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium on the PATH: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


# ---------------------------------------------------------------------------------------------------
# Coverage: it can double the time of what it watches, so it watches the tests of tracker and sweeps alone

WATCHED = (
    *("doctor", "export", "journal", "leases", "mirror"),
    *("omniboard", "recording", "statistics", "sweeps", "tracker"),
)
FOR_CHILDREN = "COVERAGE_PROCESS_CONFIG"  # with it in the environment a child watches itself


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Lets coverage rest in a test of other folders, or one with the marker `unwatched`."""
    plugin = item.config.pluginmanager.getplugin("_cov")
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    watched = folder in WATCHED and item.get_closest_marker("unwatched") is None
    if watched or plugin is None or plugin.cov_controller is None:
        return (yield)
    for_children = os.environ.pop(FOR_CHILDREN, None)
    plugin.cov_controller.pause()
    try:
        return (yield)
    finally:
        plugin.cov_controller.resume()
        if for_children is not None:
            os.environ[FOR_CHILDREN] = for_children


# ---------------------------------------------------------------------------------------------------
# Skips: allowed where a machine lacks something, but in .ci/run only those that a list names

ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.txt")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With ONLY_ALLOWED_SKIPS set, a skipped test that the list does not name fails the whole run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or "ONLY_ALLOWED_SKIPS" not in os.environ:
        return
    lines = [line.split("  #")[0].strip() for line in ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines()]
    unnamed = sorted({report.nodeid for report in reporter.stats.get("skipped", [])} - set(lines))
    for nodeid in unnamed:
        reporter.write_line(f"skipped, but not in {ALLOWED_SKIPS.name}: {nodeid}", red=True)
    if unnamed:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
