"""Which look was chosen for which game, kept only for games that the player asked to be remembered.

One TOML file beside the settings, program name to theme id. Nothing starts by itself: a remembered look is chosen
beforehand when that game's window is. Knows nothing of windows.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from reskin.settings import settings_path

_LIMIT = 500  # games, and characters of a name


class Memory:
    """Reads the file once and writes it at each change; a file that cannot be read counts as empty."""

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
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{json.dumps(program)} = {json.dumps(theme)}" for program, theme in sorted(self.looks.items())]
        self.path.write_text(
            "# Looks that the launcher remembers: program = theme\n" + "\n".join(lines) + "\n", "utf-8"
        )


def _read(path: Path) -> dict[str, str]:
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {program: theme for program, theme in found.items() if isinstance(theme, str)}
