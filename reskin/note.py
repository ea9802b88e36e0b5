"""The short note on the screen: white text on a dark rounded panel at the bottom centre, that stays and then fades.

Never blinks: a new text takes the old one's place at full opacity. Knows nothing of why something is said.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from reskin.panel import (
    MIN_WINDOW_H_PX,
    MIN_WINDOW_W_PX,
    Panel,
    PanelDrawer,
    Panels,
    Shown,
    blank,
    line_width,
    text_height_px,
    write,
)

FADE_NS = 400_000_000
MAX_LINES = 3


class Note(Panels):
    """Called from the loop's thread; `close` ends the thread that draws."""

    def __init__(self, *, stay_s: float = 1.5) -> None:
        super().__init__(self.shown)
        self.text = ""
        self._stay_ns = int(stay_s * 1e9)
        self._until_ns = 0
        self._drawer = PanelDrawer(_draw_panel)

    def close(self) -> None:
        self._drawer.close()

    def say(self, text: str, now_ns: int, *, stay_s: float | None = None) -> None:
        """Show this instead of what is there; `stay_s` for what takes longer to read."""
        if self._stay_ns == 0:  # the player wants none
            return
        if not self.is_visible(now_ns):
            self._drawer.forget()  # a text that has faded must not flash up while the new one is being drawn
        self.text = text
        self._until_ns = now_ns + (self._stay_ns if stay_s is None else int(stay_s * 1e9))

    def fade(self, now_ns: int) -> None:
        """What is shown is no longer so: begin to fade it out, unless it has begun already."""
        self._until_ns = min(self._until_ns, now_ns)

    def is_visible(self, now_ns: int) -> bool:
        return now_ns < self._until_ns + FADE_NS and self.text != ""

    def shown(self, window_h: int, window_w: int, now_ns: int) -> Shown | None:
        """What to blend now: the wanted text, or, until that is drawn, the one before."""
        panel = self._drawer.panel(self.text, window_h, window_w) if self.is_visible(now_ns) else None
        opacity = min(1.0, max(0.0, 1 - (now_ns - self._until_ns) / FADE_NS))
        return (panel, opacity) if panel is not None else None


def stamp(bgra_u8: np.ndarray, text: str) -> None:
    """Draws a note for good into the lower left of a picture (h, w, 4) that has room for one."""
    h, w = bgra_u8.shape[:2]
    if w < MIN_WINDOW_W_PX or h < MIN_WINDOW_H_PX or not text:
        return
    panel = _cached_panel(text, h, w)
    tall, wide = panel.alpha.shape[:2]
    left = min(h // 24, w - wide)
    panel.blend_onto(bgra_u8[h - left - tall : h - left, left : left + wide], 1.0)


def _draw_panel(text: str, window_h: int, window_w: int) -> Panel:
    text_px = text_height_px(window_h)
    pad_x, pad_y = text_px, text_px * 2 // 3
    lines = _wrap(text, text_px, int(window_w * 0.9) - 2 * pad_x)
    line_px = text_px * 4 // 3
    widths = [line_width(line, text_px) for line in lines]
    w = min(window_w, max(widths) + 2 * pad_x)
    h = line_px * len(lines) + 2 * pad_y
    picture = blank(h, w)
    for row, (line, width) in enumerate(zip(lines, widths, strict=True)):
        write(picture, line, (w - width) // 2, pad_y + row * line_px + text_px, text_px)
    x, y = (window_w - w) // 2, max(0, window_h - h - window_h // 16)
    return Panel.of(picture, x, y, radius_px=min(h // 2, text_px))


_cached_panel = lru_cache(maxsize=4)(_draw_panel)  # a clip has the same two on every frame


def _wrap(text: str, text_px: int, limit_px: int) -> list[str]:
    """At most three lines of at most that width; what does not fit ends in an ellipsis."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and line_width(longer, text_px) > limit_px:
            lines.append(word)
        else:
            lines[-1] = longer
    kept = lines[:MAX_LINES]
    if len(lines) > MAX_LINES:
        kept[-1] += " …"
    return [_shorten(line, text_px, limit_px) for line in kept]


def _shorten(line: str, text_px: int, limit_px: int) -> str:
    while len(line) > 2 and line_width(line, text_px) > limit_px:
        line = line[: -3 if line.endswith("…") else -1].rstrip() + "…"
    return line
