"""Reads a TOML file that a person edits into a pydantic model, and says every mistake in it with its line.

Used for themes, settings, profiles and timelines. tomllib keeps no positions, so lines are found afterwards, only when
there is a mistake to point at. Knows nothing of what the keys mean: a field's `description` says what was expected.
"""

from __future__ import annotations

import codecs
import difflib
import os
import re
import stat
import tomllib
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reskin.errors import ReskinError
from reskin.toml_limits import MAX_BYTES, deep_values, refused_text, refused_values

MAX_MISTAKES_SHOWN = 20
MAX_STATEMENT_LINES = 200  # a longer list or text: mistakes after it go without a line, finding it would take seconds
MAX_TRIED = 10_000  # characters parsed in vain in search of statements' ends; mistakes after that go without a line

# A bare key and a value that ends on its line, in a text that is known to be valid: neither list, table nor long text.
_PLAIN = re.compile(r"""[ \t]*([A-Za-z0-9_-]+)[ \t]*=[ \t]*(?:[^"'\[{\s][^"'\[{]*|"[^"\\]*"(?!")[^"]*)""")

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[str | int, ...]


def hint(word: str, valid: Iterable[str]) -> str:
    """' (did you mean "sky"?)' for the closest valid word, '' where none is close."""
    close = difflib.get_close_matches(word.lower(), list(valid), n=1, cutoff=0.5)
    return f' (did you mean "{close[0]}"?)' if close else ""


def nearest(word: str, valid: Iterable[str]) -> str:
    """The closest valid word, else all the words there are."""
    words = list(valid)
    return hint(word, words) or f" (valid are: {', '.join(words)})"


def read_model(path: Path, model: type[Model], error: type[ReskinError], what: str) -> Model:
    """The file as a checked model; `error`, with file, line and key of all mistakes, when it cannot be used."""
    return parse_model(read_text(path, error, what), model, error, f"{what} {path}")


def read_text(path: Path, error: type[ReskinError], what: str) -> str:
    """The text of a small UTF-8 file, or of UTF-16 with its byte order mark, as PowerShell 5.1 writes.

    Refuses folders, pipes and devices, which would block or never end.
    """
    start = f"{what} {path} cannot be read"
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise error(f"{start}: it is not a file; give the path of a .toml file")
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as cause:  # ValueError: a null byte in the path
        reason = getattr(cause, "strerror", None) or str(cause)
        raise error(f"{start}: {reason}; check the path") from cause
    if len(content) > MAX_BYTES:
        raise error(f"{start}: it is larger than {MAX_BYTES // 1024} KiB; a {what} is a few KiB of text")
    try:
        encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
        return content.decode(encoding).replace("\r\n", "\n")
    except UnicodeDecodeError as cause:
        line = content[: cause.start].count(b"\n") + 1
        raise error(f"{start}: line {line} is not UTF-8 text; save the file as UTF-8") from cause


def _open_without_waiting(path: str, flags: int) -> int:
    """A pipe that nobody writes to is opened at once, where an ordinary open would wait for ever."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def parse_model(text: str, model: type[Model], error: type[ReskinError], source: str) -> Model:
    """TOML text as a checked model; `source` names it in the error: 'theme /home/me/neon.toml'.

    The one way in for everything that a person writes; `reskin.toml_limits` says what no such text may be.
    """
    if refused := refused_text(text):
        raise error(f"{source} cannot be used: {refused}; a file that a person writes is shorter")
    try:
        tree = tomllib.loads(text)
    except RecursionError as cause:
        where = f"line {_longest_line(text)}: "
        raise error(f"{source} cannot be used: {where}its brackets are nested too deep; write plain tables") from cause
    except ValueError as cause:  # TOMLDecodeError, and int() on a number of more than 4,300 digits
        reason, _, place = str(cause).partition(" (at ")
        if place.startswith("end of document"):
            place = f"line {len(text.splitlines())})"
        where = place.rstrip(")") or f"line {_longest_line(text)}"  # without a place it is a number of too many digits
        reason = reason.partition(";")[0]  # and then comes what to do in Python
        raise error(f"{source} is not valid TOML: {where}: {reason}; mend that and save again") from cause
    if too_deep := deep_values(tree):
        raise error(_told(source, _refused(too_deep, text)))
    try:
        found = model.model_validate(tree)
    except ValidationError as cause:
        raise error(_told(source, _mistakes(cause, model, text))) from cause
    if refused_anyway := refused_values(tree):  # by a model without limits of its own
        raise error(_told(source, _refused(refused_anyway, text)))
    return found


def _longest_line(text: str) -> int:
    lines = text.split("\n")
    return 1 + max(range(len(lines)), key=lambda index: len(lines[index]))


def _told(source: str, mistakes: list[Callable[[], str]]) -> str:
    count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    shown = [mistake() for mistake in mistakes[:MAX_MISTAKES_SHOWN]]
    if len(mistakes) > len(shown):
        shown.append(f"... and {len(mistakes) - len(shown)} more")
    return "\n  ".join([f"{source} cannot be used, {count}:", *shown])


def _refused(found: list[tuple[Location, str]], text: str) -> list[Callable[[], str]]:
    lines = statement_lines(text)
    return _in_order([(line_of(location, lines), location, partial(str, said)) for location, said in found])


def _mistakes(cause: ValidationError, model: type[BaseModel], text: str) -> list[Callable[[], str]]:
    """Each mistake's line of text, in the order of the file; made when asked for, since only the first are shown."""
    lines = statement_lines(text)
    details = cause.errors(include_url=False)
    inner = {detail["loc"][:depth] for detail in details for depth in range(len(detail["loc"]))}
    return _in_order([
        (line_of(detail["loc"], lines), detail["loc"], partial(_message, detail, model))
        for detail in details
        # a list is short only because pydantic left out the wrong items, which are told already
        if detail["type"] != "too_short" or detail["loc"] not in inner
    ])  # fmt: skip


