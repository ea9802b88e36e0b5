"""The two values that travel everywhere: a frame and where it belongs on the screen.

As everywhere here, `size` is (h, w), as arrays have it, and `size_px` is (w, h), as windows, screens and videos do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the screen in pixels; x and y may be negative on a screen left of or above the first."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of the game. Index and capture time go with it to the end."""

    index: int
    captured_ns: int  # time.monotonic_ns() at the grab
    bgra_u8: np.ndarray  # (h, w, 4), contiguous; the alpha byte has no meaning
