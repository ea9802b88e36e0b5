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
from engine.worlds.gbuffer import UNSEEN_PX, GBuffer, is_cut, is_of_blocks, is_repeated, is_winter
from engine.worlds.held_item import HeldItem, fits
from engine.worlds.hud import HudPainter
from engine.worlds.looks import WorldLook, random_look
from engine.worlds.particles import Particles
from engine.worlds.screen_effects import ScreenEffects
from engine.worlds.shade import shade
from engine.worlds.shadows import CastShadows
from engine.worlds.timeline import clip_frames
from engine.worlds.trace import trace

SPLITS = {"train": 0, "validation": 1 << 40, "test": 1 << 41}  # seeds start here and never meet
HELD_SHARE = 0.35  # of the shots that can be first person
NEW_LOOK_SHARE = 0.4  # of the cuts
DIP_SHARE, DIP_FRAMES = 0.35, 4  # of the cuts that fade out and in, and how long either takes
MENU_SHARE = 0.5  # of the pauses


@dataclass(frozen=True, kw_only=True)
class SourceFrame:
    """One frame as the engine gets it, and what it truly shows."""

    rgb: np.ndarray  # (h, w, 3) float32 in [0, 1], with HUD and camera effects
    material: np.ndarray  # (h, w) uint8, HUD included
    buffer: GBuffer


def trace_clip(seed: int, size: tuple[int, int], frames: int, device: str = "cpu") -> list[GBuffer]:
    """The G-buffers of one random clip; frames[0] has no flow. On another device by the Triton ray-marcher."""
    jobs = clip_frames(seed, frames)
    live = [job for job in jobs if not job.repeats]
    if device != "cpu":
        from engine.worlds import gpu_trace  # torch: not for everyone

        traced = iter(gpu_trace.to_gbuffers(gpu_trace.trace_batch(live, size, device=device)))
    else:
        traced = (trace(job.scene, job.camera, size, time_s=job.time_s, previous=job.previous) for job in live)
    out: list[GBuffer] = []
    for job in jobs:
        buffer = _again(out[-1]) if job.repeats else next(traced)
        if job.cuts:
            buffer.flow[:] = UNSEEN_PX
        out.append(buffer)
    return out


def _again(buffer: GBuffer) -> GBuffer:
    """The same frame once more."""
    return replace(buffer, flow=np.zeros_like(buffer.flow))


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


class _Wardrobe:
    """What one shot wears: look, weather, shadows, and what the player holds."""

    def __init__(self, rng: np.random.Generator, look: WorldLook, first: GBuffer, effects: CameraEffects) -> None:
        self._look, self._effects = look, effects
        self._held = HeldItem(rng, first.size) if rng.random() < HELD_SHARE and fits(first) else None
        self._pixels = ArtPixels(first.size, look.pixel_px)
        self._particles, self._shadows = Particles(rng, self._pixels.size), CastShadows(rng, self._pixels.size)

    def put_on(self, buffer: GBuffer, index: int) -> SourceFrame:
        """The world as the game draws it, without a HUD."""
        if self._held:
            buffer = self._held.put(buffer, index)
        small = self._pixels.reduced(buffer)
        rgb = shade(small, self._look)
        self._shadows.draw(rgb, small)
        closed = leaves_closed(small)
        material = closed.material.copy()
        self._particles.draw(rgb, material, index)
        up = self._pixels.enlarged
        seen = replace(self._pixels.blocky(buffer), material=up(closed.material), depth=up(closed.depth))
        return SourceFrame(rgb=up(self._effects(rgb)), material=up(material), buffer=seen)


def dress_clip(clip: list[GBuffer], rng: np.random.Generator) -> list[SourceFrame]:
    """Gives a clip one random look, weather, HUD, camera and screen; beyond a cut the look may be another.

    What stands still is the frame before again, over which a menu may open.
    """
    if rng.random() < 0.5:
        clip = [mirrored(buffer) for buffer in clip]
    effects, screen = CameraEffects(rng), ScreenEffects(rng)
    cuts = [i for i in range(1, len(clip)) if is_cut(clip[i])]
    dips = cuts if rng.random() < DIP_SHARE else []
    winter, blocks = is_winter(clip[0]), is_of_blocks(clip[0])
    look = random_look(rng, winter=winter, blocks=blocks)
    wardrobe = _Wardrobe(rng, look, clip[0], effects)
    world = wardrobe.put_on(clip[0], 0)
    hud = HudPainter(rng, world.rgb)
    out: list[SourceFrame] = []
    index = 0  # of the frames that are not repeated
    for i, buffer in enumerate(clip):
        if i and is_repeated(buffer):
            opens = (i == 1 or not is_repeated(clip[i - 1])) and rng.random() < MENU_SHARE
            frame = _finished(world, hud.paused(), screen, rng, index) if opens else out[-1]
            out.append(replace(frame, buffer=_again(frame.buffer)))
            continue
        if i in cuts:
            before, (winter, blocks) = (winter, blocks), (is_winter(buffer), is_of_blocks(buffer))
            if rng.random() < NEW_LOOK_SHARE or before != (winter, blocks):
                look = random_look(rng, winter=winter, blocks=blocks)
            wardrobe = _Wardrobe(rng, look, buffer, effects)
        if i:
            index += 1
            world = wardrobe.put_on(buffer, index)
        if i in cuts:
            hud.now_over(world.rgb)
        away = min((i - cut if i >= cut else cut - 1 - i for cut in dips), default=DIP_FRAMES)
        out.append(_finished(world, hud, screen, rng, index, dip=max(0.0, 1 - away / DIP_FRAMES)))
    return out


def _finished(world: SourceFrame, hud: HudPainter, screen: ScreenEffects, rng: np.random.Generator, index: int,
              dip: float = 0.0) -> SourceFrame:  # fmt: skip
    """The world under its HUD, as the screen shows it."""
    rgb, material = world.rgb.copy(), world.material.copy()
    material[hud.draw(rgb, world.buffer)] = HUD
    material[screen.bars(material.shape)] = HUD  # of a film scene or a narrower game: not of the world
    return SourceFrame(rgb=screen(rgb, rng, index, dip), material=material, buffer=world.buffer)


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
