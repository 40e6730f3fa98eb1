"""A server that is killed, stopped, cut off, or gone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from benchmarks.losses_record import Record, our_record, server_record
from benchmarks.losses_scene import Ended, Scene
from tests.faults.conftest import assert_everything

PACE = {"points": 60, "pause": 0.05}
LONG = {"points": 160, "pause": 0.1}


@pytest.fixture
def scene(make_scene: Callable[..., Scene]) -> Scene:
    return make_scene(on_server=True)


def server_side(scene: Scene, id: int = 1) -> Record:
    with MongoClient[dict[str, Any]](scene.database) as client:
        return server_record(client.losses, id)


def push(scene: Scene, *runs: str) -> subprocess.Popen[str]:
    tracker = str(Path(sys.executable).with_name("tracker"))
    command = [tracker, "push", *runs, "--from", str(scene.store), "--to", scene.database]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def assert_pushed(process: subprocess.Popen[str]) -> None:
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output


def assert_both_have_everything(scene: Scene, ended: Ended) -> None:
    assert_everything(our_record(scene.store), ended.ledger)
    there = server_side(scene)
    assert_everything(there, ended.ledger)
    assert there.status == "COMPLETED"


def test_a_server_that_is_killed_and_comes_back_gets_everything(scene: Scene) -> None:
    scene.start(**PACE)
    scene.wait_for(10)
    scene.kill_server()
    time.sleep(1.0)
    scene.start_server()

    ended = scene.end()

    assert_both_have_everything(scene, ended)


def test_lost_replies_double_nothing(scene: Scene) -> None:
    scene.start(**PACE)
    for number in range(3):
        scene.wait_for(10 + 15 * number)
        scene.proxy.cut_every = 1
        time.sleep(0.4)
        scene.proxy.cut_every = 0

    ended = scene.end()

    assert_both_have_everything(scene, ended)


@pytest.mark.faults
def test_a_server_that_is_gone_for_good_stops_nothing_and_gets_all_by_a_push(scene: Scene) -> None:
    scene.start(**PACE)
    scene.wait_for(10)
    scene.kill_server()

    ended = scene.end()

    assert_everything(our_record(scene.store), ended.ledger)
    assert our_record(scene.store).status == "COMPLETED"
    assert "tracker push 1" in ended.output
    assert ended.seconds < ended.ledger.ended - ended.ledger.begun + 20
    scene.start_server()
    assert_pushed(push(scene))
    assert_both_have_everything(scene, ended)


def test_two_processes_that_push_one_run_double_nothing(scene: Scene) -> None:
    scene.is_online = False
    scene.start(points=300, pause=0.001)
    ended = scene.end()

    pushes = [push(scene, "1") for _ in range(2)]

    for process in pushes:
        assert_pushed(process)
    assert_both_have_everything(scene, ended)
    with MongoClient[dict[str, Any]](scene.database) as client:
        assert client.losses.runs.count_documents({}) == 1
        assert client.losses.metrics.count_documents({}) == 1
        files = [found["filename"] for found in client.losses["fs.files"].find({})]
    assert len(files) == len(set(files))


@pytest.mark.faults
@pytest.mark.parametrize("seconds", [6.0, 15.0])
def test_a_server_that_is_stopped_and_goes_on_gets_everything(scene: Scene, seconds: float) -> None:
    scene.start(**LONG)
    scene.wait_for(10)
    scene.server.stop()
    time.sleep(seconds)
    scene.server.go_on()

    ended = scene.end()

    assert_both_have_everything(scene, ended)


@pytest.mark.faults
def test_a_server_that_is_killed_for_six_seconds_of_sixteen_gets_everything(scene: Scene) -> None:
    scene.start(**LONG)
    scene.wait_for(30)
    scene.kill_server()
    time.sleep(6.0)
    scene.start_server()

    ended = scene.end()

    assert_both_have_everything(scene, ended)


@pytest.mark.faults
def test_a_network_that_swallows_everything_for_a_while_doubles_nothing(scene: Scene) -> None:
    scene.start(**LONG)
    scene.wait_for(20)
    scene.proxy.is_silent = True
    time.sleep(5.0)
    scene.proxy.is_silent = False

    ended = scene.end()

    if len(server_side(scene).steps) < len(ended.ledger.points):
        assert_pushed(push(scene))
    assert_both_have_everything(scene, ended)


@pytest.mark.faults
def test_replies_that_are_lost_again_and_again_double_nothing(scene: Scene) -> None:
    scene.start(**LONG)
    for _ in range(12):
        scene.proxy.cut_every = 2
        time.sleep(0.5)
        scene.proxy.cut_every = 0
        time.sleep(0.5)

    ended = scene.end()

    assert_both_have_everything(scene, ended)


@pytest.mark.faults
def test_a_run_that_is_killed_is_shown_truly_and_pushed_as_it_was(scene: Scene) -> None:
    scene.start(**LONG)
    scene.wait_for(60)
    scene.process.kill()
    scene.end()
    record = our_record(scene.store)

    assert_pushed(push(scene))

    assert server_side(scene).steps == record.steps
