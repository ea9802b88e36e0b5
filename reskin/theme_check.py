"""`reskin theme check`: a theme file judged whole: its mistakes (an error), then what can hardly be meant (warnings).

Knows nothing of the command line.
"""

from __future__ import annotations

from pathlib import Path

from reskin.errors import ThemeError
from reskin.painter_keys import painters_hint
from reskin.theme_advice import Advice, advice
from reskin.theme_model import Theme
from reskin.themes import find_theme, parse_theme
from reskin.toml_reader import line_of, parse_model, read_text, statement_lines


def checked(name: str) -> tuple[Path, Theme, list[str], str]:
    """A theme by id, name or path: its file, what it gives, warnings with their lines in the file's order, and a hint.

    The hint, or "", is of keys that may be meant but do nothing in the default preset. ThemeError with every mistake
    when the theme cannot be used.
    """
    path = find_theme(name)
    text = read_text(path, ThemeError, "theme")
    source = f"theme {path}"
    written = parse_model(text, Theme, ThemeError, source)
    return path, parse_theme(text, source), warnings_of(text, advice(written)), painters_hint(written)


def warnings_of(text: str, found: list[Advice]) -> list[str]:
    lines = statement_lines(text)
    placed = sorted((line_of(item.location, lines), ".".join(item.location), item.text) for item in found)
    return [(f"line {line}, " if line else "") + f"{key}: {said}" for line, key, said in placed]
