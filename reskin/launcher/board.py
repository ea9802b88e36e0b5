"""What the launcher shows and what a click on it does: tiles, buttons, what is chosen. No pictures, no pygame.

`boxes` is the picture as a list of boxes with what they mean; `click`, `scroll` and `key` change what is chosen. The
last action is `done`: "start" or "quit".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reskin.launcher.memory import Memory
from reskin.launcher.previews import THUMBNAIL_PX
from reskin.platforms.window_info import WindowInfo

SIZE_PX = (1000, 680)
GAP_PX = 12
HEAD_PX = 64  # titles
FOOT_PX = 132
LABEL_PX = 34
TILE_PX = (THUMBNAIL_PX[0], THUMBNAIL_PX[1] + LABEL_PX)
WINDOW_COLUMNS, LOOK_COLUMNS = 2, 3
LOOKS_X_PX = WINDOW_COLUMNS * (TILE_PX[0] + GAP_PX) + 2 * GAP_PX


@dataclass(frozen=True, kw_only=True)
class Box:
    x: int
    y: int
    w: int
    h: int
    kind: str  # "window", "look", "start", "remember" or "forget"
    key: str = ""  # the window's id, or the look's
    label: str = ""
    note: str = ""  # why it cannot be chosen
    chosen: bool = False

    def holds(self, x: int, y: int) -> bool:
        return self.x <= x < self.x + self.w and self.y <= y < self.y + self.h


class Board:
    def __init__(self, looks: Sequence[tuple[str, str]], memory: Memory, *, look: str = "",
                 profile_look: Callable[[str], str] = lambda title: "") -> None:  # fmt: skip
        self.looks = list(looks)  # (id, name)
        self.memory = memory
        self._profile_look = profile_look  # of a window's title: what the game's profile asks for, or ""
        self.windows: list[tuple[WindowInfo, str]] = []  # and why each cannot be chosen
        self.window: WindowInfo | None = None
        self.look = look or (self.looks[0][0] if self.looks else "")
        self.remembers = False
        self.message = ""  # why the last start came to nothing
        self.done = ""
        self._scrolled = {"window": 0, "look": 0}  # rows

    def update(self, windows: Sequence[tuple[WindowInfo, str]]) -> None:
        """The windows that are there now; a chosen one that went is chosen no more."""
        self.windows = list(windows)
        free = {window.id: window for window, reason in windows if not reason}
        self.window = free.get(self.window.id) if self.window is not None else None

    def boxes(self) -> list[Box]:
        windows = [
            Box(x=0, y=0, w=0, h=0, kind="window", key=str(window.id), label=window.title, note=reason,
                chosen=self.window is not None and window.id == self.window.id)
            for window, reason in self.windows
        ]  # fmt: skip
        looks = [
            Box(x=0, y=0, w=0, h=0, kind="look", key=key, label=name, chosen=key == self.look)
            for key, name in self.looks
        ]
        found = self._grid(windows, "window", GAP_PX, WINDOW_COLUMNS)
        found += self._grid(looks, "look", LOOKS_X_PX, LOOK_COLUMNS)
        w, h = SIZE_PX
        found.append(
            Box(x=w - 212, y=h - FOOT_PX + 52, w=200, h=64, kind="start", label="Start", chosen=self.window is not None)
        )
        program = self.window.wm_class if self.window else ""
        if program:
            label = f"Remember this look for {program}"
            found.append(Box(x=GAP_PX, y=h - 40, w=420, h=28, kind="remember", label=label, chosen=self.remembers))
        known = sorted(self.memory.looks.items())[:3]
        for place, (name, look) in enumerate(known):
            found.append(
                Box(x=LOOKS_X_PX + 40, y=h - FOOT_PX + 52 + place * 24, w=330, h=22, kind="forget", key=name,
                    label=f"{name}: {look}   (forget)")
            )  # fmt: skip
        return found

    def _grid(self, tiles: list[Box], kind: str, left: int, columns: int) -> list[Box]:
        (w, h), rows = TILE_PX, self._rows()
        shown = []
        for number, tile in enumerate(tiles):
            row, column = divmod(number, columns)
            row -= self._scrolled[kind]
            if 0 <= row < rows:
                x, y = left + column * (w + GAP_PX), HEAD_PX + row * (h + GAP_PX)
                shown.append(replace(tile, x=x, y=y, w=w, h=h))
        return shown

    def below(self, kind: str) -> int:
        """How many tiles of a list are further down than what is shown."""
        columns, count = (LOOK_COLUMNS, len(self.looks)) if kind == "look" else (WINDOW_COLUMNS, len(self.windows))
        return max(0, count - (self._scrolled[kind] + self._rows()) * columns)

    @staticmethod
    def _rows() -> int:
        return (SIZE_PX[1] - HEAD_PX - FOOT_PX) // (TILE_PX[1] + GAP_PX)

    def click(self, x: int, y: int) -> None:
        box = next((box for box in self.boxes() if box.holds(x, y)), None)
        if box is None or box.note:
            return
        if box.kind == "window":
            self._choose(next(window for window, _ in self.windows if str(window.id) == box.key))
        elif box.kind == "look":
            self.look = box.key
        elif box.kind == "remember":
            self.remembers = not self.remembers
        elif box.kind == "forget":
            self.memory.forget(box.key)
        elif box.kind == "start":
            self.start()

    def _choose(self, window: WindowInfo) -> None:
        self.window = window
        known = self.memory.looks.get(window.wm_class)
        self.remembers = known is not None
        wanted = known or self._profile_look(window.title)
        if wanted in dict(self.looks):
            self.look = wanted

    def start(self) -> None:
        if self.window is None:
            return
        if self.remembers:
            self.memory.remember(self.window.wm_class, self.look)
        self.done = "start"

    def scroll(self, x: int, by: int) -> None:
        """By so many rows, of the list that the pointer is over."""
        kind, columns = ("look", LOOK_COLUMNS) if x >= LOOKS_X_PX else ("window", WINDOW_COLUMNS)
        count = len(self.looks) if kind == "look" else len(self.windows)
        last = max(0, -(-count // columns) - self._rows())
        self._scrolled[kind] = min(last, max(0, self._scrolled[kind] + by))

    def key(self, name: str) -> None:
        """The whole board by keyboard: arrows choose the look, tab the window, enter starts, escape leaves."""
        if name == "escape":
            self.done = "quit"
        elif name in ("return", "enter"):
            self.start()
        elif name == "tab":
            free = [window for window, reason in self.windows if not reason]
            if free:
                at = free.index(self.window) + 1 if self.window in free else 0
                self._choose(free[at % len(free)])
        elif self.looks and name in (steps := {"right": 1, "left": -1, "down": LOOK_COLUMNS, "up": -LOOK_COLUMNS}):
            at = [key for key, _ in self.looks].index(self.look) + steps[name]
            self.look = self.looks[max(0, min(len(self.looks) - 1, at))][0]
            row = max(0, min(len(self.looks) - 1, at)) // LOOK_COLUMNS
            self._scrolled["look"] = min(row, max(self._scrolled["look"], row - self._rows() + 1))
