"""How much of a graphics card a run takes, found out by looking while it goes."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sweeps.engines.cards import Card, card_named, seen, used_by
from sweeps.engines.places import Group, Places
from sweeps.engines.process_tree import descendants

OFTEN, SELDOM = 2.0, 30.0  # seconds between two looks, before and after it is known
SETTLED = 60.0  # seconds without growth after which a peak is believed
LOOKS = 5  # at a run that showed nothing on its card, before that is believed
FILLED = 0.9  # of a card's memory is given to runs; the rest is for what they take unmeasured


@dataclass
class _Peak:
    bytes: int = 0
    since: float = 0.0  # when it grew last
    looks: int = 0


class Measuring:
    """Watches runs on cards, and tells the places how many fit as soon as it is known."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._before = seen()
        self._peaks: dict[str, _Peak] = {}
        self._known: int | None = None  # the most that any run took
        self._looked = float("-inf")
        names = [name for group in places.groups for name in group.cards]
        found = [card_named(name, self._before) for name in names]
        rooms = [int(FILLED * card.total) - card.used for card in found if card and card.total]
        # of the card with the least; nothing is known of a MIG, whose memory nvidia-smi does not tell
        self._room = min(rooms) if rooms and len(rooms) == len(names) else 0

    def look(self, pids: dict[str, int]) -> None:
        """Look at the runs with these keys and processes, if it is time."""
        now = time.monotonic()
        if not (self._room and pids) or now - self._looked < (OFTEN if self._known is None else SELDOM):
            return
        cards = seen()
        for key, pid in pids.items():
            self._note(key, self._used(key, pid, cards), time.monotonic())
        self._looked = time.monotonic()

    def ended(self, key: str) -> None:
        """The run is over: its peak is known, if it was seen."""
        peak = self._peaks.pop(key, _Peak())
        if peak.bytes or peak.looks >= LOOKS:
            self._learn(peak.bytes)

    def _note(self, key: str, used: int, now: float) -> None:
        peak = self._peaks.setdefault(key, _Peak(since=now))
        peak.looks += 1
        if used > peak.bytes:
            peak.bytes, peak.since = used, now
        settled = peak.bytes and now - peak.since >= SETTLED
        if settled or (self._known is not None and peak.bytes > self._known):
            self._learn(peak.bytes)

    def _learn(self, used: int) -> None:
        if self._known is None or used > self._known:
            self._known = used
            self._places.learn(used, self._room)

    def _used(self, key: str, pid: int, cards: list[Card]) -> int:
        """What the run takes; where nobody tells, by how much the card that it has alone is fuller."""
        told = used_by({pid, *descendants(pid)})
        if told is not None:
            return told
        group = next(group for group in self._places.groups if key in group.threads)
        return self._growth(group, cards) if len(group.threads) == 1 else 0

    def _growth(self, group: Group, cards: list[Card]) -> int:
        both = [(card_named(name, self._before), card_named(name, cards)) for name in group.cards]
        return sum(max(0, now.used - before.used) for before, now in both if before and now)
