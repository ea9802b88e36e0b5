"""Text that can be drawn on one line, on the screen and in terminals. Knows nothing of what it says."""

from __future__ import annotations

import unicodedata


def is_line(text: str) -> bool:
    """Whether it can be drawn on one line: printable, and spaces of any script."""
    return all(char.isprintable() or unicodedata.category(char) == "Zs" for char in text)


def printable(text: str) -> str:
    """With plain spaces for what is not, as long as before: line breaks, U+202F in the names of macOS's screenshots."""
    return "".join(char if char.isprintable() else " " for char in text)
