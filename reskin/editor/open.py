"""Opens the editor on a theme: which file is read, which is written, and what is missing said in words."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path

from reskin.errors import DisplayError, ReskinError, VideoError
from reskin.flash_safety import FlashProfile
from reskin.preview import source_frames
from reskin.remedies import install_command
from reskin.renderer import Renderer
from reskin.themes import find_theme, shipped_themes, user_theme_folder

NEEDS = {"pygame_gui": "pygame_gui", "tomlkit": "tomlkit", "i18n": "python-i18n"}


def target_of(path: Path) -> Path:
    """Where the edited theme is saved: a theme that comes with Reskin becomes a copy of one's own."""
    if path.resolve() in {shipped.resolve() for shipped in shipped_themes().values()}:
        return user_theme_folder() / path.name
    return path


def edit_theme(
    name: str, open_renderer: Callable[[], Renderer], source: Path | None = None,
    flash_limiter: FlashProfile = "broadcast",
) -> None:  # fmt: skip
    """Returns when the window is closed. ReskinError without the extra `editor`, DisplayError without a screen."""
    path = find_theme(name)
    if (target := target_of(path)).is_file():  # one's own copy, also where the shipped file was named by its path
        path = target
    if source is not None and not source.is_file():
        raise VideoError(f"opening the picture or video {source}: there is no such file. Check the path.")
    if source is not None:  # one that is neither is told here, and not in a window that stays open without a picture
        next(source_frames(source)[0])
    missing = [package for module, package in NEEDS.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise ReskinError(
            f"opening the theme editor: {', '.join(missing)} is not installed. Install it with "
            f"`{install_command('editor')}`, or change the file in any text editor: what is saved is shown at once"
        )
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise DisplayError("opening the theme editor: there is no screen ($DISPLAY is not set); run it on a desktop")
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")  # a GL window without a GPU costs 20 ms a frame
    import pygame

    from reskin.editor.window import Editor

    try:
        editor = Editor(path, target, open_renderer, source, flash_limiter)
    except pygame.error as error:
        raise DisplayError(f"opening the theme editor: {error}; is there a screen?") from error
    editor.run()
