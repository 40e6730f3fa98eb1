"""Fields of a question file, each read with its check."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tracker.configs import key
from tracker.questions.keys import SETTING
from tracker.questions.yaml_lines import Entry

_SETTING_NAME = re.compile(SETTING)

Fields = Mapping[str, Entry]


def fields(entry: Entry, known: Iterable[str], what: str) -> Fields:
    """The named entries of a mapping, all of them known."""
    if not isinstance(entry.content, dict):
        raise entry.refuse(f"{what} must be a mapping of names to values, not {entry.plain()!r}")
    for name, value in entry.content.items():
        if name not in known:
            raise value.refuse(f"{what} has no key '{name}'{did_you_mean(name, known)}")
    return entry.content


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the nearest known one, else all of them."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; it takes {', '.join(known)}"


def text(given: Fields, name: str, default: str = "") -> str:
    """A field of text."""
    if name not in given:
        return default
    value = given[name].content
    if not isinstance(value, str):
        shown = given[name].plain()
        raise given[name].refuse(f'{name} must be text, not {shown!r}; write it in quotes: "{shown}"')
    return value.strip()


def choice(given: Fields, name: str, allowed: Sequence[str], default: str) -> str:
    """A field that takes one of a few words."""
    word = text(given, name, default)
    if name in given and word not in allowed:
        raise given[name].refuse(f"{name} '{word}' is unknown{did_you_mean(word, allowed)}")
    return word


def number(given: Fields, name: str, below: float, example: str) -> float:
    """A field with a number over 0 and under `below`."""
    value = given[name].content
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < below:
        limit = "" if below == float("inf") else f" and under {below}"
        raise given[name].refuse(
            f"{name} must be a number over 0{limit}, such as {example}, not {given[name].plain()!r}"
        )
    return float(value)


def whole(given: Fields, name: str) -> int:
    """A field with a whole number, also one under 0."""
    if type(given[name].content) is not int:
        raise given[name].refuse(
            f"{name} must be a whole number, such as 2 or -1, not {given[name].plain()!r}"
        )
    return int(given[name].content)


def truth(given: Fields, name: str) -> bool:
    """A field that is true or false; false by default."""
    if name not in given:
        return False
    if not isinstance(given[name].content, bool):
        raise given[name].refuse(f"{name} must be true or false, not {given[name].plain()!r}")
    return bool(given[name].content)


def entries(entry: Entry, what: str, example: str) -> list[Entry]:
    """The entries of a list that has at least one."""
    if not isinstance(entry.content, list) or not entry.content:
        raise entry.refuse(f"{what} must be a list such as {example}, not {entry.plain()!r}")
    return entry.content


def values(entry: Entry, what: str) -> tuple[Any, ...]:
    """A list of different values, each a scalar or a list of scalars."""
    seen: dict[Any, int] = {}
    for item in entries(entry, what, "[4, 8, 16]"):
        if isinstance(item.content, dict):
            raise item.refuse(
                f"{what} holds the mapping {item.plain()!r}; a value is one setting's, so name the setting "
                "with dots as in parameter: model.depth"
            )
        if key(item.plain()) in seen:
            raise item.refuse(f"{what} has {item.plain()!r} twice; keep one")
        seen[key(item.plain())] = item.line
    return tuple(item.plain() for item in entry.content)


def seeds(given: Fields, name: str = "seeds") -> tuple[int, ...]:
    """A list of different whole numbers, 0 or more."""
    for item in entries(given[name], name, "[0, 1, 2, 3, 4]"):
        if type(item.content) is not int or item.content < 0:
            raise item.refuse(f"the seed {item.plain()!r} is not a whole number of 0 or more")
    return values(given[name], name)


def looks(given: Fields) -> tuple[int, ...]:
    """A rising list of numbers of seeds, none under three."""
    found: list[int] = []
    for item in entries(given["looks"], "looks", "[3, 5, 10]"):
        if type(item.content) is not int or item.content < 3:
            raise item.refuse(
                f"a look at {item.plain()!r} seeds gives no verdict; write whole numbers from 3 on"
            )
        if found and item.content <= found[-1]:
            raise item.refuse(f"the look at {item.content} comes after that at {found[-1]}; let them rise")
        found.append(item.content)
    return tuple(found)


def setting_name(entry: Entry, name: Any) -> str:
    """A setting's name, perhaps dotted; the seed is none, because `seeds` lists it."""
    if not isinstance(name, str) or not _SETTING_NAME.fullmatch(name):
        raise entry.refuse(f"{name!r} is not the name of a setting; write names such as lr or model.depth")
    if name == "seed":
        raise entry.refuse("the seed is not a setting of a question; list the seeds under seeds")
    return name


def setting_names(given: Fields, name: str) -> tuple[str, ...]:
    """A list of settings' names."""
    listed = given[name]
    if listed.content == []:
        return ()
    return tuple(setting_name(item, item.content) for item in entries(listed, name, "[device, data_dir]"))


def settings(entry: Entry, what: str, prefix: str = "") -> dict[str, Any]:
    """A mapping of settings to values; nested mappings become dotted names."""
    if not isinstance(entry.content, dict):
        raise entry.refuse(f"{what} must be a mapping of settings to values, not {entry.plain()!r}")
    found: dict[str, Any] = {}
    for name, value in entry.content.items():
        dotted = setting_name(value, f"{prefix}{name}")
        inside = value.content and isinstance(value.content, dict)
        for inner, plain in (
            settings(value, what, f"{dotted}.").items() if inside else [(dotted, value.plain())]
        ):
            if inner in found:
                raise value.refuse(f"{what} sets '{inner}' twice; keep one")
            found[inner] = plain
    return found


def setting_lines(given: Fields, prefix: str = "") -> dict[str, int]:
    """The line of each setting in a mapping of settings, by its dotted name."""
    found: dict[str, int] = {}
    for name, value in given.items():
        inside = value.content if isinstance(value.content, dict) else {}
        found |= setting_lines(inside, f"{prefix}{name}.") or {f"{prefix}{name}": value.line}
    return found
