"""What is known of a window on the desktop, and which one a person means. Knows nothing of any desktop."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from reskin.errors import CaptureError
from reskin.frame import Region

OUR_COMMAND = re.compile(r"\breskin(\.exe)?\s+run\b", re.IGNORECASE)  # in the title of the terminal that runs it


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowInfo:
    id: int
    title: str
    wm_class: str  # the program's own name for its kind of window, such as "supertux2"
    pid: int | None
    region: Region  # the client area on the screen
    minimised: bool
    obstacle: str = ""  # why it cannot be reskinned now, in the middle of a sentence

    def __str__(self) -> str:
        state = ", minimised" if self.minimised else ""
        state += f"; not possible: {self.obstacle}" if self.obstacle else ""
        return f'{self.id:#x} "{self.title}" ({self.wm_class or "no class"}, {self.region.w}x{self.region.h}{state})'


def choose_window(windows: Sequence[WindowInfo], query: str) -> WindowInfo:
    """By id (0x1400003 or decimal), exact title, or any part of title or class in any case; CaptureError if not one."""
    wanted = query.strip()
    if not wanted:
        raise CaptureError(
            f"finding a window: got an empty name, expected an id or a part of a title.\n{_listed(windows)}"
        )
    number = _as_id(wanted)
    low = wanted.lower()
    named = [window for window in windows if not OUR_COMMAND.search(window.title)]  # which names the game too
    for matches in (
        [window for window in windows if window.id == number],
        [window for window in windows if window.title == wanted],
        [window for window in named if low in (window.title.lower(), window.wm_class.lower())],
        [window for window in named if low in window.title.lower() or low in window.wm_class.lower()],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise CaptureError(
                f'finding the window "{query}": {len(matches)} windows match, expected one. Give more of the title, '
                f"or the id:\n{_lines(matches)}"
            )
    names = {name.lower(): name for window in windows for name in (window.title, window.wm_class) if name}
    nearest = difflib.get_close_matches(low, names, n=1, cutoff=0.5)
    hint = f' Did you mean "{names[nearest[0]]}"?' if nearest else ""
    raise CaptureError(
        f'finding the window "{query}": no window has that id, title or class.{hint}\n{_listed(windows)}'
    )


def _as_id(text: str) -> int | None:
    try:
        return int(text, 0)
    except ValueError:
        return None


def _listed(windows: Sequence[WindowInfo]) -> str:
    if not windows:
        return "There are no windows at all; start the game first, in a window or borderless."
    return f"These are there:\n{_lines(windows)}"


def _lines(windows: Sequence[WindowInfo]) -> str:
    return "\n".join(f"  {window}" for window in windows)
