"""What a run was made with beside its settings: code, torch, threads, precision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from tracker.configs import key
from tracker.run import Run

TRAINING = ("torch", "threads", "precision")  # facts of the record's info.training
FACTS = ("code", *TRAINING)
_COMMIT = 10  # characters of a commit that are shown

THEN = ", then "  # between the states of a run that went on with another

States = Mapping[str, Mapping[Hashable, list[Any]]]  # fact -> value of the question -> states, each once


def surroundings(run: Run) -> dict[str, Any]:
    """The facts that the record tells; what it does not tell is left out."""
    training = run.info.get("training")
    facts = (
        {name: training[name] for name in TRAINING if name in training}
        if isinstance(training, Mapping)
        else {}
    )
    parts = run.parts
    if versions := _torch_versions(parts):
        facts["torch"] = THEN.join(versions)
    code = _code(run, parts)
    return {"code": code, **facts} if code else facts


def code_state(run: Run) -> str:
    """The commit, with a word on files that differ from it; empty where the record tells none.

    All of them, where a run went on with other code.
    """
    return _code(run, run.parts)


def _code(run: Run, parts: Sequence[Mapping[str, Any]]) -> str:
    if not parts:
        tracker = run.info.get("tracker")
        return _state(tracker.get("code")) if isinstance(tracker, Mapping) else ""
    return THEN.join(dict.fromkeys(filter(None, (_state(part.get("code")) for part in parts))))


def _torch_versions(parts: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """More than one, where a run went on with another torch."""
    changes = (part["changed"].get("torch") for part in parts if isinstance(part.get("changed"), Mapping))
    found = [str(version) for pair in changes if isinstance(pair, list) for version in pair]
    return tuple(dict.fromkeys(found))


def _state(code: Any) -> str:
    if not isinstance(code, Mapping) or not code.get("commit"):
        return ""
    return f"{str(code['commit'])[:_COMMIT]}{' with changes' if code.get('dirty') else ''}"


def differing(runs: Iterable[tuple[Any, Run]], known: Collection[str]) -> States:
    """The facts in which runs differ; each run comes with its value, and `known` facts are left out."""
    found: dict[str, dict[Hashable, list[Any]]] = {
        name: defaultdict(list) for name in FACTS if name not in known
    }
    for value, run in runs:
        place = key(value)
        for name, state in surroundings(run).items():
            if name in found and state not in (listed := found[name][place]):
                listed.append(state)
    return {name: states for name, states in found.items() if len(_states(states)) > 1}


def parted(states: Mapping[Hashable, list[Any]]) -> bool:
    """Whether two values have no state in common, so that the state may be what makes the difference."""
    sets = [{key(state) for state in listed} for listed in states.values()]
    return any(one.isdisjoint(other) for one, other in combinations(sets, 2))


def told(states: Mapping[Hashable, list[Any]]) -> tuple[Any, ...]:
    """Every state once, in the order of the values."""
    return tuple(_states(states).values())


def _states(states: Mapping[Hashable, list[Any]]) -> dict[Hashable, Any]:
    return {key(state): state for listed in states.values() for state in listed}
