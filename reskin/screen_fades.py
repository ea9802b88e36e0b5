"""When the game itself fades to black or to white, its skin does.

A theme brings its own light: the underpainting keeps only what is lighter and darker within the game's picture, so a
game that goes dark before it loads would stay as bright as day, and then show shapes of what the Reader sees in
nothing. Watched are the brightest channel that nine tenths of the picture stay below, and the darkest that nine tenths
lie above; a HUD, which stays lit while its world fades, is less than that. How bright the first is when all is well is
learnt, and slowly forgotten, so a night or a cave that stays gets the theme's full light, as eyes get used to the dark.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

ROWS = 45  # of pixels that are looked at
LEAST, MOST = 0.12, 0.45  # brightness in [0, 1] below which a picture is dark, whatever it was before
RISE_FRAMES, FALL_FRAMES = 12, 144  # it takes to get used to the light, and to the dark
WHITE_FROM, BLACK_FROM = 0.8, 0.01


@dataclass(frozen=True, kw_only=True)
class Fade:
    """Of what is painted: the share of its light that is left, and the share of white over it."""

    light: float = 1.0
    white: float = 0.0

    def draw(self, painted_u8: np.ndarray, strength: float) -> None:
        """Changes (h, w, 4) BGRA in place, `strength` in [0, 1] of the way."""
        light, white = 1 - strength * (1 - self.light), strength * self.white
        if light < 1 or white > 0:
            cv2.convertScaleAbs(painted_u8, painted_u8, alpha=light * (1 - white), beta=255 * white)
            painted_u8[..., 3] = 255


class ScreenFades:
    """One stream."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._used_to = LEAST

    def update(self, bgra_u8: np.ndarray) -> Fade:
        """The fade of one frame of the game, (h, w, 4) uint8; the first is believed to be in full light."""
        step = max(1, len(bgra_u8) // ROWS)
        blue, green, red = np.moveaxis(bgra_u8[step // 2 :: step, step // 2 :: step, :3], 2, 0).copy()
        bright = _place(np.maximum(np.maximum(blue, green), red), 0.9)
        dark = _place(np.minimum(np.minimum(blue, green), red), 0.1)
        frames = RISE_FRAMES if bright > self._used_to else FALL_FRAMES
        self._used_to = min(MOST, max(LEAST, self._used_to + (bright - self._used_to) / frames))
        light = (bright - BLACK_FROM) / (self._used_to - BLACK_FROM)
        white = (dark - WHITE_FROM) / (1 - WHITE_FROM)
        return Fade(light=min(1.0, max(0.0, light)), white=min(1.0, max(0.0, white)))


def _place(values_u8: np.ndarray, share: float) -> float:
    """In [0, 1]: what that share of the values lies below."""
    counts = np.bincount(values_u8.reshape(-1), minlength=256)
    return int(np.searchsorted(np.cumsum(counts), share * values_u8.size)) / 255
