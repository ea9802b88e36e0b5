"""What a TOML file that people edit may be at most, whatever it is for: themes, settings, profiles, timelines.

Looked at before the text is parsed, since tomllib takes seconds for some texts of 64 KiB (a key of 30,000 dots: 42 s
and a RecursionError), and after it, for what TOML can say and no setting means: inf, nan, texts and numbers without
end.
Knows nothing of what the keys mean.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

MAX_BYTES = 64 * 1024  # a theme by hand is 2 KiB; more is a mistake or an attack
MAX_LINES = 2000
MAX_VALUES = 1000  # told by their marks; a theme that says everything has about 250
MARKS = "=,[{\\"  # what begins or parts a value, and escapes, which cost as much
MAX_DOTS = 8  # of a key; material.sky.colors has two
MAX_DEPTH = 16  # of tables and lists in each other; a theme's regions are 3 deep
MAX_TEXT = 4000  # characters of one text
MAX_LINE = 8000  # characters: a key or a comment without end
MAX_INTEGER = 2**63 - 1  # TOML 1.0 promises no more

# A plain part begins where its word does and is never given back: else a line of 8,000 letters with eight dots takes
# 690 ms, and a file may hold eight.
_KEY_PART = r"""(?:(?<![\w-])[\w-]++|"[^"\n]*"|'[^'\n]*')[ \t]*+\.[ \t]*"""
_LONG_KEY = re.compile(f"(?:{_KEY_PART}){{{MAX_DOTS}}}")

Location = tuple[str | int, ...]


def refused_text(text: str) -> str:
    """Why a text is not even parsed, with its line; "" for one that may be."""
    if text.count("\n") >= MAX_LINES:
        return f"line {MAX_LINES + 1}: it has more than {MAX_LINES} lines"
    values = 0
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            return f"line {number}: it is longer than {MAX_LINE} characters"
        if line.startswith("#"):
            continue
        values += sum(map(line.count, MARKS))
        if values > MAX_VALUES:
            return f"line {number}: up to here it holds more than {MAX_VALUES} values"
        if line.count(".") >= MAX_DOTS and _LONG_KEY.search(line):
            return f"line {number}: a key has more than {MAX_DOTS} dots"
    return ""


def deep_values(tree: dict[str, Any]) -> list[tuple[Location, str]]:
    """Where tables and lists lie too deep in each other, and the words for it."""
    said = f"tables and lists lie more than {MAX_DEPTH} deep in each other"
    return [(at, said) for at, value in _walk(tree) if isinstance(value, dict | list) and len(at) >= MAX_DEPTH]


def refused_values(tree: dict[str, Any]) -> list[tuple[Location, str]]:
    """Where a tree holds a value that no file of ours means, and what was got."""
    return [(at, said) for at, value in _walk(tree) if (said := _refused(value))]


def _refused(value: Any) -> str:
    match value:
        case float() if not math.isfinite(value):
            return f"got {value}, expected a finite number"
        case str() if len(value) > MAX_TEXT:
            return f"got a text of {len(value)} characters, expected at most {MAX_TEXT}"
        case int() if abs(value) > MAX_INTEGER:
            return "got a number of more than 18 digits"
        case _:
            return ""


def _walk(tree: dict[str, Any]) -> Iterator[tuple[Location, Any]]:
    """Every value with its place, as deep as is allowed. Step by step: no depth overflows it."""
    ahead: list[tuple[Location, Any]] = [((key,), value) for key, value in tree.items()]
    while ahead:
        location, value = ahead.pop()
        yield location, value
        if len(location) < MAX_DEPTH:
            inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
            ahead += [((*location, key), item) for key, item in inner]
