"""Values that set several things at once, each under a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.configs import key
from tracker.questions import fields as read
from tracker.questions.keys import names
from tracker.questions.yaml_lines import Entry

Variants = Mapping[str, Mapping[str, Any]]

EXAMPLE = "{name: cosine, set: {schedule: cosine, lr: 0.2}}"


def are_variants(values: Entry) -> bool:
    """Whether a list of values holds named variants."""
    return isinstance(values.content, list) and any(isinstance(item.content, dict) for item in values.content)


def variants(values: Entry, setup: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The settings of each variant by its name; what one sets and another does not is the setup's."""
    found: dict[str, dict[str, Any]] = {}
    for item in values.content:
        name, settings = _variant(item)
        if name in found:
            raise item.refuse(f"values has the variant '{name}' twice; rename one of them")
        found[name] = settings
    named = list(dict.fromkeys(setting for settings in found.values() for setting in settings))
    for item, (name, settings) in zip(values.content, found.items(), strict=True):
        for setting in named:
            if setting not in settings and setting not in setup:
                raise item.refuse(
                    f"the variant '{name}' leaves {setting} open, which another one sets; "
                    "set it there too, or in setup"
                )
    whole = {
        name: {setting: settings.get(setting, setup.get(setting)) for setting in named}
        for name, settings in found.items()
    }
    _refuse_twins(values, whole)
    return whole


def variant_lines(values: Entry) -> dict[str, int]:
    """Where each setting of the variants is named first."""
    found: dict[str, int] = {}
    for item in values.content:
        for name, line in read.setting_lines(item.content["set"].content).items():
            found.setdefault(name, line)
    return found


def _variant(item: Entry) -> tuple[str, dict[str, Any]]:
    if not isinstance(item.content, dict):
        raise item.refuse(f"{item.plain()!r} stands among named variants; write it as one, such as {EXAMPLE}")
    if "set" not in item.content:
        raise item.refuse(
            f"values holds the mapping {item.plain()!r}; a variant needs a name and what it sets, such as "
            f"{EXAMPLE}, and a nested setting is named with dots as in parameter: model.depth"
        )
    given = read.fields(item, names("variant"), "a variant")
    if not read.text(given, "name"):
        raise item.refuse(f"the variant has no name; write one, such as {EXAMPLE}")
    settings = read.settings(given["set"], "set")
    if not settings:
        raise given["set"].refuse(f"the variant sets nothing; write its settings, such as {EXAMPLE}")
    return read.text(given, "name"), settings


def _refuse_twins(values: Entry, whole: Variants) -> None:
    seen: dict[Any, str] = {}
    for item, (name, settings) in zip(values.content, whole.items(), strict=True):
        twin = seen.setdefault(key(settings), name)
        if twin != name:
            raise item.refuse(f"the variants '{twin}' and '{name}' set the same; keep one")
