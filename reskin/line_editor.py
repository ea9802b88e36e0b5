"""One line of text being typed, with a cursor and a history to walk through; and the history's small file.

Knows nothing of keyboards, of drawing, or of what the text is for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from reskin.places import place
from reskin.plain_text import printable
from reskin.platforms.base import EditKey
from reskin.prompts import LONGEST_PROMPT
from reskin.whole_file import write_whole

HISTORY_LINES = 100
HISTORY_BYTES = 64 * 1024


class LineEditor:
    def __init__(self, history: Sequence[str] = ()) -> None:
        """`history` is the oldest first."""
        self.text = ""
        self.cursor = 0  # before the character of that index
        self._lines = [*history, ""]  # the last one is the line itself, kept while older ones are looked at
        self._at = len(self._lines) - 1

    def insert(self, text: str) -> None:
        """At the cursor; what cannot be printed becomes a space, and what is too long is left out."""
        clean = printable(text)[: LONGEST_PROMPT - len(self.text)]
        self.text = self.text[: self.cursor] + clean + self.text[self.cursor :]
        self.cursor += len(clean)

    def edit(self, key: EditKey) -> None:
        """Any key but those that end the typing."""
        match key:
            case EditKey.BACKSPACE if self.cursor:
                self.text = self.text[: self.cursor - 1] + self.text[self.cursor :]
                self.cursor -= 1
            case EditKey.DELETE:
                self.text = self.text[: self.cursor] + self.text[self.cursor + 1 :]
            case EditKey.LEFT:
                self.cursor = max(0, self.cursor - 1)
            case EditKey.RIGHT:
                self.cursor = min(len(self.text), self.cursor + 1)
            case EditKey.HOME:
                self.cursor = 0
            case EditKey.END:
                self.cursor = len(self.text)
            case EditKey.CLEAR:
                self.text, self.cursor = "", 0
            case EditKey.UP:
                self._walk(-1)
            case EditKey.DOWN:
                self._walk(1)

    def _walk(self, by: int) -> None:
        to = self._at + by
        if 0 <= to < len(self._lines):
            self._lines[self._at] = self.text  # edits of an older line last while the line is typed
            self._at, self.text = to, self._lines[to]
            self.cursor = len(self.text)


class History:
    """The last lines that were used, each once, in a file that may be missing or broken: then it begins empty."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lines: tuple[str, ...] = tuple(_read(path))

    def add(self, line: str) -> None:
        self.lines = (*(other for other in self.lines if other != line), line)[-HISTORY_LINES:]

    def save(self) -> None:
        """Best effort: a folder that cannot be written to costs the history, not the game. May block for a disk."""
        with contextlib.suppress(OSError):
            write_whole(self._path, "".join(f"{line}\n" for line in self.lines).encode())


def history_path() -> Path:
    """Where the prompts that were typed are kept; may not exist. RESKIN_HOME moves it."""
    return place("state", "prompts.txt")


def _read(path: Path) -> list[str]:
    try:
        if not path.is_file():
            return []
        with path.open("rb") as file:
            text = file.read(HISTORY_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return []
    lines = [line[:LONGEST_PROMPT] for line in text.splitlines() if line.strip() and line.isprintable()]
    return list(dict.fromkeys(reversed(lines)))[:HISTORY_LINES][::-1]
