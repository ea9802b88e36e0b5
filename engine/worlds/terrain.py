"""The lie of the land: height maps, far ridges, what the ground is made of, roads; and the scene built upon them.

Height maps are GRID x GRID cells of CELL_M metres, centred on the origin. Knows nothing of what stands on the ground.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.worlds.gbuffer import WINTER_INSTANCE
from engine.worlds.scene import (
    ACCENT_PART,
    FOLIAGE,
    GROUND,
    RIDGE_SAMPLES,
    ROAD_INSTANCE,
    ROCK,
    Scene,
    SceneBuilder,
)

GRID, CELL_M = 256, 1.2
Rng = np.random.Generator


def _rough(rng: Rng, cells: int) -> np.ndarray:
    """(GRID, GRID) smooth noise in [0, 1] with about `cells` hills a side."""
    coarse = rng.random((cells + 2, cells + 2), dtype=np.float32)
    return np.clip(cv2.resize(coarse, (GRID, GRID), interpolation=cv2.INTER_CUBIC), 0, 1)


def rough_terrain(rng: Rng, *, hills_m: float) -> np.ndarray:
    heights = hills_m * (_rough(rng, int(rng.integers(2, 6))) - 0.5)
    heights += 0.12 * hills_m * (_rough(rng, 24) - 0.5)
    return heights.astype(np.float32)


def ripples(rng: Rng, tall_m: float) -> np.ndarray:
    """(GRID, GRID) dunes: long crests across the wind, one side steep."""
    z, x = np.mgrid[:GRID, :GRID] * CELL_M
    wind, long_m = rng.uniform(0, 6.28), rng.uniform(18, 45)
    phase = (x * np.cos(wind) + z * np.sin(wind)) / long_m + 1.5 * _rough(rng, 5)
    part = phase % 1.0
    crest = np.minimum(part / 0.75, (1 - part) / 0.25)
    return (tall_m * crest * _rough(rng, 6)).astype(np.float32)


def far_ridges(rng: Rng, *, winter: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Far mountains or hills around the horizon: nearer layers are lower. In winter mostly high mountains."""
    layers = int(rng.choice([0, 1, 2, 3], p=[0.1, 0.4, 0.3, 0.2] if winter else [0.25, 0.25, 0.3, 0.2]))
    angles = np.linspace(0, 2 * np.pi, RIDGE_SAMPLES, dtype=np.float32)
    out = []
    top = rng.uniform(0.15, 0.55) if winter else rng.uniform(0.08, 0.5)
    for layer in range(layers):
        line = np.zeros(RIDGE_SAMPLES, np.float32)
        frequency = float(rng.integers(4, 9))
        weight = 1.0
        for _ in range(6):
            phase, ridge = rng.uniform(0, 6.28), np.sin(frequency * angles + rng.uniform(0, 6.28))
            sharp = 1 - np.abs(ridge) if rng.random() < 0.7 else 0.5 + 0.5 * ridge
            line += weight * sharp * (0.6 + 0.4 * np.sin(angles * 2 + phase))
            frequency, weight = np.round(frequency * 2.1), weight * 0.5
        out.append(top * (1 - 0.3 * layer) * line / 2)
    kinds = [ROCK] * 6 + ([] if winter else [FOLIAGE, GROUND])
    material = rng.choice(kinds, size=layers).astype(np.uint8)
    return np.array(out, np.float32).reshape(layers, RIDGE_SAMPLES), material


def landscape(rng: Rng, build: SceneBuilder, heights: np.ndarray, *, water_level: float = -np.inf,
           rocky: bool = True, ridges: bool = True, winter: bool = False) -> Scene:  # fmt: skip
    """`winter` marks the ground as snow, for the look to make it white."""
    material = np.full((GRID, GRID), GROUND, np.uint8)
    instance = np.ones((GRID, GRID), np.int32)
    patches = _rough(rng, 20)
    instance[patches > rng.uniform(0.55, 0.9)] = ACCENT_PART
    if rocky:
        gz, gx = np.gradient(heights, CELL_M)
        steep = np.hypot(gx, gz) + 0.25 * (_rough(rng, 40) - 0.5)
        material[steep > rng.uniform(0.5, 1.0)] = ROCK
    if winter:
        instance += WINTER_INSTANCE
    lines, kinds = (
        far_ridges(rng, winter=winter) if ridges else (np.zeros((0, RIDGE_SAMPLES), np.float32), np.zeros(0, np.uint8))
    )
    return Scene(
        solids=build.solids(),
        sprites=build.sprite_stack(),
        heights=heights,
        ground_material=material,
        ground_instance=instance,
        cell_m=CELL_M,
        water_level=water_level,
        ridges=lines,
        ridge_material=kinds,
        seed=int(rng.integers(1 << 20)),
    )


def mark_road(scene: Scene, rng: Rng, half_m: float, wobble_m: float) -> None:
    """Marks a winding strip along z as another piece of ground, with a line or edges painted on it."""
    z = (np.arange(GRID) - GRID / 2) * CELL_M
    center = wobble_m * np.sin(z * rng.uniform(0.02, 0.06) + rng.uniform(0, 6.28))
    x = (np.arange(GRID) - GRID / 2) * CELL_M
    off = np.abs(x[None, :] - center[:, None])
    strip = off < half_m
    scene.ground_material[strip] = GROUND
    scene.ground_instance[strip] = ROAD_INSTANCE
    if rng.random() < 0.6:
        dashes = (np.arange(GRID)[:, None] % 6) < int(rng.choice([3, 6]))
        scene.ground_instance[(off < 0.7) & dashes] = 5
    scene.ground_instance[np.abs(off - half_m) < 0.7] = 6
