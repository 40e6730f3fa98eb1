"""Runs on a Ray cluster: one process a task, several on one graphics card, on as many nodes as there are."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeps.engines.base import Event, Task
from sweeps.engines.options import EngineOptions
from sweeps.engines.ray_connection import connect, disconnect
from sweeps.engines.ray_place import GRACE, Ended, Order, Started, carry_out, signal_group
from sweeps.engines.ray_room import check_needs, chosen_needs, places
from sweeps.exit_codes import CANNOT_START, KILLED, STOPPED, WORDS
from tracker.errors import LaunchError

OPTIONS = ("address", "variables")
SENT = "TRACKER_"  # variables of the launcher that begin so travel to the nodes


@dataclass
class _Live:
    """A task that Ray has and that is not over."""

    task: Task
    news: Any  # Ray's generator of what carry_out says
    started: Started | None = None


class RayEngine:
    """Places tasks on a Ray cluster, of its own on this machine or one that is there already.

    Ray never repeats a run by itself: a node or worker that is lost is told, and the driver decides.
    """

    def __init__(self, options: EngineOptions) -> None:
        _check(options)
        self._variables = _variables(options.extra)
        self._connection = connect(options.extra.get("address"))
        self._workers = options.workers
        self._live: dict[str, _Live] = {}
        self._news: list[Event] = []
        try:
            nodes = self._resources()
            self._needs = chosen_needs(options.needs, options.per_gpu, nodes)
            check_needs(self._needs, nodes, self._connection.shown)
        except LaunchError:
            disconnect(self._connection)
            raise

    @property
    def room(self) -> int:
        """How many tasks more the nodes of this moment take, beside those that this engine has placed."""
        most = places(self._needs, self._resources())
        return max(0, min(most, self._workers or most) - len(self._live))

    def submit(self, tasks: Sequence[Task]) -> None:
        """Give the tasks to Ray, which starts them where there is room."""
        for task in tasks:
            self._live[task.key] = _Live(task, self._placed(task))
            self._news.append(Event(task.key, "queued"))

    def events(self, timeout: float) -> list[Event]:
        """News since the last call, waiting at most `timeout` seconds for some."""
        self._collect(0 if self._news else timeout)
        news, self._news = self._news, []
        return news

    def cancel(self, *, hard: bool) -> None:
        """Drop what waits and ask what runs to end; `hard` kills it."""
        import ray

        for live in self._live.values():
            if live.started:
                self._signal(live.started, signal.SIGKILL if hard else signal.SIGTERM)
            else:
                ray.cancel(live.news, force=hard)

    def close(self) -> None:
        """End what runs, then the cluster, if it is this engine's own."""
        if self._live:
            self.cancel(hard=False)
            deadline = time.monotonic() + GRACE
            while self._live and time.monotonic() < deadline:
                self._collect(0.5)
            self.cancel(hard=True)
        disconnect(self._connection)

    def _placed(self, task: Task) -> Any:
        import ray

        # max_calls=0: the worker holds no card itself, so that it may serve the next task, too
        placed = ray.remote(max_retries=0, max_calls=0, num_returns="streaming")(carry_out)
        return placed.options(
            name=f"run {task.key}",
            num_cpus=task.needs.cores,
            num_gpus=task.needs.gpus or self._needs.gpus,
            memory=task.needs.memory or None,
            scheduling_strategy="SPREAD",
        ).remote(_order(task, self._variables))

    def _signal(self, started: Started, number: int) -> None:
        """Through a task of its own: a run that ray.cancel ends cannot tell its exit code any more."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        there = NodeAffinitySchedulingStrategy(started.node, soft=False)
        sent = ray.remote(num_cpus=0, max_retries=0)(signal_group).options(scheduling_strategy=there)
        sent.remote(started.pid, number)

    def _collect(self, timeout: float) -> None:
        import ray

        if not self._live:
            time.sleep(timeout)
            return
        told = {live.news: live for live in self._live.values()}
        ray.wait(list(told), num_returns=1, timeout=timeout, fetch_local=False)
        ready, _ = ray.wait(list(told), num_returns=len(told), timeout=0, fetch_local=False)
        for news in ready:
            self._add(told[news], _heard(told[news]))
        self._miss()

    def _add(self, live: _Live, event: Event) -> None:
        self._news.append(event)
        if event.over:
            del self._live[live.task.key]

    def _miss(self) -> None:
        """Tell what is lost with its node: a worker that is only cut off says nothing for a long time.

        Such a run may still go on; then it also keeps its lease, and nobody else starts it.
        """
        import ray

        nodes = {node["NodeID"] for node in ray.nodes() if node["Alive"]}
        for live in [live for live in self._live.values() if live.started and live.started.node not in nodes]:
            self._add(live, _event(live, "lost"))

    def _resources(self) -> list[Mapping[str, Any]]:
        """What the nodes have that are there now. Raises LaunchError where a cluster of our own has died."""
        import ray

        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        if self._connection.folder and not nodes:
            raise LaunchError("Ray has died on this machine; the same command goes on from here")
        return nodes


def _event(live: _Live, kind: str, exit_code: int | None = None, seconds: float = 0.0) -> Event:
    return Event(live.task.key, kind, exit_code, seconds, live.started.where if live.started else "")


def _heard(live: _Live) -> Event:
    import ray
    from ray.exceptions import RayError, RayTaskError, TaskCancelledError

    try:
        news: Started | Ended = ray.get(next(live.news))
    except TaskCancelledError:
        return _event(live, "ended", STOPPED)
    except RayTaskError as error:
        _note(live.task.log, f"The run could not be started: {error.cause}")
        return _event(live, "ended", CANNOT_START)
    except (RayError, StopIteration):
        return _event(live, "lost")
    if isinstance(news, Started):
        live.started = news
        return _event(live, "started")
    return _event(live, "ended", _exit_code(news.code), news.seconds)


def _exit_code(code: int) -> int:
    """That of the runner; a signal, told by the system or by the shell that kept it, becomes KILLED."""
    return code if code in WORDS else KILLED if code < 0 or code > 128 else CANNOT_START


def _note(log: Path, words: str) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as output:
        output.write(f"{words}\n")


def _order(task: Task, variables: Mapping[str, str]) -> Order:
    return Order(
        command=task.command,
        python=sys.executable,
        folder=str(Path.cwd()),
        log=str(task.log.absolute()),
        cores=task.needs.cores,
        minutes=task.needs.minutes,
        environment={**variables, **task.environment},
    )


def _variables(extra: Mapping[str, str]) -> dict[str, str]:
    """Variables of the launcher that its runs get on every node."""
    named = tuple(name for name in extra.get("variables", "").split(",") if name)
    return {name: value for name, value in os.environ.items() if name.startswith(SENT) or name in named}


def _check(options: EngineOptions) -> None:
    """Raise LaunchError for what this engine cannot do."""
    if unknown := set(options.extra) - set(OPTIONS):
        raise LaunchError(
            f"--engine-option {', '.join(sorted(unknown))}: the engine ray knows {' and '.join(OPTIONS)}"
        )
    if options.detach:
        raise LaunchError(
            "--detach: Ray ends runs together with their launcher; "
            "start the sweep inside the cluster instead: ray job submit --no-wait -- sweeps run ..."
        )
