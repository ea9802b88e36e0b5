"""Traces many frames of many scenes at once on a GPU: packs scenes and cameras for `kernels.raymarch`.

The same frames as `trace.py` gives one by one, as tensors that stay on the device. Knows nothing of how it is done.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import torch
from torch import Tensor

from engine.worlds.gbuffer import SKY_INSTANCE, SPACE_INSTANCE, GBuffer
from engine.worlds.scene import (
    COLUMNS,
    CX,
    CZ,
    INSTANCE,
    KIND,
    MATERIAL,
    RAGGED,
    RIDGE_SAMPLES,
    SPRITE,
    SX,
    SZ,
    WATER,
    YAW,
    Camera,
    Scene,
)
from engine.worlds.shots import RenderJob
from engine.worlds.trace import RIDGE_INSTANCE, WATER_INSTANCE
from kernels.raymarch import TILE, Batch, Eyes, Labels, Scenes, Seen, Solids, raymarch_batch

LABELS = Labels(water=WATER, water_instance=WATER_INSTANCE, ridge_instance=RIDGE_INSTANCE)
NO_RIDGE = -1e9  # tangent of elevation: below every ray


def trace_batch(frames: Sequence[RenderJob], size: tuple[int, int], *, device: str | torch.device,
                tile: tuple[int, int] = TILE) -> Seen:  # fmt: skip
    """The frames, (f, h, w, ...) tensors on the device. Their height maps must be of one size."""
    return raymarch_batch(pack(frames, device), size, LABELS, tile=tile)


def pack(frames: Sequence[RenderJob], device: str | torch.device) -> Batch:
    """The frames as tensors; a scene that several of them share is uploaded once."""
    scenes = list({id(frame.scene): frame.scene for frame in frames}.values())
    number = {id(scene): i for i, scene in enumerate(scenes)}
    before = [frame.previous or (frame.camera, frame.time_s) for frame in frames]
    return Batch(
        scenes=_pack_scenes(scenes, device),
        scene=_put([number[id(frame.scene)] for frame in frames], torch.int32, device),
        eyes=_pack_eyes([frame.camera for frame in frames], device),
        before=_pack_eyes([camera for camera, _ in before], device),
        has_before=_put([frame.previous is not None for frame in frames], torch.bool, device),
        solids=_pack_solids(frames, [time_s for _, time_s in before], scenes, device),
    )


def to_gbuffers(seen: Seen) -> list[GBuffer]:
    """The frames one by one on the CPU, as `trace` gives them."""
    arrays = {field.name: getattr(seen, field.name).cpu().numpy() for field in fields(GBuffer)}
    return [GBuffer(**{name: array[i] for name, array in arrays.items()}) for i in range(len(seen.depth))]


def _put(values: object, dtype: torch.dtype, device: str | torch.device) -> Tensor:
    return torch.as_tensor(np.asarray(values)).to(dtype).to(device).contiguous()


def _pack_scenes(scenes: Sequence[Scene], device: str | torch.device) -> Scenes:
    layers = max(len(scene.ridges) for scene in scenes)
    ridges = np.full((len(scenes), layers, RIDGE_SAMPLES), NO_RIDGE, np.float32)
    ridge_material = np.zeros((len(scenes), layers), np.uint8)
    for i, scene in enumerate(scenes):
        ridges[i, : len(scene.ridges)] = scene.ridges
        ridge_material[i, : len(scene.ridges)] = scene.ridge_material
    return Scenes(
        heights=_put([scene.heights for scene in scenes], torch.float32, device),
        ground_material=_put([scene.ground_material for scene in scenes], torch.uint8, device),
        ground_instance=_put([scene.ground_instance for scene in scenes], torch.int32, device),
        cell_m=_put([scene.cell_m for scene in scenes], torch.float64, device),
        water_level=_put([scene.water_level for scene in scenes], torch.float64, device),
        ridges=_put(ridges, torch.float32, device),
        ridge_material=_put(ridge_material, torch.uint8, device),
        seed=_put([scene.seed for scene in scenes], torch.int32, device),
        sky_instance=_put(
            [SPACE_INSTANCE if scene.in_space else SKY_INSTANCE for scene in scenes], torch.int32, device
        ),
        sprites=_put(np.concatenate([scene.sprites for scene in scenes]), torch.uint8, device),
    )


def _pack_eyes(cameras: Sequence[Camera], device: str | torch.device) -> Eyes:
    return Eyes(
        basis=_put([camera.basis() for camera in cameras], torch.float64, device),
        tan_half=_put([math.tan(camera.fov / 2) for camera in cameras], torch.float64, device),
    )


def _pack_solids(frames: Sequence[RenderJob], before_s: Sequence[float], scenes: Sequence[Scene],
                 device: str | torch.device) -> Solids:  # fmt: skip
    """Moved to each frame's time; frames with fewer solids are filled up with empty rows."""
    counts = [len(frame.scene.solids) for frame in frames]
    starts = np.cumsum([0, *(len(scene.sprites) for scene in scenes)])
    first_sprite = {id(scene): start for scene, start in zip(scenes, starts, strict=False)}
    rows = np.zeros((len(frames), max(1, *counts), COLUMNS))
    rows[:, :, SX : SZ + 1] = 1.0  # of the empty rows too: sizes are divided by
    shift = np.zeros((*rows.shape[:2], 3))
    for i, (frame, earlier_s, count) in enumerate(zip(frames, before_s, counts, strict=True)):
        rows[i, :count] = frame.scene.moved(frame.time_s)
        rows[i, :count, SPRITE] += first_sprite[id(frame.scene)]
        shift[i, :count] = frame.scene.moved(earlier_s)[:, CX : CZ + 1] - rows[i, :count, CX : CZ + 1]
    packed = _put(rows, torch.float64, device)
    return Solids(
        count=_put(counts, torch.int32, device),
        kind=packed[..., KIND].int(),
        material=packed[..., MATERIAL].int(),
        instance=packed[..., INSTANCE].int(),
        sprite=packed[..., SPRITE].int(),
        center=packed[..., CX : CZ + 1],
        half=packed[..., SX : SZ + 1],
        yaw=packed[..., YAW],
        ragged=packed[..., RAGGED],
        shift=_put(shift, torch.float64, device),
    )
