"""The page as one text, which needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from tracker.export.page.content import entries
from tracker.export.page.evidence import checked_omniboard
from tracker.export.page.recordings import Recordings
from tracker.export.page.summary import summary, used_signs
from tracker.export.page.visible import visible
from tracker.export.page.words import STATUSES, TERMS, status_of
from tracker.findings import Finding, walk
from tracker.wording.words import hours

if TYPE_CHECKING:
    from jinja2 import Environment


def page_text(
    findings: Sequence[Finding],
    recordings: Recordings,
    store: str,
    *,
    project: str = "",
    about: str = "",
    omniboard_url: str = "",
    version: str = "",
) -> str:
    """The page; `store` is an address without credentials, and with `version` it looks for a newer one."""
    omniboard = checked_omniboard(omniboard_url)
    counted = summary(findings, omniboard)
    told = entries(findings, recordings, omniboard)
    style, script = _file("page.css"), "\n".join(map(_file, ("page.js", *(("live.js",) if version else ()))))
    built = findings[0].now if findings else None
    return (
        _environment()
        .get_template("page.html")
        .render(
            project=project,
            about=about,
            store=store,
            built=built,
            version=version,
            summary=counted,
            entries=told,
            signs=used_signs(findings),
            terms=TERMS,
            omniboard=omniboard,
            style=style,
            script=script,
            policy=_policy(style, script, bool(version)),
            choices=_choices(findings),
        )
    )


def _policy(style: str, script: str, live: bool) -> str:
    """What the page may do: apply its own style, run its own script, and live ask its own server."""
    rules = [
        "default-src 'none'",
        f"style-src '{_hash(style)}'",
        f"script-src '{_hash(script)}'",
        "img-src data:",
        *(["connect-src 'self'"] if live else []),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return "; ".join(rules)


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


@cache
def _file(name: str) -> str:
    return files("tracker.export.page").joinpath(name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("tracker.export", "page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_finalized,
    )
    made.filters |= {"hours": hours, "moment": _moment, "own": _own}
    return made


def _finalized(value: object) -> object:
    """Text as it is shown; what was escaped already stays as it is."""
    return visible(value) if type(value) is str else value


def _own(words: object) -> Markup:
    """A human's text on its own, so that letters written from right to left move nothing around them."""
    text = visible(str(words))
    return escape(text) if text.isascii() else Markup("<bdi>{}</bdi>").format(text)


def _moment(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC" if time else ""


def _choices(findings: Sequence[Finding]) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """What can be filtered by: the name, the words, and the values that occur, two at least."""
    nodes = [one for root in findings for one in walk(root)]
    asked = [one for one in nodes if one.node.cells]
    found = (
        ("status", "Status", [word for word in STATUSES if word in map(status_of, asked)]),
        ("verdict", "Verdict", [one.verdict or "none yet" for one in asked]),
        ("sub", "Sub-project", [one.node.question.sub_project for one in nodes]),
        ("context", "Context", [one.node.question.context for one in nodes]),
    )
    unique = ((name, words, tuple(filter(None, dict.fromkeys(values)))) for name, words, values in found)
    return tuple(choice for choice in unique if len(choice[2]) > 1)
