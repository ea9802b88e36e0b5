"""Which look was chosen for which game, kept only for games that the player asked to be remembered.

One TOML file beside the settings, program name to theme id. Nothing starts by itself: a remembered look is chosen
beforehand when that game's window is. Knows nothing of windows.
"""

from __future__ import annotations

import contextlib
import tomllib
from pathlib import Path

from reskin.errors import SettingsError
from reskin.settings import settings_path
from reskin.toml_writer import toml_value, write_text

_LIMIT = 500  # games, and characters of a name


class Memory:
    """Reads the file once and writes it at each change; what cannot be read counts as empty.

    Where it cannot be written, what is remembered is so until the launcher ends.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or settings_path().parent / "games.toml"
        self.looks: dict[str, str] = _read(self.path)

    def remember(self, program: str, theme: str) -> None:
        if program and len(program) <= _LIMIT and len(self.looks) < _LIMIT:
            self.looks[program] = theme
            self._write()

    def forget(self, program: str) -> None:
        if self.looks.pop(program, None) is not None:
            self._write()

    def _write(self) -> None:
        lines = [f"{toml_value(program)} = {toml_value(theme)}" for program, theme in sorted(self.looks.items())]
        text = "# Looks that the launcher remembers: program = theme\n" + "\n".join(lines) + "\n"
        with contextlib.suppress(SettingsError, UnicodeEncodeError):  # the latter: half a surrogate in a program's name
            write_text(self.path, text, SettingsError)


def _read(path: Path) -> dict[str, str]:
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {program: theme for program, theme in found.items() if isinstance(theme, str)}
