"""Dark rounded panels with text over a finished picture: what the notes and the prompt bar have in common.

A panel is drawn once per content and window size, in a thread (2-70 ms, most of it glyphs seen for the first time,
would cost a tick); a frame then costs one blend of the panel's area, after which the frame's own pixels are put back,
since the same painting may be shown again at the next tick. Knows nothing of what is said, or when.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

import cv2
import numpy as np

from reskin.frame import Region
from reskin.slot import Slot

TEXT_HEIGHT_SHARE = 1 / 30  # of the window's height: 24 px at 720p
TEXT_HEIGHT_PX = (14, 40)
PANEL_BGR = (28, 22, 20)
PANEL_ALPHA = 208  # of 255: the game stays visible through it
TEXT_WEIGHT = 450
MIN_WINDOW_W_PX, MIN_WINDOW_H_PX = 160, 90  # below this a panel would be unreadable and hide the game

MARK_PX = 2
MARK_BGR, NEW_MARK_BGR = (60, 190, 255), (255, 255, 255)

Content = TypeVar("Content")


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    x: int
    y: int
    colour: np.ndarray  # (h, w, 4) uint8, multiplied by alpha
    alpha: np.ndarray  # (h, w, 4) uint8, the same in all four

    @classmethod
    def of(cls, picture: np.ndarray, x: int, y: int, *, radius_px: int) -> Panel:
        """From a picture (h, w, 3) uint8 of text on PANEL_BGR; the text itself is not see-through."""
        h, w = picture.shape[:2]
        text_share = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
        opacity = rounded(h, w, radius_px=radius_px) * (PANEL_ALPHA / 255 + (1 - PANEL_ALPHA / 255) * text_share)
        alpha = cv2.merge([np.rint(opacity * 255).astype(np.uint8)] * 4)
        colour = cv2.multiply(cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA), alpha, scale=1 / 255)
        return cls(x=x, y=y, colour=colour, alpha=alpha)

    def area(self, pixels: np.ndarray) -> np.ndarray:
        """The part of a frame that it lies over."""
        h, w = self.alpha.shape[:2]
        return pixels[self.y : self.y + h, self.x : self.x + w]

    def blend_onto(self, area: np.ndarray, opacity: float) -> None:
        colour = self.colour if opacity >= 1 else cv2.convertScaleAbs(self.colour, alpha=opacity)
        alpha = self.alpha if opacity >= 1 else cv2.convertScaleAbs(self.alpha, alpha=opacity)
        area[:] = cv2.add(cv2.multiply(area, cv2.bitwise_not(alpha), scale=1 / 255), colour)


Shown = tuple[Panel, float]  # and its opacity
PanelSource = Callable[[int, int, int], Shown | None]  # window height and width, now_ns: what to show now


class Mark(NamedTuple):
    """The outline of a box, in pixels of the window."""

    x: int
    y: int
    w: int
    h: int
    is_new: bool = False  # still being drawn by hand

    def strips(self, pixels: np.ndarray) -> list[np.ndarray]:
        """The parts of a frame that it covers: a bright line within, a dark one around it."""
        found = []
        for out in (MARK_PX // 2 + 1, 0):
            left, top = max(0, self.x - out), max(0, self.y - out)
            area = pixels[top : self.y + self.h + out, left : self.x + self.w + out]
            wide = MARK_PX + out
            found += [area[:wide], area[-wide:], area[:, :wide], area[:, -wide:]]
        return found


MarkSource = Callable[[int, int], list[Mark]]  # window height and width


def _no_marks(window_h: int, window_w: int) -> list[Mark]:
    return []


class Panels:
    """Lays what its sources show now over a frame, and boxes. Panels of several sources must not overlap."""

    def __init__(self, *sources: PanelSource, marks: MarkSource = _no_marks) -> None:
        self._sources = sources
        self._marks = marks

    @contextlib.contextmanager
    def over(self, bgra_u8: np.ndarray, now_ns: int) -> Iterator[None]:
        """Inside, the frame has the panels on it; afterwards it is as it was."""
        shown = self._shown(bgra_u8, now_ns)
        marks = self._marks(*bgra_u8.shape[:2])
        areas = [panel.area(bgra_u8) for panel, _ in shown]
        strips = [strip for mark in marks for strip in mark.strips(bgra_u8)]
        before = [(area, area.copy()) for area in (*areas, *strips)]
        for mark in marks:
            dark_and_bright = mark.strips(bgra_u8)
            for strip in dark_and_bright[:4]:
                strip[..., :3] = 0
            for strip in dark_and_bright[4:]:
                strip[..., :3] = NEW_MARK_BGR if mark.is_new else MARK_BGR
        for (panel, opacity), area in zip(shown, areas, strict=True):
            panel.blend_onto(area, opacity)
        try:
            yield
        finally:
            for area, pixels in before:
                area[:] = pixels

    def alone(self, bgra_u8: np.ndarray | None, region: Region, now_ns: int) -> tuple[np.ndarray, Region] | None:
        """The panels over their own part of the frame, and where it lies on the screen: for an overlay that is hidden.

        Several panels share one part, with the frame's own pixels between them. None for a frame: they lie over black.
        """
        if bgra_u8 is None:
            bgra_u8 = np.zeros((region.h, region.w, 4), np.uint8)  # costs nothing where it is not touched
        shown = self._shown(bgra_u8, now_ns)
        if not shown:
            return None
        left, top = (min(getattr(panel, axis) for panel, _ in shown) for axis in "xy")
        right = max(panel.x + panel.alpha.shape[1] for panel, _ in shown)
        bottom = max(panel.y + panel.alpha.shape[0] for panel, _ in shown)
        with self.over(bgra_u8, now_ns):
            pixels = bgra_u8[top:bottom, left:right].copy()
        return pixels, Region(region.x + left, region.y + top, right - left, bottom - top)

    def _shown(self, bgra_u8: np.ndarray, now_ns: int) -> list[Shown]:
        h, w = bgra_u8.shape[:2]
        if w < MIN_WINDOW_W_PX or h < MIN_WINDOW_H_PX:
            return []
        return [shown for source in self._sources if (shown := source(h, w, now_ns)) is not None]


class PanelDrawer(Generic[Content]):
    """Draws panels in a thread of its own, which `close` ends. `draw` gets the content and the window's h and w."""

    def __init__(self, draw: Callable[[Content, int, int], Panel]) -> None:
        self._draw = draw
        self._wanted: tuple[Content, int, int] | None = None
        self._drawn: tuple[tuple[Content, int, int], Panel] | None = None
        self._orders: Slot[tuple[Content, int, int]] = Slot()
        self._results: Slot[tuple[tuple[Content, int, int], Panel]] = Slot()
        self._thread = threading.Thread(target=self._draw_for_ever, name="reskin-panel", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._orders.close()
        self._thread.join()

    def forget(self) -> None:
        """What was drawn must not be seen again while the next panel is being drawn."""
        self._drawn = None

    def panel(self, content: Content, h: int, w: int) -> Panel | None:
        """The content's panel, or, until that is drawn, the one before in a window of the same size."""
        wanted = (content, h, w)
        if wanted != self._wanted:
            self._wanted = wanted
            self._orders.put(wanted)
        result = self._results.take()
        if result is not None and (result[0] == wanted or self._drawn is not None):
            self._drawn = result
        if self._drawn is None or self._drawn[0][1:] != (h, w):
            return None
        return self._drawn[1]

    def _draw_for_ever(self) -> None:
        while (order := self._orders.wait()) is not None:
            self._results.put((order, self._draw(*order)))


def text_height_px(window_h: int) -> int:
    return int(np.clip(window_h * TEXT_HEIGHT_SHARE, *TEXT_HEIGHT_PX))


def blank(h: int, w: int) -> np.ndarray:
    """(h, w, 3) uint8 of the panels' colour, to write on."""
    picture = np.empty((h, w, 3), np.uint8)
    picture[:] = PANEL_BGR
    return picture


def write(picture: np.ndarray, text: str, x: int, baseline_y: int, text_px: int, *, level: int = 255) -> None:
    """White text, or grey at a lower `level`."""
    cv2.putText(picture, text, (x, baseline_y), (level, level, level), _font(), text_px, TEXT_WEIGHT)


def line_width(line: str, text_px: int) -> int:
    return int(cv2.getTextSize((4096, 256), line, (0, 0), _font(), text_px, TEXT_WEIGHT)[2])


def rounded(h: int, w: int, *, radius_px: int) -> np.ndarray:
    """(h, w) in [0, 1]: a rounded rectangle with a soft edge of one pixel."""
    y = np.abs(np.arange(h, dtype=np.float32) - (h - 1) / 2) - (h / 2 - radius_px)
    x = np.abs(np.arange(w, dtype=np.float32) - (w - 1) / 2) - (w / 2 - radius_px)
    distance = np.hypot(np.maximum(y, 0)[:, None], np.maximum(x, 0)[None, :]) - radius_px
    return np.clip(0.5 - distance, 0, 1)


@lru_cache(maxsize=1)
def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")
