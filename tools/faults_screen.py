"""What the X server shows where a game is, looked at every few milliseconds: for tools/faults.py.

A look is one write to the server and one answer, so that all of it is of one moment: whether the overlay's window is
mapped and where, where the game's is, and two lines of pixels of the screen beside the same two of the game's own
picture (XComposite keeps that also while the overlay covers it). Where these are the same, the player sees the
untouched game. A moment is told by the first look that saw it; it lies between that and the look before.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import xcffib
import xcffib.composite
import xcffib.xproto as xp

from reskin.errors import DisplayError
from reskin.frame import Region
from reskin.platforms.x11.connection import XConnection
from reskin.platforms.x11.windows import OVERLAY_CLASS

EVERY_S = 0.003  # between two looks; a look takes 1 to 3 ms beside a game and an engine
LINES = (0.25, 0.5)  # of the window's height: above the note and the prompt bar
SAME = 0.99  # of the pixels: a game may draw between two of the requests
OTHER = 0.5
_ALL_PLANES = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Look:
    at_ns: int  # when the answer was there
    before_ns: int  # the look before
    overlay: Region | None  # None: not on the screen
    game: Region | None  # None: not on the screen
    same: float | None  # share of the pixels that are the game's own; None where that is not known

    @property
    def is_bare(self) -> bool:
        """Nothing of ours is there, or at most a note."""
        return self.overlay is None or (
            self.game is not None and self.overlay.w < self.game.w and self.overlay.h < self.game.h // 2
        )

    @property
    def is_untouched(self) -> bool:
        return self.same >= SAME if self.same is not None else self.is_bare

    @property
    def fits(self) -> bool:
        """What covers the game, if anything, lies where the game is."""
        return self.is_untouched or self.is_bare or self.overlay == self.game

    @property
    def has_skin(self) -> bool:
        return self.overlay is not None and self.overlay == self.game and (self.same is None or self.same < OTHER)


class Screen:
    """`with Screen(display, window) as screen:` it looks, in a thread; `pixels=False`: at windows alone.

    Our own look at the game's picture keeps it in XComposite, also when the app's capture has lost it.
    """

    def __init__(self, display: str, window: int, *, pixels: bool = True) -> None:
        self.window = window  # another when the game has opened one anew
        self.looks: list[Look] = []
        self._pixels = pixels
        self._redirected = 0
        self._overlay = 0
        self._x = XConnection(display)
        self._composite = self._x.extension(xcffib.composite)
        self._pixmap = self._x.new_id()
        self._place: Region | None = None  # of the game, as the look before saw it
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._x.close()

    def first(self, holds: Callable[[Look], bool], *, after_ns: int, limit_s: float) -> Look | None:
        """The first look that began after a moment and of which that holds; waits for it."""
        end_ns = max(after_ns, time.monotonic_ns()) + int(limit_s * 1e9)
        seen = 0
        while True:
            looks = self.looks[seen:]
            for look in looks:
                if look.before_ns > after_ns and holds(look):
                    return look
            seen += len(looks)
            if time.monotonic_ns() > end_ns or not self._thread.is_alive():
                return None
            time.sleep(0.02)

    def _look_on(self) -> None:
        before_ns = time.monotonic_ns()
        with contextlib.suppress(DisplayError):  # gone, which the app's end tells
            while not self._done.wait(EVERY_S):
                with self._x.guard("looking at the screen"):
                    overlay, game, same = self._look()
                now_ns = time.monotonic_ns()
                self.looks.append(Look(now_ns, before_ns, overlay, game, same))
                before_ns = now_ns

    def _look(self) -> tuple[Region | None, Region | None, float | None]:
        for _ in self._x.events():  # refusals of a window that has just gone
            pass
        if not self._overlay:
            self._overlay = self._find_overlay()
        if self._pixels and self._redirected != self.window:
            with contextlib.suppress(xcffib.Error):
                automatic = xcffib.composite.Redirect.Automatic
                self._composite.RedirectWindow(self.window, automatic, is_checked=True).check()
                self._redirected = self.window
        ours, games = self._ask_place(self._overlay or self._x.root), self._ask_place(self.window)
        place = self._place
        lines = self._ask_lines(place) if self._pixels and place is not None else []
        overlay = self._answer(ours) if self._overlay else None
        self._place = game = self._answer(games)
        pairs = [pair for pair in (self._pair(*line) for line in lines) if pair is not None]
        if game is None or game != place or len(pairs) < len(LINES):
            return overlay, game, None
        return overlay, game, float(np.mean([(own == shown).all(axis=1).mean() for own, shown in pairs]))

    def _ask_place(self, window: int) -> tuple[Any, Any, Any]:
        core = self._x.core
        return (
            core.GetGeometry(window), core.GetWindowAttributes(window),
            core.TranslateCoordinates(window, self._x.root, 0, 0),
        )  # fmt: skip

    @staticmethod
    def _answer(asked: tuple[Any, Any, Any]) -> Region | None:
        answers = []
        for request in asked:
            with contextlib.suppress(xcffib.Error):
                answers.append(request.reply())
        if len(answers) < len(asked):
            return None
        geometry, attributes, origin = answers
        if attributes.map_state != xp.MapState.Viewable:
            return None
        return Region(origin.dst_x, origin.dst_y, geometry.width, geometry.height)

    def _ask_lines(self, place: Region) -> list[tuple[Any, Any]]:
        form, asked = xp.ImageFormat.ZPixmap, []
        self._composite.NameWindowPixmap(self.window, self._pixmap)
        for share in LINES:
            y = int(place.h * share)
            own = self._x.core.GetImage(form, self._pixmap, 0, y, place.w, 1, _ALL_PLANES)
            shown = self._x.core.GetImage(form, self._x.root, place.x, place.y + y, place.w, 1, _ALL_PLANES)
            asked.append((own, shown))
        self._x.core.FreePixmap(self._pixmap)
        return asked

    @staticmethod
    def _pair(own: Any, shown: Any) -> tuple[np.ndarray, np.ndarray] | None:
        """Both (w, 3) BGR; None where one of them could not be had."""
        rows = []
        for request in (own, shown):
            with contextlib.suppress(xcffib.Error):
                rows.append(np.frombuffer(request.reply().data.buf(), np.uint8).reshape(-1, 4)[:, :3])
        return (rows[0], rows[1]) if len(rows) == 2 else None

    def _find_overlay(self) -> int:
        for window in self._x.core.QueryTree(self._x.root).reply().children:
            with contextlib.suppress(xcffib.Error):
                if self._x.property_text(window, "WM_CLASS").startswith(OVERLAY_CLASS):
                    return int(window)
        return 0
