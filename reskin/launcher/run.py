"""One use of the launcher: opens its window and previews, and returns what was chosen."""

from __future__ import annotations

from dataclasses import dataclass

from reskin import platforms
from reskin.errors import ReskinError
from reskin.launcher.board import Board
from reskin.launcher.memory import Memory
from reskin.launcher.previews import LookPreviews, WindowPreviews
from reskin.launcher.window import LauncherWindow
from reskin.profiles import GameProfile
from reskin.settings import Settings
from reskin.themes import Theme, all_themes, load_theme


@dataclass(frozen=True, kw_only=True)
class Chosen:
    window: int
    theme: str


def choose(settings: Settings, engine: str, message: str = "") -> Chosen | None:
    """What the player started, or None when the launcher was closed; DisplayError without a screen.

    `message` says why the start before came to nothing.
    """
    platforms.list_windows()  # without a screen this says so; on Windows it makes the process aware of scales
    themes = _themes()
    looks = [(key, theme.name) for key, theme in themes.items()]
    board = Board(looks, Memory(), look=_first(settings.theme, themes), profile_look=_profile_look)
    board.message = message
    window = LauncherWindow(settings.hotkeys.chords())
    windows, previews = WindowPreviews(), LookPreviews(themes, engine)
    windows.start()
    try:
        window.run(board, windows, previews)
    finally:
        window.close()
        windows.close()
        previews.close()
    if board.done != "start" or board.window is None:
        return None
    return Chosen(window=board.window.id, theme=board.look)


def _themes() -> dict[str, Theme]:
    """Those that can be used; `reskin themes` names the others."""
    found = {}
    for key, path in all_themes().items():
        try:
            found[key] = load_theme(path)
        except ReskinError:
            continue
    return found


def _profile_look(title: str) -> str:
    """The theme of the game's profile, or ""; a broken profile is told of when the run starts."""
    return GameProfile.of(title).theme


def _first(wanted: str, themes: dict[str, Theme]) -> str:
    return wanted if wanted in themes else next(iter(themes), "")
