"""The names of the files in a store's folder and in the folder of one run."""

from __future__ import annotations

import os

VERSION = 1  # of the journal; a reader refuses what is newer

# in the folder of a run, while it goes: only ever appended to
JOURNAL = "journal.jsonl"  # what happened, one event a line
POINTS = "points.jsonl"  # metrics, one line per metric and flush
OUTPUT = "cout.txt"  # what the run printed, by whole lines; Sacred's name for it
# overwritten in place, always of the same length
HEARTBEAT = "heartbeat"

# as Sacred's FileStorageObserver writes them, whole at the start and at the end
RUN = "run.json"
CONFIG = "config.json"
INFO = "info.json"
METRICS = "metrics.json"

RESERVED = frozenset({JOURNAL, POINTS, OUTPUT, HEARTBEAT, RUN, CONFIG, INFO, METRICS})

# in the folder of the store, beside the runs; names that begin with _ or . are no runs
SOURCES = "_sources"
RESOURCES = "_resources"
LEASES = "_leases"  # one file for each piece of work that somebody has been at
CHECKPOINTS = "_checkpoints"  # the states from which interrupted runs can go on
LAST_ID = "_last_id"  # the highest number ever given, so that a deleted run's is not given again


def is_run_name(name: str) -> bool:
    """Whether a run's folder may be called so: `_sources`, `_leases`, hidden and nested ones are not."""
    return bool(name) and name[0] not in "._" and "/" not in name and os.sep not in name


def id_from(text: str) -> int | str:
    """The id that is written so: a number when it is written as Sacred writes one."""
    return int(text) if text.isdecimal() and str(int(text)) == text else text
