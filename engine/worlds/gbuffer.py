"""What is known of a rendered frame before it has a style: geometry and material per pixel. No colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.worlds.scene import ACCENT_PART, BLOCK_INSTANCE, HELD_INSTANCE

SKY_DEPTH = 1000.0  # metres; where the sky is put
# Instance numbers of the sky: as seen from the ground, and from space. All other numbers of sky are clouds.
SKY_INSTANCE, SPACE_INSTANCE = 0, 12
UNSEEN_PX = 1e4  # flow of what the frame before could not show: behind the eye then, or beyond a cut
WINTER_INSTANCE = 12  # added to the ground's own numbers (1 and ACCENT_PART) where a level was built to lie under snow


def is_winter(buffer: GBuffer) -> bool:
    """Whether the ground in the frame was built to lie under snow."""
    return bool(np.isin(buffer.instance, (WINTER_INSTANCE + 1, WINTER_INSTANCE + ACCENT_PART)).any())


def is_cut(buffer: GBuffer) -> bool:
    """Whether nothing of the frame was in the one before: the first of another shot, though not of its clip."""
    return bool(np.abs(buffer.flow).min() >= UNSEEN_PX)


def is_repeated(buffer: GBuffer) -> bool:
    """Whether a frame, not the first of its clip, is the one before again: the game stands still."""
    return not buffer.flow.any()


def is_of_blocks(buffer: GBuffer) -> bool:
    """Whether the frame shows a world that is built of blocks."""
    return bool(((buffer.instance >= BLOCK_INSTANCE) & (buffer.instance < HELD_INSTANCE)).any())


@dataclass(frozen=True, kw_only=True)
class GBuffer:
    """Per-pixel truth of one frame, (h, w) arrays; lengths in metres, flow in pixels."""

    material: np.ndarray  # (h, w) uint8, index into MATERIALS
    instance: np.ndarray  # (h, w) int32, which object; colours vary by it
    depth: np.ndarray  # (h, w) float32, distance from the eye; SKY_DEPTH for the sky
    position: np.ndarray  # (h, w, 3) float32, world; for the sky its direction
    normal: np.ndarray  # (h, w, 3) float32
    uv: np.ndarray  # (h, w, 2) float32, surface coordinates that patterns are drawn in
    flow: np.ndarray  # (h, w, 2) float32, (dx, dy): where this point was in the frame before, minus where it is

    @property
    def size(self) -> tuple[int, int]:
        h, w = self.material.shape
        return h, w


def empty_gbuffer(size: tuple[int, int], *, in_space: bool = False) -> GBuffer:
    """All sky, nothing moving."""
    h, w = size
    return GBuffer(
        material=np.zeros((h, w), np.uint8),
        instance=np.full((h, w), SPACE_INSTANCE if in_space else SKY_INSTANCE, np.int32),
        depth=np.full((h, w), SKY_DEPTH, np.float32),
        position=np.zeros((h, w, 3), np.float32),
        normal=np.zeros((h, w, 3), np.float32),
        uv=np.zeros((h, w, 2), np.float32),
        flow=np.zeros((h, w, 2), np.float32),
    )
