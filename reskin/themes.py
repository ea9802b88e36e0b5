"""Where themes lie and how a file becomes a `Theme`: shipped ones, the user's own, and any path.

A theme's *id* is its file's name without .toml ("neon-rain"); its *name* is what the file says ("Neon Rain").
The user's theme stands before a shipped one of the same id. Knows nothing of screens or of the model.
"""

from __future__ import annotations

import os
from pathlib import Path

from reskin.errors import ThemeError
from reskin.places import place
from reskin.theme_model import Finish, Fog, Keep, Light, Material, Materials, Sun, Theme
from reskin.toml_reader import nearest, parse_model, read_model

__all__ = [
    "Finish", "Fog", "Keep", "Light", "Material", "Materials", "Sun", "Theme",
    "all_themes", "find_theme", "load_theme", "parse_theme", "prompted_theme", "shipped_theme_folder",
    "shipped_themes", "themes_in", "user_theme_folder",
]  # fmt: skip

_HERE = Path(__file__).resolve().parent
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")  # here, as reskin.picture_file imports a decoder
_FOLDERS = (_HERE / "themes_data", _HERE.parent / "themes")  # in an installed wheel; in a checkout


def load_theme(path: Path, prompt: str = "") -> Theme:
    """The theme in a file; ThemeError names the file and every mistake's line, key and what was expected.

    What the file leaves unsaid, `prompt` fills in, or the file's own prompt where that is empty.
    """
    return _filled(read_model(path, Theme, ThemeError, "theme"), prompt)


def parse_theme(text: str, source: str = "theme") -> Theme:
    """The theme in TOML text, its gaps filled in by its prompt."""
    return _filled(parse_model(text, Theme, ThemeError, source), "")


def prompted_theme(prompt: str) -> Theme:
    """The theme that a prompt alone gives; any text gives one."""
    from reskin.prompts.fill import theme_from_prompt

    return theme_from_prompt(prompt)


def _filled(theme: Theme, prompt: str) -> Theme:
    if not (prompt or theme.prompt):
        return theme
    from reskin.prompts.fill import filled

    return filled(theme, prompt)


def shipped_themes() -> dict[str, Path]:
    """Id to file of the themes that come with Reskin, by id."""
    return themes_in(shipped_theme_folder())


def shipped_theme_folder() -> Path:
    return next((folder for folder in _FOLDERS if folder.is_dir()), _FOLDERS[0])


def user_theme_folder() -> Path:
    """Where a user's own themes are looked for; may not exist yet. RESKIN_HOME moves it."""
    return place("data", "themes")


def all_themes() -> dict[str, Path]:
    """Id to file of every theme there is, by id."""
    return dict(sorted({**shipped_themes(), **themes_in(user_theme_folder())}.items()))


def themes_in(folder: Path) -> dict[str, Path]:
    """Id to file of the themes in one folder, by id; empty when there is no such folder."""
    try:
        files = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(".toml"))
    except OSError:
        return {}
    return {name.removesuffix(".toml"): folder / name for name in files if not name.startswith(".")}


def find_theme(name_or_path: str | Path) -> Path:
    """The file of a theme given by id or by path; ThemeError when there is none.

    An id as it is written comes first, then a file, then an id in any case, with spaces or underscores for its dashes
    ("Neon Rain").
    """
    text = str(name_or_path)
    path = Path(text)
    if path.suffix == ".toml":
        return path
    themes = all_themes()
    if text in themes:
        return themes[text]
    if os.path.isfile(path):  # Path.is_file raises for a name that is too long for a file
        if path.suffix.lower() in PICTURE_SUFFIXES:
            how = "`reskin theme from-image` makes a theme of one"
            raise ThemeError(f"looking for the theme {text!r}: it is a picture; {how}")
        return path
    name = _plain(text)
    found = next((key for key in (name, *themes) if key in themes and _plain(key) == name), None)
    if found is None:
        is_folder = bool(text) and os.path.isdir(path)
        said = "it is a folder" if is_folder else f"no theme of that name{nearest(name, themes)}"
        raise ThemeError(
            f"looking for the theme {text!r}: {said}. "
            f"Own themes go into {user_theme_folder()}, or give the path of a .toml file."
        )
    return themes[found]


def _plain(theme_id: str) -> str:
    return theme_id.strip().lower().replace(" ", "-").replace("_", "-")
