"""The themes to switch between while playing, kept in step with their files.

All are loaded at the start, so a switch costs no file access. `poll` looks at the files' stamps (a stat each, about
2 us) at most every 100 ms and loads what was saved; on any error the theme that was there stays. Lives on the loop's
thread; a theme whose prompt is read by a network takes up to 0.3 s, so loading may be left to another. Knows nothing of
hotkeys or of the screen: notes are text for the caller to show.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path

from reskin.errors import ThemeError
from reskin.themes import Theme, all_themes, find_theme, load_theme, prompted_theme, themes_in, user_theme_folder
from reskin.whole_file import Stamp, file_stamp

POLL_INTERVAL_S = 0.1
_GONE: Stamp = (-1, -1, -1)


@dataclass(frozen=True, kw_only=True)
class ThemeNews:
    """What to show from now on (None: as before), and a note for the player."""

    theme: Theme | None
    message: str
    fade_frames: int | None = None  # over which it comes; None: as for any other


@dataclass(kw_only=True)
class _Entry:
    path: Path | None  # None: a theme without a file
    theme: Theme | None = None  # the last good one; None: never was good
    prompt: str = ""  # fills in what the file leaves unsaid
    stamp: Stamp | None = None  # of the file as it was last dealt with
    missing: bool = False  # the player knows that the file is gone
    failed: Stamp | None = None  # a stamp that did not load at the last look
    loading: tuple[Stamp | None, Future[Theme]] | None = None  # what another thread is loading, and of which stamp

    @property
    def name(self) -> str:
        if self.theme:
            return self.theme.name
        return self.path.stem if self.path else "theme"


class ThemeStore:
    """`start` is the index of the first theme shown; ThemeError when that one cannot be used."""

    def __init__(
        self,
        themes: Sequence[Path | Theme],
        start: int = 0,
        *,
        folder: Path | None = None,
        prompt: str = "",
        strength: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        loader: Executor | None = None,
    ) -> None:
        """Files that change are loaded by the `loader`, or at the look itself where there is none."""
        self._loader = loader
        self._strength = strength  # instead of each theme's own
        self._entries = [self._opened(item, prompt if index == start else "") for index, item in enumerate(themes)]
        self._folder = folder  # new files in it become themes
        self._clock = clock
        self._next_look_s = clock() + POLL_INTERVAL_S
        self._index = start
        self._guest: int | None = None  # where the last theme of `show` lies
        entry = self._entries[start]
        if entry.theme is None and entry.path is not None:
            load_theme(entry.path)  # raises with the mistakes

    @classmethod
    def open(
        cls, start: str | Path, *, prompt: str = "", strength: float | None = None,
        clock: Callable[[], float] = time.monotonic, loader: Executor | None = None,
    ) -> ThemeStore:  # fmt: skip
        """Every theme there is, showing the one of that id, name or path with its gaps filled in by the prompt.

        Without a `start` the prompt alone is the first theme.
        """
        themes: list[Path | Theme] = list(all_themes().values())
        first = prompted_theme(prompt) if prompt and not start else find_theme(start)
        if first not in themes:
            themes.insert(0, first)
        folder = user_theme_folder()
        return cls(themes, themes.index(first), folder=folder, prompt=prompt, strength=strength, clock=clock,
                   loader=loader)  # fmt: skip

    @property
    def current(self) -> Theme:
        theme = self._entries[self._index].theme
        assert theme is not None, "an entry without a theme was selected"
        return theme

    def next(self) -> ThemeNews:
        return self._step(1)

    def previous(self) -> ThemeNews:
        return self._step(-1)

    def select(self, index: int) -> ThemeNews:
        """The theme at `index`, from 0; without a theme to show when there is none or it cannot be used."""
        if not 0 <= index < len(self._entries):
            return ThemeNews(theme=None, message=f"no theme {index + 1}: there are {len(self._entries)}")
        entry = self._entries[index]
        if entry.theme is None:
            return ThemeNews(theme=None, message=f"{entry.name} cannot be used: see `reskin theme check {entry.path}`")
        self._index = index
        return ThemeNews(theme=entry.theme, message=entry.theme.name)

    def select_id(self, theme_id: str) -> ThemeNews:
        """The theme of that id, its file's name; without a theme when there is none or it cannot be used."""
        for index, entry in enumerate(self._entries):
            if entry.path is not None and entry.path.stem == theme_id:
                return self.select(index)
        return ThemeNews(theme=None, message=f"no theme {theme_id}")

    def show(self, theme: Theme, *, fade_frames: int | None = None) -> ThemeNews:
        """A theme from elsewhere, such as a prompt's; where it is none of those here it stays among them, the last of
        its kind, until the next one comes."""
        theme = self._prepared(theme)
        index = next((i for i, entry in enumerate(self._entries) if entry.theme == theme), self._guest)
        if index is None:
            index = self._guest = len(self._entries)
            self._entries.append(_Entry(path=None))
        if index == self._guest:
            self._entries[index].theme = theme
        self._index = index
        return ThemeNews(theme=theme, message=theme.name, fade_frames=fade_frames)

    def with_files(self) -> list[tuple[Path, Theme]]:
        """File and last good theme of each that has both; may be called from any thread."""
        return [(entry.path, entry.theme) for entry in list(self._entries) if entry.path and entry.theme]

    def poll(self) -> ThemeNews | None:
        """The next thing that happened to the files, if any; cheap enough for every frame."""
        now_s = self._clock()
        if now_s < self._next_look_s:
            return None
        self._next_look_s = now_s + POLL_INTERVAL_S
        self._find_new_files()
        shown = self._entries[self._index]
        others = (entry for entry in self._entries if entry is not shown)
        return next((news for entry in (shown, *others) if (news := self._look_at(entry))), None)

    def _step(self, by: int) -> ThemeNews:
        count = len(self._entries)
        usable = (self._index + by * step for step in range(1, count + 1))
        return self.select(next(i % count for i in usable if self._entries[i % count].theme))

    def _find_new_files(self) -> None:
        if self._folder is None:
            return
        known = {entry.path.stem: entry for entry in self._entries if entry.path}
        for theme_id, path in themes_in(self._folder).items():
            entry = known.get(theme_id)
            if entry is None:
                self._entries.append(_Entry(path=path))
            elif entry.path != path and entry.path is not None and entry.path.parent != self._folder:
                entry.path, entry.stamp = path, None  # the user's own copy goes before the shipped theme

    def _look_at(self, entry: _Entry) -> ThemeNews | None:
        """Loads the entry if its file changed. An error counts when two looks agree: a save may be half-way."""
        if entry.path is None:
            return None
        stamp = file_stamp(entry.path)
        if stamp == entry.stamp and entry.missing == (stamp is None):
            return None
        try:
            theme = self._loaded(entry, entry.path, stamp)
        except ThemeError as error:
            return self._failed(entry, stamp, error)
        if theme is None:
            return None
        entry.theme, entry.stamp, entry.missing, entry.failed = theme, stamp, False, None
        if entry is not self._entries[self._index]:
            return ThemeNews(theme=None, message=f"{theme.name} is loaded")
        return ThemeNews(theme=theme, message=f"{theme.name} is reloaded")

    def _loaded(self, entry: _Entry, path: Path, stamp: Stamp | None) -> Theme | None:
        """The theme in a file; None while it is being loaded. ThemeError as `load_theme`."""
        if self._loader is None:
            return self._prepared(load_theme(path, entry.prompt))
        if entry.loading is None or entry.loading[0] != stamp:
            entry.loading = stamp, self._loader.submit(lambda: self._prepared(load_theme(path, entry.prompt)))
        _, future = entry.loading
        if not future.done():
            return None
        entry.loading = None
        return future.result()

    def _failed(self, entry: _Entry, stamp: Stamp | None, error: ThemeError) -> ThemeNews | None:
        first_look = entry.failed != (stamp or _GONE)
        entry.failed = stamp or _GONE
        if first_look:
            return None
        entry.stamp, entry.missing = stamp, stamp is None
        kept = "; its last look stays" if entry.theme else ""
        if stamp is None:
            return ThemeNews(theme=None, message=f"the file of {entry.name} is gone ({entry.path}){kept}")
        return ThemeNews(theme=None, message=f"{error}{kept}")

    def _opened(self, item: Path | Theme, prompt: str) -> _Entry:
        if isinstance(item, Theme):
            return _Entry(path=None, theme=self._prepared(item))
        stamp = file_stamp(item)
        try:
            theme = self._prepared(load_theme(item, prompt))
        except ThemeError:
            return _Entry(path=item, prompt=prompt)  # no stamp: `poll` reports it
        return _Entry(path=item, theme=theme, prompt=prompt, stamp=stamp)

    def _prepared(self, theme: Theme) -> Theme:
        """With the player's strength, and its style computed here and not at the switch."""
        if self._strength is not None:
            theme = theme.model_copy(update={"strength": self._strength})
        theme.style()
        return theme
