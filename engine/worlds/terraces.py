"""Ground of blocks: whole-numbered heights on a grid of cells, built of as few boxes as greedy rectangles give.

Knows nothing of what stands on it, nor of cameras.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.worlds.scene import BOX, SceneBuilder

Rng = np.random.Generator


def stepped(rng: Rng, cells: tuple[int, int], *, hills: float, levels: int) -> np.ndarray:
    """(rows, columns) int heights from 0 to `levels` - 1, smooth with about so many hills along the longer side."""
    rows, columns = cells
    scale = hills / max(cells)
    coarse = rng.random((max(2, round(rows * scale) + 1), max(2, round(columns * scale) + 1)), dtype=np.float32)
    smooth = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth * levels, 0, levels - 1).astype(int)


def rectangles(heights: np.ndarray) -> list[tuple[int, int, int, int, int]]:
    """(row, column, rows, columns, height) of rectangles of one height that cover the grid once."""
    free = np.ones(heights.shape, bool)
    out = []
    for row in range(heights.shape[0]):
        column = 0
        while column < heights.shape[1]:
            if not free[row, column]:
                column += 1
                continue
            height, end, last = heights[row, column], column, row
            while end < heights.shape[1] and free[row, end] and heights[row, end] == height:
                end += 1
            while last < heights.shape[0] and (
                free[last, column:end].all() and (heights[last, column:end] == height).all()
            ):
                last += 1
            free[row:last, column:end] = False
            out.append((row, column, last - row, end - column, int(height)))
            column = end
    return out


@dataclass(frozen=True, kw_only=True)
class Terraces:
    """Cells of `cell_m` metres whose corner of lowest x and z is at (x, z); a step is `step_m` high."""

    heights: np.ndarray  # (rows over z, columns over x) int
    x: float
    z: float
    cell_m: float
    step_m: float

    def top(self, x: float, z: float) -> float:
        """How high the ground is there, in metres; beyond the rim as at it."""
        row, column = int((z - self.z) // self.cell_m), int((x - self.x) // self.cell_m)
        rows, columns = self.heights.shape
        return self.step_m * float(self.heights[min(rows - 1, max(0, row)), min(columns - 1, max(0, column))])

    def middle(self, row: int, column: int) -> tuple[float, float, float]:
        """The middle of a cell's top."""
        x, z = self.x + (column + 0.5) * self.cell_m, self.z + (row + 0.5) * self.cell_m
        return x, self.step_m * float(self.heights[row, column]), z

    def build(self, build: SceneBuilder, body: int, body_instance: int, crust: int, crust_instance: int, *,
              foot_m: float, crust_m: float) -> None:  # fmt: skip
        """Boxes from `foot_m` up: of `body`, and of `crust` for the uppermost `crust_m`."""
        for row, column, rows, columns, height in rectangles(self.heights):
            x, z = self.x + (column + columns / 2) * self.cell_m, self.z + (row + rows / 2) * self.cell_m
            wide, deep, top = columns * self.cell_m / 2, rows * self.cell_m / 2, height * self.step_m
            low = top - crust_m
            build.solid(BOX, body, (x, (low + foot_m) / 2, z), (wide, (low - foot_m) / 2, deep), instance=body_instance)
            build.solid(BOX, crust, (x, top - crust_m / 2, z), (wide, crust_m / 2, deep), instance=crust_instance)
