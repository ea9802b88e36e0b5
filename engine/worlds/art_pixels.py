"""Games drawn in large pixels: a frame rendered small and enlarged without smoothing, its truth with it."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from engine.worlds.gbuffer import GBuffer


class ArtPixels:
    def __init__(self, size: tuple[int, int], pixel_px: float) -> None:
        """`pixel_px` need not be whole; 1 leaves everything as it is."""
        self.plain = pixel_px <= 1.0
        small = [max(8, round(length / pixel_px)) for length in size]
        self.size = (small[0], small[1])
        self._up = [(2 * np.arange(n) + 1) * few // (2 * n) for n, few in zip(size, small, strict=True)]
        self._down = [(2 * np.arange(few) + 1) * n // (2 * few) for n, few in zip(size, small, strict=True)]

    def reduced(self, buffer: GBuffer) -> GBuffer:
        """What is at the middle of each large pixel; lengths stay in pixels of the frame."""
        rows, columns = self._down
        return buffer if self.plain else _taken(buffer, rows, columns)

    def enlarged(self, picture: np.ndarray) -> np.ndarray:
        return picture if self.plain else picture[self._up[0]][:, self._up[1]]

    def blocky(self, buffer: GBuffer) -> GBuffer:
        """`reduced` at the frame's size: the truth as it is seen."""
        (rows, columns), (rows_up, columns_up) = self._down, self._up
        return buffer if self.plain else _taken(buffer, rows[rows_up], columns[columns_up])


def _taken(buffer: GBuffer, rows: np.ndarray, columns: np.ndarray) -> GBuffer:
    return GBuffer(**{field.name: getattr(buffer, field.name)[rows][:, columns] for field in fields(buffer)})
