"""Where every value of a theme came from: its file, its prompt, a default, or derived from the file's other colours.

`reskin theme show` prints it as a whole theme in TOML with that as comments, so what is printed can be saved and used.
Knows nothing of the command line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reskin.errors import ThemeError
from reskin.theme_model import Theme
from reskin.themes import parse_theme
from reskin.toml_reader import line_of, parse_model, read_text, statement_lines
from reskin.toml_writer import toml_value

DEFAULT, DERIVED = "default", "derived"
_COMMENT_COLUMN = 50


@dataclass(frozen=True, kw_only=True)
class Value:
    """One key of a theme in effect."""

    location: tuple[str, ...]  # ("material", "sky", "colors")
    value: Any
    origin: str  # "line 12", "prompt", "default", "derived"


@dataclass(frozen=True, kw_only=True)
class Origins:
    theme: Theme  # as it is used
    values: tuple[Value, ...]  # every key, in the order of the model; empty texts left out

    def count(self) -> dict[str, int]:
        """How many values came from where, the file's under "file"."""
        found: dict[str, int] = {}
        for value in self.values:
            kind = "file" if value.origin.startswith("line") else value.origin
            found[kind] = found.get(kind, 0) + 1
        return found

    def toml(self) -> str:
        """The whole theme as TOML, each line with its origin."""
        lines: list[str] = []
        table: tuple[str, ...] = ()
        for value in self.values:
            if value.location[:-1] != table:
                table = value.location[:-1]
                lines += ["", f"[{'.'.join(table)}]"]
            said = f"{value.location[-1]} = {toml_value(value.value)}"
            lines.append(f"{said:{_COMMENT_COLUMN}}  # {value.origin}")
        return "\n".join(lines) + "\n"


def origins_of(path: Path) -> Origins:
    """Of a theme file; ThemeError as `load_theme`."""
    return origins_of_text(read_text(path, ThemeError, "theme"), f"theme {path}")


def origins_of_text(text: str, source: str = "theme") -> Origins:
    written = parse_model(text, Theme, ThemeError, source)
    theme = parse_theme(text, source)
    lines = statement_lines(text)
    said = _keys(written.model_dump(exclude_unset=True))
    prompted = _keys(theme.model_dump(exclude_unset=True)) - said

    def origin(location: tuple[str, ...]) -> str:
        if location in said:
            line = line_of(location, lines)
            return f"line {line}" if line else "file"
        if location in prompted:
            return "prompt"
        return DERIVED if _is_derived(location, theme) else DEFAULT

    values = tuple(Value(location=at, value=value, origin=origin(at)) for at, value in _whole(theme) if value != "")
    return Origins(theme=theme, values=values)


def _whole(theme: Theme) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every key of the theme in effect with its value; a list of numbers or colours is one value."""
    plain = theme.model_dump(mode="json", exclude={"material"})
    heads = {name: value for name, value in plain.items() if not isinstance(value, dict)}
    yield from (((name,), value) for name, value in heads.items())
    light = plain["light"]
    yield ("light", "ambient"), light["ambient"]
    for part in ("sun", "fog"):
        yield from ((("light", part, name), value) for name, value in light[part].items())
    for name, material in theme.materials().items():
        for key, value in material.model_dump(mode="json").items():
            yield ("material", name, key), value
    for part in ("finish", "keep"):
        yield from (((part, name), value) for name, value in plain[part].items())


def _is_derived(location: tuple[str, ...], theme: Theme) -> bool:
    """What a material without colours of its own takes from its relatives; the rest of what is unsaid is a default."""
    return location[0] == "material" and location[1] not in theme.material.named()


def _keys(tree: dict[str, Any], at: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for name, value in tree.items():
        found |= _keys(value, (*at, name)) if isinstance(value, dict) else {(*at, name)}
    return found
