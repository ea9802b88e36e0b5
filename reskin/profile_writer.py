"""Writes kept boxes into a game's profile: into the file that is there, its comments and order kept, or a new one.

Knows nothing of how boxes are made. tomlkit is imported with the first box.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from reskin.errors import ProfileError
from reskin.profiles import Profile, profile_folder
from reskin.theme_model import KeptRegion
from reskin.toml_reader import read_text
from reskin.toml_writer import write_text

LONGEST_TITLE, LONGEST_NAME = 60, 40
HEAD = "Made by Reskin's box mode (Ctrl+Alt+K): what of this game stays as it is. `title` may hold * for any letters."


def save_regions(path: Path | None, title: str, regions: tuple[KeptRegion, ...]) -> Path:
    """Returns the file: `path`, or a new one for the window's title. ProfileError when it cannot be written."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document: Any = _new(title) if path is None else tomlkit.parse(read_text(path, ProfileError, "profile"))
        if "keep" not in document:
            document["keep"] = tomlkit.table()
        rows = tomlkit.array()
        for region in regions:
            rows.add_line([float(part) for part in region])
        rows.add_line(indent="")
        document["keep"]["regions"] = rows if regions else tomlkit.array()
        text = tomlkit.dumps(document)
        Profile.model_validate(tomllib.loads(text))
    except (OSError, TOMLKitError, ValidationError, tomllib.TOMLDecodeError, TypeError, AttributeError) as error:
        raise ProfileError(f"saving the boxes into {path}: {error}. Mend the file: `reskin profile check`") from error
    path = path or _free_path(title)
    write_text(path, text, ProfileError)
    return path


def _new(title: str) -> Any:
    import tomlkit

    document: Any = tomlkit.document()
    document.add(tomlkit.comment(HEAD))
    document["title"] = glob_of(title)
    return document


def glob_of(title: str) -> str:
    """One that fits this title, and one that is longer than is written down by its beginning."""
    plain = [re.sub(r"([*?[])", r"[\1]", letter) if letter.isprintable() else "?" for letter in title]
    return "".join(plain[:LONGEST_TITLE]) + ("*" if len(plain) > LONGEST_TITLE else "")


def _free_path(title: str) -> Path:
    name = re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")[:LONGEST_NAME].strip("-") or "game"
    folder = profile_folder()
    paths = [folder / f"{name}.toml", *(folder / f"{name}-{number}.toml" for number in range(2, 1000))]
    return next(path for path in paths if not path.exists())
