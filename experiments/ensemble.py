"""Train several networks that differ in their random numbers alone, and let them answer together.

The members of a run are shared: with the same seed, five members are the first five of ten.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from experiments.bridge import (
    Experiment,
    from_scratch,
    run_commandline,
    say,
    say_progress,
    train_with,
)
from experiments.recorded import facts_of
from experiments.training.results import Diverged, Result
from experiments.training.together.settings import EnsembleSettings


def several_networks(run: Any, settings: EnsembleSettings) -> Iterator[Result]:
    """The results of members that are trained one after the other, then tested together."""
    from experiments.training import loop
    from experiments.training.together.members import facts_of_member, scored, train_members, validated

    dataset, _ = from_scratch(settings, say_progress, say)
    state = loop.start(settings.member(1), dataset)
    facts = {**facts_of(state, dataset, resumed=False), "settings": settings.to_config()}
    members = []
    for member in train_members(settings, dataset, say):
        if isinstance(member, Diverged):
            yield member
            return
        members.append(member)
        run.info["training"] = {**facts, "members": [facts_of_member(one) for one in members]}
        yield validated(len(members), member)
    yield from scored(state, dataset, members)


experiment = Experiment("ensemble", save_git_info=False)
train_with(
    experiment,
    fixed={},
    kind=EnsembleSettings,
    results=several_networks,
)

if __name__ == "__main__":
    run_commandline(experiment)
