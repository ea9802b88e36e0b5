"""The short note on the screen: white text on a dark rounded panel at the bottom centre, that stays and then fades.

Never blinks: a new text takes the old one's place at full opacity. The panel is drawn once per text and window size, in
a thread (2-70 ms, most of it glyphs seen for the first time, would cost a tick); a frame then costs one blend of the
panel's area, after which the frame's own pixels are put back, since the same painting may be shown again at the next
tick. Knows nothing of why something is said.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from reskin.frame import Region
from reskin.slot import Slot

FADE_NS = 400_000_000
TEXT_HEIGHT_SHARE = 1 / 30  # of the window's height: 24 px at 720p
TEXT_HEIGHT_PX = (14, 40)
PANEL_BGR = (28, 22, 20)
PANEL_ALPHA = 208  # of 255: the game stays visible through it
TEXT_WEIGHT = 450
MAX_LINES = 3
MIN_WINDOW_W_PX, MIN_WINDOW_H_PX = 160, 90  # below this a note would be unreadable and hide the game


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    x: int
    y: int
    colour: np.ndarray  # (h, w, 4) uint8, multiplied by alpha
    alpha: np.ndarray  # (h, w, 4) uint8, the same in all four

    def blend_onto(self, pixels: np.ndarray, opacity: float) -> None:
        colour = self.colour if opacity >= 1 else cv2.convertScaleAbs(self.colour, alpha=opacity)
        alpha = self.alpha if opacity >= 1 else cv2.convertScaleAbs(self.alpha, alpha=opacity)
        pixels[:] = cv2.add(cv2.multiply(pixels, cv2.bitwise_not(alpha), scale=1 / 255), colour)


class Note:
    """Called from the loop's thread; `close` ends the thread that draws."""

    def __init__(self, *, stay_s: float = 1.5) -> None:
        self.text = ""
        self._stay_ns = int(stay_s * 1e9)
        self._until_ns = 0
        self._wanted: tuple[str, int, int] | None = None  # text, window height and width
        self._drawn: tuple[tuple[str, int, int], _Panel] | None = None
        self._orders: Slot[tuple[str, int, int]] = Slot()
        self._results: Slot[tuple[tuple[str, int, int], _Panel]] = Slot()
        self._thread = threading.Thread(target=self._draw_for_ever, name="reskin-note", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._orders.close()
        self._thread.join()

    def say(self, text: str, now_ns: int, *, stay_s: float | None = None) -> None:
        """Show this instead of what is there; `stay_s` for what takes longer to read."""
        if self._stay_ns == 0:  # the player wants none
            return
        if not self.is_visible(now_ns):
            self._drawn = None  # a text that has faded must not flash up while the new one is being drawn
        self.text = text
        self._until_ns = now_ns + (self._stay_ns if stay_s is None else int(stay_s * 1e9))

    def fade(self, now_ns: int) -> None:
        """What is shown is no longer so: begin to fade it out, unless it has begun already."""
        self._until_ns = min(self._until_ns, now_ns)

    def is_visible(self, now_ns: int) -> bool:
        return now_ns < self._until_ns + FADE_NS and self.text != ""

    @contextlib.contextmanager
    def over(self, bgra_u8: np.ndarray, now_ns: int) -> Iterator[None]:
        """Inside, the frame has the note on it; afterwards it is as it was."""
        panel = self._panel(bgra_u8, now_ns)
        if panel is None:
            yield
            return
        h, w = panel.alpha.shape[:2]
        area = bgra_u8[panel.y : panel.y + h, panel.x : panel.x + w]
        before = area.copy()
        panel.blend_onto(area, self._opacity(now_ns))
        try:
            yield
        finally:
            area[:] = before

    def alone(self, bgra_u8: np.ndarray, region: Region, now_ns: int) -> tuple[np.ndarray, Region] | None:
        """The note over its own part of the frame, and where that lies on the screen: for an overlay that is hidden."""
        panel = self._panel(bgra_u8, now_ns)
        if panel is None:
            return None
        h, w = panel.alpha.shape[:2]
        pixels = bgra_u8[panel.y : panel.y + h, panel.x : panel.x + w].copy()
        panel.blend_onto(pixels, self._opacity(now_ns))
        return pixels, Region(region.x + panel.x, region.y + panel.y, w, h)

    def _opacity(self, now_ns: int) -> float:
        return min(1.0, max(0.0, 1 - (now_ns - self._until_ns) / FADE_NS))

    def _panel(self, bgra_u8: np.ndarray, now_ns: int) -> _Panel | None:
        """What to blend now: the wanted text, or, until that is drawn, the one before."""
        h, w = bgra_u8.shape[:2]
        if not self.is_visible(now_ns) or w < MIN_WINDOW_W_PX or h < MIN_WINDOW_H_PX:
            return None
        wanted = (self.text, h, w)
        if wanted != self._wanted:
            self._wanted = wanted
            self._orders.put(wanted)
        result = self._results.take()
        if result is not None and result[0] == wanted:
            self._drawn = result
        if self._drawn is None or self._drawn[0][1:] != (h, w):
            return None
        return self._drawn[1]

    def _draw_for_ever(self) -> None:
        while (order := self._orders.wait()) is not None:
            self._results.put((order, _draw_panel(*order)))


def stamp(bgra_u8: np.ndarray, text: str) -> None:
    """Draws a note for good into the lower left of a picture (h, w, 4) that has room for one."""
    h, w = bgra_u8.shape[:2]
    if w < MIN_WINDOW_W_PX or h < MIN_WINDOW_H_PX or not text:
        return
    panel = _cached_panel(text, h, w)
    tall, wide = panel.alpha.shape[:2]
    left = min(h // 24, w - wide)
    panel.blend_onto(bgra_u8[h - left - tall : h - left, left : left + wide], 1.0)


@lru_cache(maxsize=1)
def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")


def _draw_panel(text: str, window_h: int, window_w: int) -> _Panel:
    text_px = int(np.clip(window_h * TEXT_HEIGHT_SHARE, *TEXT_HEIGHT_PX))
    pad_x, pad_y = text_px, text_px * 2 // 3
    lines = _wrap(text, text_px, int(window_w * 0.9) - 2 * pad_x)
    line_px = text_px * 4 // 3
    widths = [_line_width(line, text_px) for line in lines]
    w = min(window_w, max(widths) + 2 * pad_x)
    h = line_px * len(lines) + 2 * pad_y
    alpha = _rounded(h, w, radius_px=min(h // 2, text_px))
    picture = np.empty((h, w, 3), np.uint8)
    picture[:] = PANEL_BGR
    for row, (line, width) in enumerate(zip(lines, widths, strict=True)):
        baseline_px = pad_y + row * line_px + text_px
        cv2.putText(picture, line, ((w - width) // 2, baseline_px), (255, 255, 255), _font(), text_px, TEXT_WEIGHT)
    text_share = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    opacity = alpha * (PANEL_ALPHA / 255 + (1 - PANEL_ALPHA / 255) * text_share)  # the text itself is not see-through
    colour = np.dstack([picture * opacity[..., None], opacity * 255])
    return _Panel(
        x=(window_w - w) // 2,
        y=max(0, window_h - h - window_h // 16),
        colour=np.rint(colour).astype(np.uint8),
        alpha=np.repeat(np.rint(opacity * 255).astype(np.uint8)[..., None], 4, axis=2),
    )


_cached_panel = lru_cache(maxsize=4)(_draw_panel)  # a clip has the same two on every frame


def _rounded(h: int, w: int, *, radius_px: int) -> np.ndarray:
    """(h, w) in [0, 1]: a rounded rectangle with a soft edge of one pixel."""
    y = np.abs(np.arange(h) - (h - 1) / 2) - (h / 2 - radius_px)
    x = np.abs(np.arange(w) - (w - 1) / 2) - (w / 2 - radius_px)
    distance = np.hypot(np.maximum(y, 0)[:, None], np.maximum(x, 0)[None, :]) - radius_px
    return np.clip(0.5 - distance, 0, 1)


def _line_width(line: str, text_px: int) -> int:
    return int(cv2.getTextSize((4096, 256), line, (0, 0), _font(), text_px, TEXT_WEIGHT)[2])


def _wrap(text: str, text_px: int, limit_px: int) -> list[str]:
    """At most three lines of at most that width; what does not fit ends in an ellipsis."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _line_width(longer, text_px) > limit_px:
            lines.append(word)
        else:
            lines[-1] = longer
    kept = lines[:MAX_LINES]
    if len(lines) > MAX_LINES:
        kept[-1] += " …"
    return [_shorten(line, text_px, limit_px) for line in kept]


def _shorten(line: str, text_px: int, limit_px: int) -> str:
    while len(line) > 2 and _line_width(line, text_px) > limit_px:
        line = line[: -3 if line.endswith("…") else -1].rstrip() + "…"
    return line
