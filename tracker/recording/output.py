"""Printed text as a terminal would show it in the end: progress bars become one line."""

from __future__ import annotations

import re

LONGEST = 1 << 20  # letters of a line without an end, after which it is ended, so that memory is bounded

# what moves the cursor: \r, \b, ESC [K and its like (erase), ESC [A (up, which nested bars use)
_MOVES = re.compile(r"(\r|\x08|\n|\x1b\[[012]?K|\x1b\[\d*A)")
_BEGUN = re.compile(r"\x1b(?:\[\d*)?$")  # the beginning of one of them at the end of a piece
_PLAIN = re.compile(r"[^\r\x08\x1b]*\Z")


class CleanOutput:
    """Takes text in pieces that may be cut anywhere, gives whole lines, keeps the open one until `close`."""

    def __init__(self) -> None:
        self._rows = [""]
        self._row = self._column = 0
        self._begun = ""  # an escape sequence that is not whole yet

    def feed(self, text: str) -> str:
        """The lines that this piece has ended."""
        if _PLAIN.match(text) and not self._begun and self._is_at_end():
            return self._plain(text)
        text = self._begun + text
        begun = _BEGUN.search(text)
        self._begun = begun[0] if begun else ""
        went_up = False
        for part in _MOVES.split(text[: len(text) - len(self._begun)]):
            went_up = self._act(part) or went_up
        return self._released(keep=went_up)

    def close(self) -> str:
        """The line that has no end, which is the last one of the output."""
        rest = "\n".join(self._rows) + self._begun
        self._rows, self._row, self._column, self._begun = [""], 0, 0, ""
        return rest if not rest or rest.endswith("\n") else f"{rest}\n"

    def _is_at_end(self) -> bool:
        return len(self._rows) == 1 and self._column == len(self._rows[0])

    def _plain(self, text: str) -> str:
        """The same for text in which the cursor only goes forward, which is nearly all there is."""
        whole, newline, rest = text.rpartition("\n")
        before = self._rows[0] if newline else ""
        self._rows[0] = rest if newline else self._rows[0] + rest
        self._column = len(self._rows[0])
        if self._column > LONGEST:
            return f"{before}{whole}{newline}{self.close()}"
        return f"{before}{whole}{newline}"

    def _act(self, part: str) -> bool:
        """Do what one part says; whether it went to an earlier line."""
        if part == "\r":
            self._column = 0
        elif part == "\b":
            self._column = max(0, self._column - 1)
        elif part == "\n":
            self._next_row()
        elif part.endswith("K") and part.startswith("\x1b["):
            self._erase(part[2:-1])
        elif part.endswith("A") and part.startswith("\x1b["):
            self._row = max(0, self._row - int(part[2:-1] or 1))
            return True
        elif part:
            self._write(part)
        return False

    def _next_row(self) -> None:
        self._row, self._column = self._row + 1, 0
        if self._row == len(self._rows):
            self._rows.append("")

    def _write(self, part: str) -> None:
        line = self._rows[self._row].ljust(self._column)
        end = self._column + len(part)
        self._rows[self._row] = line[: self._column] + part + line[end:]
        self._column = end

    def _erase(self, how: str) -> None:
        line = self._rows[self._row]
        after = "" if how in ("", "0", "2") else line[self._column :]
        before = line[: self._column] if how in ("", "0") else " " * min(self._column, len(line))
        self._rows[self._row] = (before + after).rstrip(" ") if how == "2" else before + after

    def _released(self, *, keep: bool) -> str:
        """Lines to which nothing has gone back lately are done, as far as they are above the cursor."""
        if keep and len(self._rows) < LONGEST:
            return ""
        done, self._rows, self._row = self._rows[: self._row], self._rows[self._row :], 0
        if len(self._rows[0]) > LONGEST:
            return "".join(f"{line}\n" for line in done) + self.close()
        return "".join(f"{line}\n" for line in done)
