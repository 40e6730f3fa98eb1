"""A text as YAML, in the style that stood there before."""

from __future__ import annotations

import re
import textwrap

import yaml

_WIDTH = 100  # of folded lines
_HEADER = re.compile(r"[|>][-+\d]*[ \t]*(#[^\r\n]*)?")
_QUIET = re.compile(r"[A-Za-z][^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff#\"]*")


def scalar(text: str, style: str | None, between: bool, before: str = "", indent: int = 0) -> str:
    """The text as a scalar of this style where it fits, else in double quotes.

    `between` says that it stands between brackets; `before` is the scalar that it replaces, whose comment is
    kept; `indent` is where its lines begin.
    """
    if style in ("|", ">"):
        return _block(text, style, before, indent)
    if style == "'" and "\n" not in text and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return text if style is None and _is_plain(text, between) else quoted(text)


def quoted(text: str) -> str:
    """The text in double quotes, on one line."""
    made: str = yaml.dump(text, default_style='"', allow_unicode=True, width=2**31)
    return made.rstrip("\n")


def _block(text: str, style: str, before: str, indent: int) -> str:
    header = _HEADER.match(before)
    comment = f" {header[1]}" if header and header[1] else ""
    lines = text.split("\n")
    folded = textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
    if style == ">" and " ".join(folded) == text:
        lines = folded
    else:
        style = "|"
    if not text or text[0].isspace() or not all(_may_stand(line) for line in lines):
        return quoted(text) + comment
    blanks = " " * indent
    return "\n".join([f"{style}-{comment}", *(blanks + line if line else "" for line in lines)])


def _may_stand(line: str) -> bool:
    return line == line.rstrip() and line.replace("\t", " ").isprintable()


def _is_plain(text: str, between: bool) -> bool:
    """Whether text without quotes is read as itself."""
    if not _QUIET.fullmatch(text) or text == "None":  # which the question file refuses without quotes
        return False
    try:
        return bool(yaml.safe_load(f"{{k: {text}}}" if between else f"k: {text}") == {"k": text})
    except yaml.YAMLError:
        return False
