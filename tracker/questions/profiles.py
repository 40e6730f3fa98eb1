"""Profiles of a question file: the same questions at other sizes, such as one that a laptop can pay for.

A file's profile holds for every question, over what the file says; a question's own profile comes on top.
The address of a profile is the file's with @ and its name, as in batchnorm.yaml@cpu.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tracker.errors import QuestionsError
from tracker.questions import fields as read
from tracker.questions.fields import Fields
from tracker.questions.keys import names
from tracker.questions.yaml_lines import Entry

MARK = "@"


def address_of(path: Path, profile: str) -> Path:
    """The address of a profile of a question file; without one the file itself."""
    return path.with_name(f"{path.name}{MARK}{profile}") if profile else path


def file_of(address: Path) -> Path:
    """The question file of an address."""
    name, mark, _ = address.name.rpartition(MARK)
    return address.with_name(name) if mark and name and not address.exists() else address


def profile_of(address: Path) -> str:
    """The profile that an address names, or "" where it is the file's own."""
    return "" if file_of(address) == address else address.name.rpartition(MARK)[2]


def refuse_profile(address: Path, instead: str) -> None:
    """Raise QuestionsError where a file is to be written but an address names a profile of it."""
    if profile := profile_of(address):
        raise QuestionsError(f"{file_of(address)}:1: the profile '{profile}' cannot be written to; {instead}")


def in_profile(document: Entry, profile: str) -> Entry:
    """The file as the profile has it, or as it stands for ""; either way without its profiles."""
    given = read.fields(document, names("file"), "the file")
    known = _declared(given)
    if profile and profile not in known:
        nearest = read.did_you_mean(profile, known) if known else "; the file has none"
        raise document.refuse(f"there is no profile '{profile}'{nearest}")
    chosen = read.fields(known[profile], names("profile"), f"the profile {profile}") if profile else {}
    content = {name: entry for name, entry in given.items() if name != "profiles"}
    if "metric" in chosen:
        content["metric"] = chosen["metric"]
    beneath = {name: entry for name, entry in chosen.items() if name != "metric"}
    if beneath:
        defaults = given.get("defaults", replace(document, content={}))
        content["defaults"] = _over(defaults, beneath)
    if "tree" in given and isinstance(given["tree"].content, list):
        questions = [_question(item, profile, known, chosen) for item in given["tree"].content]
        content["tree"] = replace(given["tree"], content=questions)
    return replace(document, content=content)


def _declared(given: Fields) -> Mapping[str, Entry]:
    if "profiles" not in given:
        return {}
    if not isinstance(given["profiles"].content, dict) or not given["profiles"].content:
        raise given["profiles"].refuse("profiles must be a mapping of names to what differs in them")
    for name, entry in given["profiles"].content.items():
        read.fields(entry, names("profile"), f"the profile {name}")
    return given["profiles"].content


def _question(entry: Entry, profile: str, known: Mapping[str, Entry], chosen: Fields) -> Entry:
    """A question as the profile has it, with those beneath it."""
    if not isinstance(entry.content, dict):
        return entry  # refused where questions are read
    content = dict(entry.content)
    own = _own(content.pop("profiles", None), profile, known)
    for name in chosen:  # the profile's word holds, wherever the file says something else
        if name == "setup" and "setup" in content:
            content["setup"] = _without(content["setup"], chosen["setup"])
        elif name != "setup":
            content.pop(name, None)
    plain = replace(entry, content=content)
    content = dict(_over(plain, {name: value for name, value in own.items() if name != "leave_out"}).content)
    for item in read.entries(own["leave_out"], "leave_out", "[claim]") if "leave_out" in own else ():
        content.pop(item.content, None)
    if "children" in content and isinstance(content["children"].content, list):
        children = [_question(item, profile, known, chosen) for item in content["children"].content]
        content["children"] = replace(content["children"], content=children)
    return replace(entry, content=content)


def _own(entry: Entry | None, profile: str, known: Mapping[str, Entry]) -> Fields:
    """What a question says of the profile."""
    if entry is None:
        return {}
    if not isinstance(entry.content, dict) or not entry.content:
        raise entry.refuse("profiles must be a mapping of names to what differs in them")
    found: Fields = {}
    for name, item in entry.content.items():
        if name not in known:
            declared = read.did_you_mean(name, known) if known else "; declare it under profiles at the top"
            raise item.refuse(f"there is no profile '{name}'{declared}")
        fields = read.fields(item, names("question_profile"), f"the profile {name} of a question")
        found = fields if name == profile else found
    return found


def _over(entry: Entry, fields: Fields) -> Entry:
    """The entry with these fields in the place of its own; settings add to its settings."""
    content = dict(entry.content) if isinstance(entry.content, dict) else {}
    for name, value in fields.items():
        both = name == "setup" and name in content
        if both and isinstance(value.content, dict) and isinstance(content[name].content, dict):
            value = replace(value, content={**content[name].content, **value.content})
        content[name] = value
    return replace(entry, content=content)


def _without(setup: Entry, other: Entry) -> Entry:
    """The settings but those that the other has too."""
    if not isinstance(setup.content, dict) or not isinstance(other.content, dict):
        return setup
    return replace(setup, content={n: value for n, value in setup.content.items() if n not in other.content})
