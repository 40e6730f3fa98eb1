"""Checks of Sacred's command line, so that what cannot work is refused before a run exists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tracker.recording.code import Code
from tracker.recording.places import Place
from tracker.recording.refusals import Refused
from tracker.run import LIVE_FOR

LONGEST_BEAT = LIVE_FOR / 3  # seconds: three beats may get lost before a run counts as dead
CAPTURE_MODES = ("no", "sys", "fd")


def check_options(experiment: Any, options: dict[str, Any]) -> None:
    """Raise Refused for an option with which Sacred would stumble later, or record less than is meant."""
    _check_beat(options.get("--beat-interval"))
    _check_capture(options.get("--capture"))
    _check_named_configs(experiment, options.get("UPDATE") or [])


def wanted_id(value: Any, place: Place) -> int | None:
    """The number that -i asks for; Sacred takes it as text, after which no run can be numbered any more."""
    if value is None or value is False:
        return None
    try:
        wanted = int(value)
    except (TypeError, ValueError):
        wanted = 0
    if wanted < 1:
        raise Refused(f"--id={value} must be a whole number from 1 on")
    if (place.folder / str(wanted)).exists():
        raise Refused(
            f"--id={wanted}: run {wanted} is already in {place.folder}; give another number, or none to get "
            "the next one"
        )
    return wanted


def check_clean(code: Code) -> None:
    """Refuse code that nobody could get back, as -e asks; for Sacred a file that git ignores not is clean."""
    facts = code.facts
    if "unknown" in facts:
        raise Refused(f"--enforce_clean: nothing is known of the code ({facts['unknown']})")
    unknown = [name for name in facts.get("untracked", ()) if name.endswith((".py", "/"))]
    if facts["dirty"] or unknown:
        what = f"{unknown[0]} is not tracked" if unknown else "tracked files are changed"
        raise Refused(f"--enforce_clean: {what} in {code.root}; commit first, or leave -e out")


def _check_beat(interval: str | None) -> None:
    """Refuse a beat that never comes, with which Sacred's observers record nothing, or one too late."""
    try:
        useful = interval is None or 0 < float(interval) <= LONGEST_BEAT
    except ValueError:
        useful = False
    if not useful:
        raise Refused(
            f"--beat-interval={interval} must be a number of seconds above 0 and at most {LONGEST_BEAT:g}, "
            f"because a run without a sign of life for {LIVE_FOR:g} s counts as dead"
        )


def _check_capture(mode: str | None) -> None:
    if mode and mode not in CAPTURE_MODES:
        raise Refused(f"--capture={mode} must be one of {', '.join(CAPTURE_MODES)}")


def _check_named_configs(experiment: Any, updates: list[str]) -> None:
    """Refuse a word after `with` that is no setting, no named config and no file, before Sacred stumbles."""
    for word in updates:
        if "=" not in word and word not in experiment.named_configs and not Path(word).is_file():
            known = ", ".join(experiment.named_configs) or "none"
            raise Refused(f"with {word}: there is no such named config or file; named configs: {known}")
