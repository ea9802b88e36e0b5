"""Profiles: what a game's HUD needs, chosen by the title of its window. `profiles/<game>.toml`, one file a game.

    title = "SuperTux*"                 # a glob or a list of them, in any case
    theme = "frozen-north"              # optional, as is strength
    [keep]
    regions = [[0.0, 0.9, 1.0, 0.1]]    # x, y, width, height in fractions of the window

Of two that fit, the one with the more exact title is taken. Knows nothing of windows.
"""

from __future__ import annotations

import fnmatch
import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

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
    regions: tuple[KeptRegion, ...] = Field(default=(), strict=False, max_length=MAX_REGIONS, description=REGIONS)


class Profile(StrictModel):
    title: Glob | Annotated[tuple[Glob, ...], Field(strict=False, min_length=1, max_length=16)] = Field(
        description=TITLES
    )
    theme: str = Field(default="", max_length=300, description='a theme\'s id, or "" for the one in the settings')
    strength: Unit | None = None
    keep: KeptParts = Field(default=KeptParts(), description="a table")

    def titles(self) -> tuple[str, ...]:
        return (self.title,) if isinstance(self.title, str) else self.title

    def fits(self, title: str) -> int:
        """How exactly: the number of plain letters of its best glob that fits, 0 when none does."""
        low = title.casefold()
        fitting = [glob for glob in self.titles() if fnmatch.fnmatchcase(low, glob.casefold())]
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
    if path.suffix == ".toml" or os.path.exists(path):  # Path.exists raises for a name that is too long
        return path
    raise ProfileError(f'no profile "{name}"{hint(name, profiles)}; `reskin profile list` shows them all')


def profile_for(title: str) -> tuple[Path, Profile] | None:
    """The profile that fits a window's title best, with its file; ProfileError when one of the files is broken."""
    profiles = [(path, load_profile(path)) for path in all_profiles().values()]
    fitting = [(path, profile) for path, profile in profiles if profile.fits(title)]
    return max(fitting, key=lambda pair: pair[1].fits(title), default=None)


class GameProfile:
    """What a run takes from a game's profile: its regions stay under every theme, and may change while it runs."""

    def __init__(self, profile: Profile | None = None, path: Path | None = None, *, title: str = "") -> None:
        self.title = title  # the window's, for a profile that is not there yet; "": there can be none
        self.path = path  # None: the game has no profile yet
        self.theme = profile.theme if profile else ""
        self.strength = profile.strength if profile else None
        self.regions: tuple[KeptRegion, ...] = profile.keep.regions if profile else ()
        self._notes: list[str] = []
        if profile is not None and path is not None:
            count = len(self.regions)
            self._notes.append(f"Profile {path.stem}: {count} place{'' if count == 1 else 's'} of the screen kept")
        self._last: tuple[Theme, tuple[KeptRegion, ...], Theme] | None = None

    @classmethod
    def of(cls, title: str) -> GameProfile:
        """Of a window's title; empty when no profile fits. ProfileError when a file is broken."""
        found = profile_for(title) if title else None
        return cls(title=title) if found is None else cls(found[1], found[0], title=title)

    def of_next(self, title: str) -> GameProfile:
        """Of the same game's next window, such as the one after its splash; what cannot be read is a note.

        Where no other profile fits, the regions stay; those added where none fits make a profile for this title.
        """
        try:
            found = GameProfile.of(title)
        except ProfileError as error:
            found = GameProfile(title=title)
            found._notes.append(str(error))
        if found.path in (None, self.path):
            found.regions = self.regions
        return found

    def notes(self) -> list[str]:
        """What to tell the player, once."""
        notes, self._notes = self._notes, []
        return notes

    def with_kept_regions(self, theme: Theme) -> Theme:
        """The theme with the regions; the same object comes out until something changes."""
        if not self.regions:
            return theme
        if self._last is None or self._last[0] is not theme or self._last[1] != self.regions:
            both = (theme.keep.regions + self.regions)[:MAX_REGIONS]
            kept = theme.model_copy(update={"keep": theme.keep.model_copy(update={"regions": both})})
            self._last = theme, self.regions, kept
        return self._last[2]
