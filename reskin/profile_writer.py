"""Writes a game's profile: a commented one to start from, and kept boxes into one that is there or a new one.

Comments and order stay. Knows nothing of how boxes are made. tomlkit is imported with the first box.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

from reskin.errors import ProfileError
from reskin.plain_text import is_line
from reskin.profiles import Profile, all_profiles, load_profile, profile_folder
from reskin.theme_model import KeptRegion
from reskin.themes import find_theme, load_theme
from reskin.toml_reader import parse_model, read_text
from reskin.toml_writer import toml_value, write_text

LONGEST_TITLE, LONGEST_NAME = 60, 40
LONGEST_TYPED = 60  # every letter may take three, as in "[?]", of the 200 of a glob
HEAD = "Made by Reskin's box mode (Ctrl+Alt+K): what of this game stays as it is. `title` may hold * for any letters."
START = """\
# What of one game stays as it is, under every theme. It is read when the game's window is found.
title = {title}   # the window's; * stands for any letters, and a list of titles will do
{theme}   # this game's own; without it as the settings say
# strength = 0.8           # 0 the game as it is, 1 the theme alone; without it as the theme has it

[keep]
# hud = true               # health bars and the like stay the game's own; without it as the theme has it
# text = false             # where a game's bricks pass for letters
# regions = [[0.0, 0.9, 1.0, 0.1]]   # x, y, width, height in fractions of the window; the box mode writes them here
"""


def new_profile(title: str, theme: str = "") -> Path:
    """Writes a commented profile for a part of a window's title, or a glob of it, and returns its path.

    ProfileError for a title that cannot be one or has a profile, ThemeError for a theme that cannot be used.
    """
    if not (title.strip("* ") and is_line(title) and len(title) <= LONGEST_TYPED):
        raise ProfileError(
            f"naming the game {title[:LONGEST_TITLE]!a}: expected a part of its window's title, 1 to {LONGEST_TYPED} "
            "characters; `reskin windows` lists them"
        )
    glob = title if "*" in title else f"*{_escaped(title)}*"
    theme_line = f"theme = {toml_value(_lasting(theme))}" if theme else '# theme = "frozen-north"'
    if (taken := _profile_of(glob)) is not None:
        raise ProfileError(f"making a profile for {glob}: {taken} is one already, and it is kept. Edit that file")
    path = _free_path(title)
    write_text(path, START.format(title=toml_value(glob), theme=theme_line), ProfileError)
    load_profile(path)  # our own text: a mistake here is a bug
    return path


def _lasting(theme: str) -> str:
    """An id as it is; a file by its whole path, as a run may begin in any folder. ThemeError when it cannot be used."""
    path = find_theme(theme)
    load_theme(path)
    return str(path.absolute()) if path == Path(theme) else theme


def _profile_of(glob: str) -> Path | None:
    """The profile in which this very title stands; one that cannot be read is told by `check` and by every run."""
    for path in all_profiles().values():
        with contextlib.suppress(ProfileError):
            if glob.casefold() in [title.casefold() for title in load_profile(path).title]:
                return path
    return None


def save_regions(path: Path | None, title: str, regions: tuple[KeptRegion, ...]) -> Path:
    """Returns the file: `path`, or a new one for the window's title. ProfileError when it cannot be written."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document: Any = _new(title) if path is None else tomlkit.parse(_checked_text(path))
        if "keep" not in document:
            document["keep"] = tomlkit.table()
        rows = tomlkit.array()
        for region in regions:
            rows.add_line([float(part) for part in region])
        rows.add_line(indent="")
        document["keep"]["regions"] = rows if regions else tomlkit.array()
        text = tomlkit.dumps(document)
        parse_model(text, Profile, ProfileError, "what was to be written")
    except (OSError, TOMLKitError, TypeError, AttributeError, RecursionError, ProfileError) as error:
        into = f"{path}: {error}. Mend the file" if path else f"a profile for the window {title!a}: {error}. Make one"
        how = "check" if path else "new TITLE"
        raise ProfileError(f"saving the boxes into {into}: `reskin profile {how}`") from error
    path = path or _free_path(title)
    write_text(path, text, ProfileError)
    return path


def _checked_text(path: Path) -> str:
    """As the profile is read, with the same limits: tomlkit's own are wider, and it is slow before it meets them."""
    text = read_text(path, ProfileError, "profile")
    parse_model(text, Profile, ProfileError, "the profile there")
    return text


def _new(title: str) -> Any:
    import tomlkit

    document: Any = tomlkit.document()
    document.add(tomlkit.comment(HEAD))
    document["title"] = glob_of(title)
    return document


def glob_of(title: str) -> str:
    """One that fits this title, and one that is longer than is written down by its beginning."""
    return _escaped(title[:LONGEST_TITLE]) + ("*" if len(title) > LONGEST_TITLE else "")


def _escaped(title: str) -> str:
    """A glob that fits these very letters."""
    return "".join(re.sub(r"([*?[])", r"[\1]", letter) if letter.isprintable() else "?" for letter in title)


def _free_path(title: str) -> Path:
    name = re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")[:LONGEST_NAME].strip("-") or "game"
    folder = profile_folder()
    paths = [folder / f"{name}.toml", *(folder / f"{name}-{number}.toml" for number in range(2, 1000))]
    return next(path for path in paths if not path.exists())
