"""The JSON Schema of question files, for editors that complete them.

`python -m tracker.questions.schema` prints it; schema.json beside this file is what it printed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tracker.questions.keys import KEYS

PUBLISHED = Path(__file__).with_name("schema.json")
_PARTS = (
    "defaults",
    "profile",
    "question",
    "question_profile",
    "metric",
    "variant",
    "range",
    "when",
    "claim",
    "finding",
)
_REQUIRED_BESIDES = {"claim": ["verdict"]}


def schema() -> dict[str, Any]:
    """The schema, made from the table of keys that the loader reads by."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Questions that runs can answer",
        **_mapping("file"),
        "$defs": {name: _mapping(name) for name in _PARTS},
    }


def written() -> str:
    """The schema as the published file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _mapping(place: str) -> dict[str, Any]:
    keys = [key for key in KEYS if place in key.places]
    required = [key.name for key in keys if key.required] + _REQUIRED_BESIDES.get(place, [])
    return {
        "type": "object",
        "properties": {key.name: {"description": key.meaning, **key.shape} for key in keys},
        "required": required,
        "additionalProperties": False,
    }


if __name__ == "__main__":
    import sys

    sys.stdout.write(written())
