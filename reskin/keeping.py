"""What of the game comes back over a painted picture, whoever painted it: its HUD, its text, black bars, kept regions.

On the CPU, at the window's own size. Knows nothing of engines; `keep_mask` finds what is kept, `keep_blend` blends it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reskin.bars import Bars, keep_bars
from reskin.keep_blend import Kept, blend_kept, keep_regions
from reskin.keep_mask import KeepMask
from reskin.theme_model import Keep


class Keeping:
    """One stream. Not thread-safe."""

    def __init__(self) -> None:
        self.kept: Kept | None = None  # of the newest frame
        self._mask = KeepMask()
        self._bars = Bars()

    def reset(self) -> None:
        """The next frame has nothing to do with the last."""
        self._mask.reset()
        self._bars.reset()

    def find(self, bgra_u8: np.ndarray, read_hud: Callable[[], np.ndarray], keep: Keep) -> list[np.ndarray]:
        """What `keep` says of the next frame (h, w, 4) uint8, to be put back; maps (rows, columns) of where it lies.

        `read_hud` gives the Reader's belief in a HUD, (rows, columns) float32 in [0, 1] of any size; it is not asked
        at every frame.
        """
        self.kept = self._mask.update(bgra_u8, read_hud, keep)
        return [] if self.kept is None else [self.kept.hud, self.kept.text]

    def put_back(self, bgra_u8: np.ndarray, keep: Keep, out: np.ndarray) -> None:
        """Into `out`, (h, w, 4) uint8, what was found in this frame."""
        if self.kept is not None:
            blend_kept(bgra_u8, self.kept, out)
        if keep.hud:
            keep_bars(bgra_u8, self._bars.update(bgra_u8), out)
        keep_regions(bgra_u8, keep.regions, out)

    def apply(self, bgra_u8: np.ndarray, read_hud: Callable[[], np.ndarray], keep: Keep, out: np.ndarray) -> None:
        """Both at once, where nothing is done to the picture between."""
        self.find(bgra_u8, read_hud, keep)
        self.put_back(bgra_u8, keep, out)
