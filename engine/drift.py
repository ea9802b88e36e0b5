"""The drift meter: does the Painter's output stay near what the underpainting asks for, in colour and in sharpness?

The Painter moves light and adds texture, frame by frame and place by place; what must not build up through its history
is a tint, a haze or a blur of the whole picture. Knows nothing of networks.
"""

from __future__ import annotations

import numpy as np
from numba import njit

SLOW_FRAMES = 12  # half a second: a flash of the game is no drift, and neither is a history's first frame
COLOR_LIMIT = 0.12  # mean of a channel over the picture away from the underpainting's, in [0, 1] units
SHARPNESS_LIMIT = 1.6  # gradient energy over the underpainting's, or the other way round
SHARPNESS_RANGE = (0.25, 4.0)  # of one frame: no single one moves the mean out of its limits
# Gradient energy of a pixel below which there is nothing to compare: steps of two of 255 levels, three channels. On a
# black or white screen both have less (1 to 5 over a picture of 144x256, a game's frame hundreds), and the ratio is of
# noise: it began the history anew with every frame.
FLAT = 3 * (2 / 255) ** 2


class DriftMeter:
    """One stream. `color` and `sharpness` are slow means; 0 and 1 are no drift."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.color, self.sharpness = np.zeros(3), 1.0

    def watch(self, under: np.ndarray, output: np.ndarray) -> bool:
        """Takes in a frame, (h, w, 3) underpainting in [0, 1] and output in [-1, 1]; whether it has drifted too far."""
        color, ratio = compare(under, output)
        self.color = self.color + (color - self.color) / SLOW_FRAMES
        self.sharpness += (ratio - self.sharpness) / SLOW_FRAMES
        return bool(
            np.abs(self.color).max() > COLOR_LIMIT or not 1 / SHARPNESS_LIMIT < self.sharpness < SHARPNESS_LIMIT
        )


def compare(under: np.ndarray, output: np.ndarray) -> tuple[np.ndarray, float]:
    """Mean difference of each channel, and the output's gradient energy over the underpainting's, in its range."""
    sums = _sums(under, output)
    h, w, _ = under.shape
    flat = FLAT * h * w
    return sums[:3] / (h * w), float(np.clip((sums[3] + flat) / (sums[4] + flat), *SHARPNESS_RANGE))


@njit(cache=True, fastmath=True, error_model="numpy")
def _sums(under, output):
    """Differences by channel, then squared steps to the right-hand neighbour of output and underpainting."""
    h, w, _ = under.shape
    sums = np.zeros(5)
    half = np.float32(0.5)
    for y in range(h):
        red = green = blue = ours = theirs = np.float32(0.0)
        for x in range(w):
            red += half * (output[y, x, 0] + np.float32(1.0)) - under[y, x, 0]
            green += half * (output[y, x, 1] + np.float32(1.0)) - under[y, x, 1]
            blue += half * (output[y, x, 2] + np.float32(1.0)) - under[y, x, 2]
        for x in range(w - 1):
            for c in range(3):
                step = half * (output[y, x + 1, c] - output[y, x, c])
                ours += step * step
                step = under[y, x + 1, c] - under[y, x, c]
                theirs += step * step
        sums[0] += red
        sums[1] += green
        sums[2] += blue
        sums[3] += ours
        sums[4] += theirs
    return sums
