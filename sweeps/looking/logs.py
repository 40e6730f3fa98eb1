"""What runs printed: a list of their logs, or one of them."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sweeps.looking.failures import has_failed
from sweeps.planning.plan import lease_key
from sweeps.views.roster import became, fitting, name, roster
from sweeps.views.view import Lookout, View
from sweeps.views.words import short
from tracker import Run, open_store
from tracker.errors import LogError
from tracker.leases import open_leases
from tracker.leases.base import Lease

LOOKS_EVERY = 0.3  # seconds between two looks at a log that grows


@dataclass(frozen=True)
class Logs:
    """The runs of a question file that sweeps have started, the last one at the end."""

    view: View
    lookout: Lookout
    leases: tuple[Lease, ...]


def list_logs(questions: Path, address: str, only: Collection[str], say: Callable[[str], None]) -> None:
    """A line for each run that a sweep has started, on whatever machine."""
    known = _known(questions, address, only)
    if not known.leases:
        raise LogError(_none(known, (), failed=False))
    for line in _lines(known):
        say(line)


def print_log(
    questions: Path,
    address: str,
    words: Sequence[str],
    *,
    only: Collection[str] = (),
    failed: bool,
    following: bool,
    out: IO[str],
) -> None:
    """Print the log of the one run that fits, and with `following` what comes until it has ended."""
    known = _known(questions, address, only)
    lease = _chosen(known, address, words, failed)
    with _opened(lease) as log:
        shutil.copyfileobj(log, out)
        ended = not following
        while not ended:
            ended = _has_ended(known.lookout, lease)
            shutil.copyfileobj(log, out)
            out.flush()
            time.sleep(0 if ended else LOOKS_EVERY)


def _known(questions: Path, address: str, only: Collection[str]) -> Logs:
    lookout = Lookout(questions, address, open_leases(address), only=only)
    view = lookout.look()
    return Logs(view, lookout, roster(view.plan, view.seen.values()).runs)


def _chosen(known: Logs, address: str, words: Sequence[str], failed: bool) -> Lease:
    """The one that fits: by its id, by words of its settings, the last that failed, or just the last."""
    leases = [one for one in known.leases if not failed or has_failed(one)]
    if words:
        recorded = {str(run.id): run for run in open_store(address).runs()}
        leases = fitting(words, leases, recorded)
        _refuse_by_hand(words, leases, recorded)
    if not leases:
        raise LogError(_none(known, words, failed))
    if words and len(leases) > 1 and not failed:
        several = "; ".join(name(lease) for lease in leases)
        raise LogError(f"{' '.join(words)}: {len(leases)} runs fit, say more: {several}.")
    return leases[-1]


def _lines(known: Logs) -> Iterator[str]:
    here = socket.gethostname()
    width = max((len(name(lease)) for lease in known.leases), default=0)
    for lease in known.leases:
        held = lease.key in known.view.held
        state = became(lease) or ("running" if held else "gone")
        place = "" if lease.holder.host == here else f"  on {lease.holder.host}"
        begun = f"{lease.taken.astimezone():%Y-%m-%d %H:%M:%S}"
        yield f"{begun}  {state:9}  {name(lease):<{width}}  {short(_path(lease))}{place}"


def _has_ended(lookout: Lookout, lease: Lease) -> bool:
    now = lookout.fresh([lease.key]).get(lease.key)
    return now is None or now.generation != lease.generation or lookout.watch.free(now)


def _opened(lease: Lease) -> IO[str]:
    path, host = _path(lease), lease.holder.host
    try:
        return path.open(encoding="utf-8", errors="replace")
    except OSError as error:
        if host != socket.gethostname():
            raise LogError(f"{path}: this log is on {host}; look at it there.") from error
        raise LogError(f"{path}: this log cannot be read ({error.strerror}).") from error


def _path(lease: Lease) -> Path:
    return Path(str(lease.details.get("log", "")))


def _refuse_by_hand(words: Sequence[str], leases: Sequence[Lease], recorded: dict[str, Run]) -> None:
    """Raise for a recorded run that no sweep has started."""
    run = recorded.get(words[0]) if len(words) == 1 and not leases else None
    if run is not None and not lease_key(run):
        raise LogError(
            f"run {run.id} was not started by a sweep; see what it printed with `tracker show {run.id}`."
        )


def _none(known: Logs, words: Sequence[str], failed: bool) -> str:
    where = f"{known.view.plan.what} in {known.view.plan.shown}"
    if words:
        return f"{' '.join(words)}: no run that a sweep started for {where} fits; `sweeps logs` lists them."
    return f"{where}: no run failed." if failed else f"{where}: no run was started by a sweep yet."
