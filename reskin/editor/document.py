"""A theme's TOML while it is being edited: values change, comments and order stay; undo, redo, and what is unsaved.

tomlkit keeps the text's form. Every change is read back by tomllib before it counts. Knows nothing of windows, and of
themes only that they are tables of values.
"""

from __future__ import annotations

import contextlib
import re
import tomllib
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array

from reskin.errors import ThemeError
from reskin.toml_reader import MAX_STATEMENT_LINES, statement_lines
from reskin.toml_writer import toml_value

Location = tuple[str, ...]
INLINE = {("light", "sun"), ("light", "fog")}  # tables that a theme writes on one line
MOST_STEPS = 200  # of undo, some 2 KiB each


class ThemeDocument:
    """The text of one theme. Values are plain: texts, numbers, truth values, lists of them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._saved = text
        self._undo: list[str] = []
        self._redo: list[str] = []
        self._last: tuple[Location, object] | None = None  # what was changed last, in which gesture

    @property
    def is_dirty(self) -> bool:
        return self.text != self._saved

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._redo)

    def get(self, location: Location) -> Any:
        """The value that the text says, None where it says none."""
        return _at(tomllib.loads(self.text), location)

    def set(self, location: Location, value: Any, gesture: object = None) -> None:
        """Says a value. Changes of one key in one `gesture` (a drag of a slider) are undone together."""
        if value == self.get(location):
            return
        self._change(_with(self.text, location, value), location, gesture)

    def remove(self, location: Location) -> None:
        """Says a value no longer; a table that is left empty goes too."""
        if self.get(location) is not None:
            self._change(_without(self.text, location), location, None)

    def undo(self) -> bool:
        return self._step(self._undo, self._redo)

    def redo(self) -> bool:
        return self._step(self._redo, self._undo)

    def mark_saved(self) -> None:
        self._saved = self.text

    def _change(self, text: str, location: Location, gesture: object) -> None:
        if gesture is None or self._last != (location, gesture):
            self._undo = [*self._undo[-MOST_STEPS + 1 :], self.text]
        self._redo = []
        self._last = (location, gesture)
        self.text = text

    def _step(self, of: list[str], to: list[str]) -> bool:
        if not of:
            return False
        to.append(self.text)
        self.text = of.pop()
        self._last = None
        return True


def open_document(text: str, path: Path) -> ThemeDocument:
    """ThemeError for what tomlkit cannot take apart, though tomllib can. It calls itself for every bracket."""
    try:
        same = tomlkit.dumps(tomlkit.parse(text)) == text
    except TOMLKitError as error:
        raise ThemeError(f"opening {path} to edit: {error}. Mend that line in a text editor first") from error
    except RecursionError as error:
        raise ThemeError(f"opening {path} to edit: its brackets are nested too deep. Write plain tables") from error
    if not same:
        raise ThemeError(f"opening {path} to edit: it cannot be written back as it is. Edit it in a text editor")
    return ThemeDocument(text)


def _at(tree: Any, location: Location) -> Any:
    for key in location:
        if not isinstance(tree, dict) or key not in tree:
            return None
        tree = tree[key]
    return tree


def _with(text: str, location: Location, value: Any) -> str:
    """The text with one value changed: written in the first way of these that comes out as meant."""
    meant = tomllib.loads(text)
    node = meant
    for key in location[:-1]:
        node = node.setdefault(key, {})
    node[location[-1]] = value
    for write in (_replaced, _with_line, _added):
        with contextlib.suppress(TOMLKitError, ValueError, KeyError, TypeError, AttributeError):
            written = write(text, location, value)
            if tomllib.loads(written) == meant:
                return written
    return tomlkit.dumps(meant)  # a form that nobody writes by hand: its comments go


def _replaced(text: str, location: Location, value: Any) -> str:
    """By tomlkit, where the key is there, or belongs into a table of one line or of dotted keys."""
    if location[:-1] and _at(tomllib.loads(text), location) is None and _is_headed(text, location[:-1]):
        raise KeyError(location)
    document: Any = tomlkit.parse(text)
    node = document
    for part in location[:-1]:
        node = node[part]
    old = node[location[-1]] if not location[:-1] else node.get(location[-1])
    if isinstance(old, Array) and isinstance(value, list) and len(old) == len(value):
        for index, item in enumerate(value):  # in place: a list over several lines stays so, with its comments
            if old[index] != item:
                old[index] = item
    else:
        node[location[-1]] = value
    return tomlkit.dumps(document)


def _added(text: str, location: Location, value: Any) -> str:
    """By tomlkit, making the tables on the way: inside a table that is written on one line."""
    document: Any = tomlkit.parse(text)
    node = document
    for key in location[:-1]:
        if key not in node:
            node[key] = tomlkit.inline_table()
        node = node[key]
    node[location[-1]] = value
    return tomlkit.dumps(document)


def _is_headed(text: str, table: Location) -> bool:
    """Whether a table has a [header] of its own; the head of the file counts as one."""
    line = statement_lines(text).get(table, 0)
    return not table or (line > 0 and text.split("\n")[line - 1].lstrip().startswith("["))


def _with_line(text: str, location: Location, value: Any) -> str:
    """One more line at the end of a table, or a new table at the end of its kind: no comment changes its owner."""
    if location[:-1] in INLINE:
        location, value = location[:-1], {location[-1]: value}
    table, said = location[:-1], f"{location[-1]} = {toml_value(value)}"
    lines = text.split("\n")
    starts = {at: line for at, line in statement_lines(text).items() if at}
    heads = {at: line for at, line in starts.items() if lines[line - 1].lstrip().startswith("[")}
    is_new = bool(table) and table not in heads
    kin = [line for at, line in heads.items() if table and at[0] == table[0]] if is_new else []
    first = max(kin) if kin else heads.get(table, 0)
    after = min((line for line in heads.values() if line > first), default=len(lines) + 1)
    if is_new and not kin:
        first, after = 0, len(lines) + 1
    own = [line for line in starts.values() if first <= line < after]
    end = _end_of(lines, max(own)) if own else first
    lines[end:end] = ["", f"[{'.'.join(table)}]", said] if is_new else [said]
    return "\n".join(lines)


def _end_of(lines: list[str], start: int) -> int:
    """The last line of the statement that begins at `start`, both from 1."""
    for end in range(start, min(start + MAX_STATEMENT_LINES, len(lines)) + 1):
        try:
            tomllib.loads("\n".join(lines[start - 1 : end]))
        except tomllib.TOMLDecodeError:
            continue
        return end
    return start


def _without(text: str, location: Location) -> str:
    """The text without one value, and without tables that this leaves empty; comments below them stay."""
    meant = tomllib.loads(text)
    _delete(meant, location)
    with contextlib.suppress(KeyError, ValueError):  # it has no line of its own, or the rest is no TOML
        written = _line_removed(text, location)
        if tomllib.loads(written) == meant:
            return written
    return _key_removed(text, location)


def _delete(tree: Any, location: Location) -> None:
    """Takes a value out of tables in tables, and those that this leaves empty."""
    nodes = [tree]
    for key in location[:-1]:
        nodes.append(nodes[-1][key])
    for node, key in reversed(list(zip(nodes, location, strict=True))):
        if node is nodes[-1] or not node[key]:
            del node[key]


def _line_removed(text: str, location: Location) -> str:
    """Without the lines of one statement; without its table's header, too, if nothing else stands below that."""
    lines, starts = text.split("\n"), statement_lines(text)
    first, last = starts[location], _end_of(lines, starts[location])
    if location[:-1] and _is_headed(text, location[:-1]):
        header = starts[location[:-1]]
        after = [line for line in starts.values() if line > last]
        is_alone = not any(header < line < first for line in starts.values())
        if is_alone and (not after or lines[min(after) - 1].lstrip().startswith("[")):
            between = lines[header : first - 1]  # comments
            while header > 1 and not lines[header - 2].strip():
                header -= 1
            del lines[first - 1 : last]
            lines[header - 1 : first - 1] = ["", *between] if any(between) else []
            return "\n".join(lines)
    del lines[first - 1 : last]
    return "\n".join(lines)


def _key_removed(text: str, location: Location) -> str:
    """By tomlkit: a part of a table on one line."""
    document: Any = tomlkit.parse(text)
    _delete(document, location)
    written = tomlkit.dumps(document)
    closer = re.sub(r"\n{3,}", "\n\n", written)
    return closer if tomllib.loads(closer) == tomllib.loads(written) else written