def _in_order(found: list[tuple[int, Location, Callable[[], str]]]) -> list[Callable[[], str]]:
    found.sort(key=lambda item: item[0])
    return [partial(_with_place, *item) for item in found]


def _with_place(line: int, location: Location, said: Callable[[], str]) -> str:
    where = f"line {line}, " if line else ""
    return f"{where}{_dotted(location)}: {said()}" if location else said()  # a rule of the whole file names its keys


def line_of(location: Location, lines: dict[Location, int]) -> int:
    """The line of a key, or of the nearest table around it that has one; 0 where none has."""
    return next((lines[location[:n]] for n in range(len(location), 0, -1) if location[:n] in lines), 0)


def _message(detail: ErrorDetails, model: type[BaseModel]) -> str:
    expected, siblings = _expected(model, detail["loc"])
    got = detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            return f"unknown key{nearest(str(detail['loc'][-1]), siblings)}"
        case "missing":
            return f"missing; expected {expected}"
        case "value_error" if isinstance(got, dict):  # a rule between keys: its text says all
            return str(detail["ctx"]["error"])
        case "value_error":
            return f"got {_shown(got)}: {detail['ctx']['error']}; expected {expected}"
        case _:
            return f"got {_shown(got)}, expected {expected}"


def _dotted(location: Location) -> str:
    """material.sky.colors[2], with control characters made visible."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    text = text.lstrip(".")
    return text if text.isprintable() else ascii(text)[1:-1]


def _shown(value: Any) -> str:
    """What the author wrote, short and printable, with its kind where that is the mistake."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'the text "{ascii(value)[1:-1][:60]}"' if not value.isprintable() else f'the text "{value[:60]}"'
        case dict():
            return "a table"
        case list():
            return f"a list of {len(value)}"
        case int() if abs(value) >= 10**18:
            return "a number of more than 18 digits"
        case _:
            return str(value)[:60]


def _expected(model: type[BaseModel], location: Location) -> tuple[str, list[str]]:
    """The description of the field at `location`, and the keys valid beside its last part."""
    description, current, siblings = "a table", model, []
    for part in location:
        if isinstance(part, int):
            continue  # an item of a list: the list's description covers it
        siblings = list(current.model_fields)
        if part not in current.model_fields:
            break
        field = current.model_fields[part]
        description = field.description or "another value"
        inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if _is_model(kind)]
        current = inner[0] if inner else current
    return description, siblings


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def statement_lines(text: str) -> dict[Location, int]:
    """The line, from 1, on which each key of valid TOML `text` is first named; keys of inline tables included.

    Reads statement by statement: lines are added until tomllib accepts them, which is exact because a statement that
    spans lines is never valid TOML before its last.
    """
    found: dict[Location, int] = {}
    table: Location = ()
    arrays: dict[Location, int] = {}
    start, tried, lines = 0, 0, text.split("\n")
    while start < len(lines):
        if not (said := lines[start].strip()) or said.startswith("#"):
            start += 1
            continue
        if plain := _PLAIN.fullmatch(lines[start]):  # most lines, in a tenth of the time
            found.setdefault((*table, plain[1]), start + 1)
            start += 1
            continue
        for end in range(start + 1, min(start + MAX_STATEMENT_LINES, len(lines)) + 1):
            part = "\n".join(lines[start:end])
            try:
                statement = tomllib.loads(part)
                break
            except (ValueError, RecursionError):  # the latter where the stack here is deeper than at the first time
                tried += len(part)
                if tried > MAX_TRIED:
                    return found
        else:
            return found
        if lines[start].lstrip().startswith("["):
            table = _table_path(statement, arrays)
            found.setdefault(table, start + 1)
        else:
            for location in _locations(statement):
                found.setdefault(table + location, start + 1)
        start = end
    return found


def _table_path(statement: dict[str, Any], arrays: dict[Location, int]) -> Location:
    """('material', 'sky') of [material.sky]; ('theme', 2) of the third [[theme]], counted in `arrays`."""
    path: Location = ()
    node: Any = statement
    while isinstance(node, dict) and node:
        key, node = next(iter(node.items()))
        path += (key,)
        if isinstance(node, list):
            arrays[path] = arrays.get(path, -1) + 1
        if path in arrays:
            path += (arrays[path],)
    return path


def _locations(node: Any, at: Location = ()) -> list[Location]:
    """Every path inside a value, parents before children."""
    items: Iterable[tuple[str | int, Any]]
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    found = [at] if at else []
    for key, value in items:
        found += _locations(value, (*at, key))
    return found
