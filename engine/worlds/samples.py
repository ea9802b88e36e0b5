"""Training samples by seed: a clip of source frames with the truth of each. Seeds decide train, validation and test.

G-buffers cost 70 ms and dressing 20 ms, so a pool of clips is kept and shaded anew, mirrored or not, each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import cv2
import numpy as np

from engine.config import FOLIAGE, HUD
from engine.worlds.art_pixels import ArtPixels
from engine.worlds.camera_effects import CameraEffects
from engine.worlds.gbuffer import GBuffer, is_winter
from engine.worlds.held_item import HeldItem, fits
from engine.worlds.hud import HudPainter
from engine.worlds.levels import random_level
from engine.worlds.looks import random_look
from engine.worlds.particles import Particles
from engine.worlds.screen_effects import ScreenEffects
from engine.worlds.shade import shade
from engine.worlds.shadows import CastShadows
from engine.worlds.shots import RenderJob
from engine.worlds.trace import trace

SPLITS = {"train": 0, "validation": 1 << 40, "test": 1 << 41}  # seeds start here and never meet
FRAME_S = 1 / 24
HELD_SHARE = 0.35  # of the clips that can be first person


@dataclass(frozen=True, kw_only=True)
class SourceFrame:
    """One frame as the engine gets it, and what it truly shows."""

    rgb: np.ndarray  # (h, w, 3) float32 in [0, 1], with HUD and camera effects
    material: np.ndarray  # (h, w) uint8, HUD included
    buffer: GBuffer


def clip_frames(seed: int, frames: int) -> list[RenderJob]:
    """One random shot, frame by frame, for a tracer; frames[0] has none before it."""
    rng = np.random.default_rng(seed)
    shot = random_level(rng)
    start = float(rng.uniform(0, 2))
    times = [start + i * FRAME_S for i in range(frames)]
    return [shot.frame(now, times[i - 1] if i else None) for i, now in enumerate(times)]


def trace_clip(seed: int, size: tuple[int, int], frames: int, device: str = "cpu") -> list[GBuffer]:
    """The G-buffers of one random shot; frames[0] has no flow. On another device by the Triton ray-marcher."""
    shot = clip_frames(seed, frames)
    if device != "cpu":
        from engine.worlds import gpu_trace  # torch: not for everyone

        return gpu_trace.to_gbuffers(gpu_trace.trace_batch(shot, size, device=device))
    return [trace(frame.scene, frame.camera, size, time_s=frame.time_s, previous=frame.previous) for frame in shot]


def mirrored(buffer: GBuffer) -> GBuffer:
    """Left and right swapped; directions with it."""
    flip = np.array([-1, 1, 1], np.float32)
    flipped = {field.name: np.ascontiguousarray(getattr(buffer, field.name)[:, ::-1]) for field in fields(buffer)}
    for name in ("position", "normal", "flow"):
        flipped[name] *= flip[: flipped[name].shape[2]]
    return GBuffer(**flipped)


def leaves_closed(buffer: GBuffer) -> GBuffer:
    """A copy in which what shows through gaps of a pixel or two between leaves is foliage too, as near as the leaves.

    Nobody would call a crown's every gap sky, and where pixels are few nobody could.
    """
    material, depth = buffer.material, buffer.depth
    leaf = (material == FOLIAGE).astype(np.uint8)
    square = np.ones((3, 3), np.uint8)
    gap = (cv2.morphologyEx(leaf, cv2.MORPH_CLOSE, square) > 0) & (leaf == 0)
    nearest = cv2.erode(np.where(leaf > 0, depth, np.float32(1e9)), square)
    gap &= depth > nearest
    return replace(
        buffer, material=np.where(gap, np.uint8(FOLIAGE), material), depth=np.where(gap, nearest, depth)
    )  # fmt: skip


def dress_clip(clip: list[GBuffer], rng: np.random.Generator) -> list[SourceFrame]:
    """Gives a clip one random look, weather, HUD, camera and screen."""
    if rng.random() < 0.5:
        clip = [mirrored(buffer) for buffer in clip]
    if rng.random() < HELD_SHARE and fits(clip[0]):
        held = HeldItem(rng, clip[0].size)
        clip = [held.put(buffer, i) for i, buffer in enumerate(clip)]
    look = random_look(rng, winter=is_winter(clip[0]))
    effects, screen = CameraEffects(rng), ScreenEffects(rng)
    pixels = ArtPixels(clip[0].size, look.pixel_px)
    particles, shadows = Particles(rng, pixels.size), CastShadows(rng, pixels.size)
    hud: HudPainter | None = None
    out = []
    for i, buffer in enumerate(clip):
        small = pixels.reduced(buffer)
        rgb = shade(small, look)
        shadows.draw(rgb, small)
        closed = leaves_closed(small)
        material = closed.material.copy()
        particles.draw(rgb, material, i)
        rgb, material = pixels.enlarged(effects(rgb)), pixels.enlarged(material)
        hud = hud or HudPainter(rng, rgb)
        material[hud.draw(rgb, buffer)] = HUD
        material[screen.bars(material.shape)] = HUD  # of a film scene or a narrower game: not of the world
        seen = replace(
            pixels.blocky(buffer), material=pixels.enlarged(closed.material), depth=pixels.enlarged(closed.depth)
        )
        out.append(SourceFrame(rgb=screen(rgb, rng, i), material=material, buffer=seen))
    return out


def clips(split: str, size: tuple[int, int], *, frames: int = 1, worker: int = 0, workers: int = 1, pool: int = 1200,
          fresh: float = 0.25) -> Iterator[list[SourceFrame]]:  # fmt: skip
    """Endless random clips; a share of `fresh` new scenes, the rest from the pool. Deterministic by its arguments.

    `pool` counts clips of 144x256, 2 MB a frame; of larger ones as many as that memory holds, and at least 8.
    """
    pool = max(min(8, pool), min(pool, pool * 144 * 256 // (size[0] * size[1])))
    rng = np.random.default_rng([SPLITS[split], worker])
    seed = SPLITS[split] + worker
    kept: list[list[GBuffer]] = []
    while True:
        if len(kept) < 8 or rng.random() < fresh:
            clip = trace_clip(seed, size, frames)
            seed += workers
            if len(kept) < pool:
                kept.append(clip)
            else:
                kept[int(rng.integers(pool))] = clip
        else:
            clip = kept[int(rng.integers(len(kept)))]
        yield dress_clip(clip, rng)
