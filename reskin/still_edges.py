"""Which parts of the screen show the same sharp detail while the world moves: a HUD, whatever it looks like.

Per pixel of the game's own picture, how long it has been an edge that does not change; then the share of such pixels in
cells of 8x8. A pixel of the moving world is never so for long, also where it shows between two letters. Nothing is
learnt while the picture stands still. Knows nothing of the Reader, which may call a HUD what has no edges at all.
"""

from __future__ import annotations

import cv2
import numpy as np

CELL_PX = 8
EDGE = 36  # of 255: difference between the brightest and the darkest of 3x3 pixels from which on it is an edge
HARD = 100  # of 255: an edge that no cloud has
SAME = 7  # of 255: a pixel that differs by less is the same as before; video compression stays below
SHEER = 5  # an edge's pixel may change by this part of its contrast: the world shines through the rims of small print
MOVING = 0.1  # share of the world's edges that have come up since the frame before; a picture that fades has none
BLANK = 0.005  # of the picture's pixels: with fewer edges it shows next to nothing
FEWEST = 0.001  # of the picture's pixels: fewer new edges are no motion of the world
GAIN, LOSS = 42, 55  # of 255, in a look in motion: an edge that stood still, and one that did not
LASTING, LOST = 120, 40  # of 255: reached after three of them; and where what was lasting is so no longer
MOST_REST = 8  # looks; so one in motion, which takes two away, does not end a rest of `keep_mask.RESTING`


class StillEdges:
    """One stream. Not thread-safe."""

    def __init__(self) -> None:
        self._last: np.ndarray | None = None
        self._gradient: np.ndarray = np.empty((0, 0), np.uint8)
        self._lasting: np.ndarray = np.empty((0, 0), np.uint8)
        self._edges: np.ndarray = np.empty((0, 0), np.uint8)  # 255 on lasting ones
        self.shapes: np.ndarray = np.empty(
            (0, 0), np.uint8
        )  # (h, w) 255 on lasting edges and what they enclose closely: letters
        self.share = np.empty((0, 0), np.float32)  # (rows, columns) of a cell's pixels, that are lasting edges
        self.sure = np.empty((0, 0), np.float32)  # the same, without those that may slide along themselves
        self.bare_looks = np.empty((0, 0), np.int32)  # (rows, columns): since an edge was in the cell or beside it
        self.is_blank = False  # the newest frame has next to no edges: faded out, or between two scenes
        self.moving_looks = 0  # so far
        self.rest = 0  # looks, up to MOST_REST, that the picture has stood still; each in motion takes two away

    def reset(self) -> None:
        self._last = None

    def watch(self, gray_u8: np.ndarray) -> None:
        """The next frame, (h, w) uint8; it is kept, so the caller must not write into it again."""
        h, w = gray_u8.shape
        before, self._last = self._last, gray_u8
        gradient = cv2.morphologyEx(gray_u8, cv2.MORPH_GRADIENT, _NEIGHBOURS)
        earlier, self._gradient = self._gradient, gradient
        if before is None or before.shape != gray_u8.shape:
            self._lasting, self._edges, self.shapes = (np.zeros_like(gray_u8) for _ in range(3))
            self.share, self.sure = (np.zeros((h // CELL_PX, w // CELL_PX), np.float32) for _ in range(2))
            self.moving_looks = self.rest = 0
            self.bare_looks = np.zeros(self.share.shape, np.int32)
            return
        _, edge = cv2.threshold(gradient, EDGE, GAIN + LOSS, cv2.THRESH_BINARY)
        self.is_blank = cv2.countNonZero(edge) < BLANK * edge.size
        self.bare_looks = np.where(cv2.dilate(per_cell(edge), _NEIGHBOURS) > 0, 0, self.bare_looks + 1)
        changed = cv2.multiply(cv2.absdiff(gray_u8, before), SHEER)  # type: ignore[call-overload]
        same = cv2.compare(cv2.max(gradient, SAME * SHEER), changed, cv2.CMP_GT)  # type: ignore[call-overload]
        still = cv2.bitwise_and(edge, same)
        new = cv2.compare(gradient, cv2.max(cv2.add(earlier, earlier), EDGE), cv2.CMP_GT)  # type: ignore[call-overload]
        world = cv2.countNonZero(edge) - cv2.countNonZero(cv2.bitwise_and(edge, self._edges))  # the HUD has its own
        if cv2.countNonZero(new) <= max(MOVING * world, FEWEST * edge.size):
            self.rest = min(self.rest + 1, MOST_REST)
            return
        self.moving_looks += 1
        self.rest = max(self.rest - 2, 0)
        cv2.add(self._lasting, still, dst=self._lasting)
        cv2.subtract(self._lasting, LOSS, dst=self._lasting)  # type: ignore[call-overload]
        _, certain = cv2.threshold(self._lasting, LASTING, 255, cv2.THRESH_BINARY)
        _, possible = cv2.threshold(self._lasting, LOST, 255, cv2.THRESH_BINARY)
        lasting = cv2.bitwise_or(certain, cv2.bitwise_and(possible, self._edges))
        self._edges = lasting
        self.share = per_cell(lasting)
        self.sure = per_cell(cv2.bitwise_and(lasting, self._told(gray_u8)))
        self.shapes = shapes_of(lasting)

    def _told(self, gray_u8: np.ndarray) -> np.ndarray:
        """(h, w) uint8: 255 where an edge would be seen to move. A streak of cloud slides along itself, unseen, as the
        sky turns; it is no edge from left to right, and too soft for the frame of a panel.
        """
        across = cv2.morphologyEx(gray_u8, cv2.MORPH_GRADIENT, _ACROSS)
        upright = cv2.compare(across, EDGE, cv2.CMP_GT)  # type: ignore[call-overload]
        hard = cv2.compare(self._gradient, HARD, cv2.CMP_GT)  # type: ignore[call-overload]
        return np.asarray(cv2.bitwise_or(upright, hard))

    def newest_shapes(self, cells: np.ndarray) -> np.ndarray:
        """(h, w) uint8: as `shapes`, of the newest frame's own edges in the `cells` (rows, columns), lasting or not."""
        h, w = self._gradient.shape
        where = cv2.resize(cells.astype(np.uint8), (w, h), interpolation=cv2.INTER_NEAREST)
        _, edge = cv2.threshold(self._gradient, EDGE, 255, cv2.THRESH_BINARY)
        return shapes_of(cv2.multiply(edge, where))


_NEIGHBOURS, _ACROSS = np.ones((3, 3), np.uint8), np.ones((1, 3), np.uint8)
_STROKE, _RIMMED = np.ones((7, 7), np.uint8), np.ones((9, 9), np.uint8)  # a pixel more: the soft rim is the letter's


def shapes_of(edge: np.ndarray) -> np.ndarray:
    """(h, w) uint8: edges with what lies closely between them, and a soft rim."""
    return cv2.blur(cv2.erode(cv2.dilate(edge, _RIMMED), _STROKE), (3, 3))


def per_cell(mask_u8: np.ndarray) -> np.ndarray:
    """(rows, columns) float32: mean of each cell's pixels in [0, 1]; a remainder at the right and below is left out."""
    h, w = mask_u8.shape
    rows, columns = h // CELL_PX, w // CELL_PX
    whole = mask_u8[: rows * CELL_PX, : columns * CELL_PX]
    return cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32) * np.float32(1 / 255)
