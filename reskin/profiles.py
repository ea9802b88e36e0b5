"""Profiles: what a game's HUD needs, chosen by the title of its window. `profiles/<game>.toml`, one file a game.

    title = "SuperTux*"                 # a glob or a list of them, in any case
    theme = "frozen-north"              # optional, as is strength
    [keep]
    regions = [[0.0, 0.9, 1.0, 0.1]]    # x, y, width, height in fractions of the window
    text = false                        # for this game under every theme; hud likewise, else as the theme has it

Of two that fit, the one with the more exact title is taken. Knows nothing of windows.
"""

from __future__ import annotations

import fnmatch
import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from reskin.errors import ProfileError
from reskin.places import place
from reskin.plain_text import is_line
from reskin.strict_model import StrictModel
from reskin.theme_model import MAX_REGIONS, REGIONS, KeptRegion, Theme, Unit
from reskin.toml_reader import hint, read_model

TITLES = 'a glob of the window\'s title such as "SuperTux*", or a list of 1 to 16 of them'


def _checked_glob(text: str) -> str:
    if not text.strip() or not is_line(text):
        raise ValueError("is empty or holds a line break or another control character")
    return text


Glob = Annotated[str, AfterValidator(_checked_glob), Field(max_length=200, description=TITLES)]


class KeptParts(StrictModel):
    hud: bool | None = Field(default=None, description="true or false")
    text: bool | None = Field(default=None, description="true or false")
    regions: tuple[KeptRegion, ...] = Field(default=(), strict=False, max_length=MAX_REGIONS, description=REGIONS)


def _as_list(title: object) -> object:
    return [title] if isinstance(title, str) else title  # a union's errors would name pydantic's own parts


class Profile(StrictModel):
    title: Annotated[tuple[Glob, ...], BeforeValidator(_as_list)] = Field(
        strict=False, min_length=1, max_length=16, description=TITLES
    )
    theme: str = Field(default="", max_length=300, description='a theme\'s id, or "" for the one in the settings')
    strength: Unit | None = None
    keep: KeptParts = Field(default=KeptParts(), description="a table")

    def fits(self, title: str) -> int:
        """How exactly: the number of plain letters of its best glob that fits, 0 when none does."""
        low = title.casefold()
        fitting = [glob for glob in self.title if fnmatch.fnmatchcase(low, glob.casefold())]
        return max((1 + sum(letter not in "*?[]" for letter in glob) for glob in fitting), default=0)


def profile_folder() -> Path:
    """Where a user's own profiles lie; may not exist yet. RESKIN_HOME moves it."""
    return place("config", "profiles")


def all_profiles() -> dict[str, Path]:
    """Id (the file's name without .toml) to file, by id."""
    return {path.stem: path for path in sorted(profile_folder().glob("*.toml"))}


def load_profile(path: Path) -> Profile:
    """ProfileError names the file and every mistake's line, key and what was expected; at most 64 KiB are read."""
    return read_model(path, Profile, ProfileError, "profile")


def find_profile(name: str) -> Path:
    """By id, or by the path of a .toml file; ProfileError with the nearest id."""
    profiles = all_profiles()
    if name in profiles:
        return profiles[name]
    path = Path(name).expanduser()
    if path.suffix == ".toml" or os.path.isfile(path):  # Path.is_file raises for a name that is too long
        return path
    raise ProfileError(
        f'no profile "{name}"{hint(name, profiles)}; `reskin profile list` shows them all, `reskin profile new TITLE` '
        "makes one"
    )


def profile_for(title: str) -> tuple[Path, Profile] | None:
    """The profile that fits a window's title best, with its file; ProfileError when one of the files is broken."""
    found, broken = _fitting(title)
    if broken:
        raise broken[0]
    return found


def _fitting(title: str) -> tuple[tuple[Path, Profile] | None, list[ProfileError]]:
    """The best of those that can be read, and what is wrong with the others."""
    fitting, broken = [], []
    for path in all_profiles().values():
        try:
            profile = load_profile(path)
        except ProfileError as error:
            broken.append(error)
            continue
        if profile.fits(title):
            fitting.append((path, profile))
    return max(fitting, key=lambda pair: pair[1].fits(title), default=None), broken


class GameProfile:
    """What a run takes from a game's profile: what it keeps stays under every theme; regions may change meanwhile."""

    def __init__(self, profile: Profile | None = None, path: Path | None = None, *, title: str = "") -> None:
        self.title = title  # the window's, for a profile that is not there yet; "": there can be none
        self.path = path  # None: the game has no profile yet
        self.theme = profile.theme if profile else ""
        self.strength = profile.strength if profile else None
        self.regions: tuple[KeptRegion, ...] = profile.keep.regions if profile else ()
        self.said = profile.keep.model_dump(include={"hud", "text"}, exclude_none=True) if profile else {}
        self._notes: list[str] = []
        if profile is not None and path is not None:
            count = len(self.regions)
            said = "".join(f", {part} {'kept' if on else 'left to the theme'}" for part, on in self.said.items())
            self._notes.append(
                f"Profile {path.stem}: {count} place{'' if count == 1 else 's'} of the screen kept{said}"
            )
        self._last: tuple[Theme, tuple[KeptRegion, ...], Theme] | None = None

    @classmethod
    def of(cls, title: str) -> GameProfile:
        """Of a window's title; empty when no profile fits. What cannot be read is a note: it may be another game's."""
        found, broken = _fitting(title) if title else (None, [])
        profile = cls(title=title) if found is None else cls(found[1], found[0], title=title)
        profile._notes += map(str, broken)
        return profile

    def of_next(self, title: str) -> GameProfile:
        """Of the same game's next window, such as the one after its splash.

        Where no other profile fits, what is kept stays; regions added where none fits make a profile for this title.
        """
        found = GameProfile.of(title)
        if found.path in (None, self.path):
            found.regions, found.said = self.regions, self.said
        return found

    def notes(self) -> list[str]:
        """What to tell the player, once."""
        notes, self._notes = self._notes, []
        return notes

    def with_kept_regions(self, theme: Theme) -> Theme:
        """The theme with the regions, and its HUD and text as the profile says; the same object until they change."""
        if not (self.regions or self.said):
            return theme
        if self._last is None or self._last[0] is not theme or self._last[1] != self.regions:
            both = (theme.keep.regions + self.regions)[:MAX_REGIONS]
            kept = theme.model_copy(update={"keep": theme.keep.model_copy(update={**self.said, "regions": both})})
            self._last = theme, self.regions, kept
        return self._last[2]
