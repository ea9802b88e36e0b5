"""`reskin theme new`: a theme file of one's own to start from, commented, in the folder where own themes lie.

An empty start says three materials and leaves the rest to be derived; `--from` copies a theme with its comments;
`--prompt` writes out what a sentence gives. Never overwrites a file. Knows nothing of the command line.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from pathlib import Path

from engine.config import MATERIALS, PATTERNS
from reskin.errors import ThemeError
from reskin.plain_text import is_line
from reskin.prompts.bake import bake
from reskin.themes import (
    Theme,
    find_theme,
    load_theme,
    parse_theme,
    prompted_theme,
    shipped_themes,
    user_theme_folder,
)
from reskin.toml_reader import read_text
from reskin.toml_writer import toml_value

LONGEST_NAME = 60
_NAME_LINE = re.compile(r"^name[ \t]*=.*$", re.MULTILINE)

START = """\
# A theme of your own. Save while Reskin runs and the game changes at once.
# What is not said here is derived from what is; a line that is taken out is derived again.
# The Painter's alone: detail, relight, pattern, scale, and the sun's azimuth, elevation and power. The preset nano
# shows them; lite, the default, does not.
name = {name}
description = ""
# prompt = "rain-soaked neon megacity at night"   # a sentence that fills in what is not said below
strength = 1.0    # 0 the game as it is, 1 the theme alone
detail = 0.8      # 1 keeps the game's own relief and edges
relight = 0.2     # 0 keeps the game's own light and shadow, 1 takes the sun below

[light]
# azimuth 0 is straight ahead, 90 to the right; elevation 0 is the horizon
sun = {{ azimuth_deg = 220, elevation_deg = 30, color = "#ffd9a0", power = 1.0 }}
ambient = "#4a5a7a"                               # the colour of the shade
fog = {{ color = "#c8b8a8", density = 0.15 }}     # 0 none, 1 thick

# Materials: {materials}.
# Patterns: {patterns}.
[material.sky]
colors = ["#2a4a80", "#e8b890"]   # 1 to 4, dark to light; for the sky from overhead to the horizon
pattern = "clouds"
scale = 1.0                       # of the pattern, 0.05 to 8

[material.ground]
colors = ["#38301e", "#b8a068"]

[material.character]
colors = ["#501418", "#f08860"]   # apart from sky and ground, so that figures can be seen
# strength = 0.0                  # would leave characters as the game shows them

[finish]
outline = 0.0                     # drawn edges, 0 to 1
saturation = 1.0                  # 0 grey, 2 twice as strong
contrast = 1.0                    # 0.5 to 2
grain = 0.0
bloom = 0.1                       # light that spills
vignette = 0.1                    # dark corners
pixel = 0.0                       # blocks of so much of the picture's height, 0 to 0.05; 0.008 is a handheld console
levels = 0                        # 2 to 32 tones, 6 as a cartoon; 0 all of them

[keep]
hud = true                        # health bars and the like stay the game's own
text = true
# regions = [[0.0, 0.9, 1.0, 0.1]]   # x, y, width, height in fractions of the window
"""


def theme_id(name: str) -> str:
    """'Neon Rain!' as the id neon-rain; ThemeError when nothing of the name can be an id."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    found = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not found:
        raise ThemeError(
            f"naming the theme {name!a}: a file's name is made of it; expected at least one letter or digit of "
            "a to z, 0 to 9"
        )
    return found


def new_theme(name: str, *, start: str | None = None, prompt: str | None = None) -> Path:
    """Writes the file and returns its path; ThemeError when there is one, or the name cannot be used."""
    if not (0 < len(name) <= LONGEST_NAME and is_line(name)):
        raise ThemeError(
            f"naming the theme {ascii(name)[:80]}: expected one line of text, 1 to {LONGEST_NAME} characters"
        )
    path = user_theme_folder() / f"{theme_id(name)}.toml"
    text = _text(name, start, prompt)
    parse_theme(text, f"the new theme {name!r}")  # our own text: a mistake here is a bug, told before a file is there
    write_new(path, text, path.stem)
    return path


def write_new(path: Path, text: str, edited_as: str) -> None:
    """Writes a theme's file, whole or not at all and never over another; ThemeError, which says how that is edited."""
    if path.suffix.lower() != ".toml":  # as a picture's or a video's it would be found by no one
        raise ThemeError(f"writing the theme {path}: expected a name ending in .toml")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(exist_ok=False)
        try:
            path.write_text(text, encoding="utf-8")
        except BaseException:  # half a file would be "there already" at the next try
            path.unlink(missing_ok=True)
            raise
    except FileExistsError as error:
        raise ThemeError(
            f"writing the theme {path}: there is one already, and it is kept. Edit it with `reskin theme edit "
            f"{edited_as}`, or give another name"
        ) from error
    except OSError as error:
        raise ThemeError(f"writing the theme {path}: {error.strerror}; check the folder and its space") from error


def hides_shipped(path: Path) -> bool:
    """Whether a new file of this name stands before a theme that comes with Reskin, and so hides it."""
    return path.stem in shipped_themes()


def _text(name: str, start: str | None, prompt: str | None) -> str:
    if start is None and prompt is None:
        return START.format(name=toml_value(name), materials=", ".join(MATERIALS), patterns=", ".join(PATTERNS))
    if start is None:
        assert prompt is not None
        return bake(renamed(prompted_theme(prompt), name))
    path = find_theme(start)
    theme = load_theme(path, prompt or "")  # tells what is wrong with it
    if prompt is None:
        line = f"name = {toml_value(name)}"
        text = _NAME_LINE.sub(lambda _: line, read_text(path, ThemeError, "theme"), count=1)
        with contextlib.suppress(ThemeError):  # the name may be written in a way of its own, or another text hold it
            if parse_theme(text).name == name:
                return text
    return bake(renamed(theme, name))


def renamed(theme: Theme, name: str) -> Theme:
    return Theme.model_validate(theme.model_dump(exclude_unset=True) | {"name": name})
