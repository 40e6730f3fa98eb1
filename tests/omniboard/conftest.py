"""The real Omniboard over a MongoDB server, in a real browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.omniboard.lab_runs import QUESTIONS, Lab, record_lab, sync
from tests.omniboard.running import MODULES, Board, Server, Sync, free_port, wait_for

LAYOUT = """version: 1
settings: {row_height: 40}
metric_columns:
  - {name: best, metric: val.accuracy, extrema: max}
custom_columns:
  - {name: context, path: info.tracker.context}
"""
ASKED = """version: 1
metric: {name: acc, unit: "%"}
defaults: {launch: python lab.py, seeds: [1, 2], experiment: lab, context: here}
tree:
  - {id: rate, question: "Which rate?", parameter: lr, values: [0.1, 0.2], baseline: 0.1}
  - {id: wide, question: "How wide?", parameter: width, values: [1, 2], baseline: 1}
"""


@pytest.fixture(scope="session")
def node_tools() -> None:
    """Skips where Node or the packages of tests/omniboard/package.json are not installed."""
    if shutil.which("node") is None:
        pytest.skip("needs Node 20 or newer")
    if not (MODULES / "omniboard").exists():
        pytest.skip("needs Omniboard from npm: make omniboard-tools")


@pytest.fixture(scope="session")
def own_server(node_tools: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of our own, on Node: it takes collections with dots in their names."""
    server = Server(tmp_path_factory.mktemp("own"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def guarded(node_tools: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks for passwords, with one user who may only read."""
    server = Server(tmp_path_factory.mktemp("guarded"), "--user", "me:secret", "--reader", "guest:look")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def board_server(request: pytest.FixtureRequest) -> str:
    """The address of the server under Omniboard: MONGO_URL, or our own."""
    if "MONGO_URL" in os.environ:
        return os.environ["MONGO_URL"]
    return str(request.getfixturevalue("own_server").address)


@pytest.fixture(scope="session")
def new_database(board_server: str) -> Iterator[Any]:
    """new_database() is the address of a fresh database; the end of the tests drops them all."""
    from pymongo import MongoClient

    parts, names = urlsplit(board_server), []

    def make(name: str = "test") -> str:
        names.append(f"{name}_{uuid.uuid4().hex[:8]}")
        source = f"authSource={parts.path.strip('/') or 'admin'}" if parts.username else ""
        query = parts.query if "authSource" in parts.query else "&".join(filter(None, (parts.query, source)))
        return str(parts._replace(path=f"/{names[-1]}", query=query).geturl())

    yield make
    with MongoClient[dict[str, Any]](board_server) as client:
        for name in names:
            client.drop_database(name)


@pytest.fixture
def address(new_database: Any) -> str:
    """The address of a fresh database."""
    return str(new_database())


@pytest.fixture
def database(address: str) -> Iterator[Any]:
    """The database at `address`, for pymongo."""
    from pymongo import MongoClient

    with MongoClient[dict[str, Any]](address) as client:
        yield client.get_default_database()


@pytest.fixture(scope="session")
def start_board(node_tools: None, new_database: Any, tmp_path_factory: Any) -> Iterator[Any]:
    """start_board() starts Omniboard over a fresh database, or the one at an address.

    At the end every one of them must still be alive.
    """
    from pymongo import MongoClient

    boards: list[Board] = []

    def start(name: str = "test", address: str = "") -> Board:
        address, port = address or new_database(name), free_port()
        log = tmp_path_factory.mktemp("board") / "board.log"
        ours = {"MONGO_URI": address, "PORT": str(port), "NODE_ENV": "production"}
        environment = {**os.environ, **ours, "NODE_OPTIONS": "--unhandled-rejections=warn"}
        command = ["node", str(MODULES / "omniboard/dist/index.js")]
        with log.open("w", encoding="utf-8") as file:
            process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
        wait_for(port, process, log)
        database = MongoClient[dict[str, Any]](address).get_default_database()
        boards.append(Board(f"http://127.0.0.1:{port}/sacred", address, database, process))
        return boards[-1]

    yield start
    died = [board for board in boards if board.process.poll() is not None]
    for board in boards:
        board.database.client.close()
        board.process.kill()
        board.process.wait(timeout=20)
    assert not died, "Omniboard did not survive the tests"


@pytest.fixture(scope="session")
def lab(start_board: Any, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A board with runs of every fate, the tracker's columns and the tags of a question."""
    board, folder = start_board("lab"), tmp_path_factory.mktemp("lab")
    ids = record_lab(board, folder)
    (folder / "questions.yaml").write_text(QUESTIONS)
    line = sync(board.address, "--questions", str(folder / "questions.yaml")).splitlines()[-1]
    return Lab(board, folder, ids, line)


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page in a fresh profile, wide enough for every column, in which nothing may go wrong."""
    context = chromium.new_context(viewport={"width": 4200, "height": 1000}, accept_downloads=True)
    page, troubles = context.new_page(), []
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: troubles.append(f"error in the page: {error}"))
    page.on("response", lambda answer: troubles.append(answer.url) if answer.status >= 400 else None)
    yield page
    context.close()
    assert troubles == []


@pytest.fixture(name="sync")
def sync_command(address: str, tmp_path: Path) -> Sync:
    """sync("layout.yaml", "--check") runs the command on the fresh database."""
    (tmp_path / "layout.yaml").write_text(LAYOUT)
    (tmp_path / "questions.yaml").write_text(ASKED)

    def run(*words: str, store: str = address) -> subprocess.CompletedProcess[str]:
        code = "from tracker.cli import main; main()"
        command = [sys.executable, "-c", code, "omniboard", "sync", "--store", store, *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return run
