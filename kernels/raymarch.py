"""G-buffers of a whole batch of frames in one launch: the training worlds' tracer for a GPU. Knows nothing of scenes.

The specification is `engine/worlds/trace.py` (with `hit.py`): the same closed forms for solids, the same search along
the terrain, the same screen rectangles; the tests hold it to `trace.py` and to the torch reference `raymarch.py` there.
What belongs to a solid and a frame (its rectangle, the eye in its space) is computed here in float64, once; what
belongs to a pixel in fp32 by `raymarch_triton.py`. trace.py has doubles there too. So fp32 differs
- by a rounding of the ray, 6e-8 of the distance: 4e-6 m at 70 m;
- in a solid's closed form, which is therefore evaluated around the ray's point nearest to its centre (unit_solids.py);
- in noise at large coordinates: far ridges are drawn at up to 300 units, 3e-5 of a unit is lost;
- at silhouettes, where either answer is right to half a rounding: about one pixel in some thousands.

f frames of s scenes, n solids in the largest frame, g cells a side of the height maps, l far ridges in the most ridged
scene, m part maps; lengths in metres, y up. Importing this needs torch, calling it needs triton: a CUDA device, or the
interpreter (TRITON_INTERPRET=1) and CPU tensors.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from kernels.solid_kinds import BILLBOARD

SKY_DEPTH_M = 1000.0
TILE = (4, 8)  # pixels of one program: a warp, so that its loops end by themselves and its branches are its own
CHUNK = 32  # rectangles that a program tests at once


@dataclass(frozen=True, kw_only=True)
class Scenes:
    """What stays for all frames of a scene."""

    heights: Tensor  # (s, g, g) float32 over z (rows) and x (columns), centred on the origin
    ground_material: Tensor  # (s, g, g) uint8
    ground_instance: Tensor  # (s, g, g) int32
    cell_m: Tensor  # (s,) float64, side of a cell
    water_level: Tensor  # (s,) float64, -inf where there is none
    ridges: Tensor  # (s, l, samples) float32 tangent of elevation around the horizon; -1e9 in a layer that is not there
    ridge_material: Tensor  # (s, l) uint8
    seed: Tensor  # (s,) int32, of the noise
    sky_instance: Tensor  # (s,) int32
    sprites: Tensor  # (m, 64, 64) uint8 part maps of all scenes


@dataclass(frozen=True, kw_only=True)
class Eyes:
    """A camera for each frame: basis is eye, right, up, forward."""

    basis: Tensor  # (f, 4, 3) float64
    tan_half: Tensor  # (f,) float64, of half the horizontal field of view


@dataclass(frozen=True, kw_only=True)
class Solids:
    """Where the solids are in each frame; rows from a frame's `count` on are not looked at."""

    count: Tensor  # (f,) int32
    kind: Tensor  # (f, n) int32, as numbered in solid_kinds.py
    material: Tensor  # (f, n) int32
    instance: Tensor  # (f, n) int32
    sprite: Tensor  # (f, n) int32, into Scenes.sprites
    center: Tensor  # (f, n, 3) float64
    half: Tensor  # (f, n, 3) float64 half extents
    yaw: Tensor  # (f, n) float64
    ragged: Tensor  # (f, n) float64, share of holes; negative mirrors a billboard
    shift: Tensor  # (f, n, 3) float64, center in the frame before minus center


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Frames that one launch renders."""

    scenes: Scenes
    scene: Tensor  # (f,) int32, which one a frame shows
    eyes: Eyes
    before: Eyes  # of the frame before
    has_before: Tensor  # (f,) bool; without one the flow is zero
    solids: Solids


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What the numbers of water and ridges are; sky is material 0."""

    water: int
    water_instance: int
    ridge_instance: int  # of layer 0, counting up


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The frames, as `engine.worlds.gbuffer.GBuffer` has one."""

    material: Tensor  # (f, h, w) uint8
    instance: Tensor  # (f, h, w) int32
    depth: Tensor  # (f, h, w) float32 metres from the eye
    position: Tensor  # (f, h, w, 3) float32; for sky and ridges their direction
    normal: Tensor  # (f, h, w, 3) float32
    uv: Tensor  # (f, h, w, 2) float32
    flow: Tensor  # (f, h, w, 2) float32 pixels, where a point was in the frame before minus where it is; 1e4: behind


def raymarch_batch(batch: Batch, size: tuple[int, int], labels: Labels, *, tile: tuple[int, int] = TILE,
                   warps: int = 1) -> Seen:  # fmt: skip
    """Frames of `size` (h, w) on the tensors' device. `tile` (rows, columns, powers of 2) and `warps` say only how."""
    from kernels.raymarch_triton import raymarch_tile

    scenes, solids = batch.scenes, batch.solids
    h, w = size
    f, n = solids.kind.shape
    device = solids.kind.device
    frame_floats, frame_ints = _frame_tables(batch)
    solid_floats, solid_ints, rectangles = _solid_tables(batch.eyes, solids, size)

    def empty(dtype: torch.dtype, *channels: int) -> Tensor:
        return torch.empty(f, h, w, *channels, dtype=dtype, device=device)

    seen = Seen(
        material=empty(torch.uint8), instance=empty(torch.int32), depth=empty(torch.float32),
        position=empty(torch.float32, 3), normal=empty(torch.float32, 3), uv=empty(torch.float32, 2),
        flow=empty(torch.float32, 2),
    )  # fmt: skip
    tiles = -(-h // tile[0]) * -(-w // tile[1])
    raymarch_tile[(tiles, f)](
        frame_floats, frame_ints, solid_floats, solid_ints, rectangles, scenes.sprites, scenes.heights,
        scenes.ground_material, scenes.ground_instance, scenes.ridges, scenes.ridge_material, seen.material,
        seen.instance, seen.depth, seen.position, seen.normal, seen.uv, seen.flow, h, w, n, scenes.heights.shape[1],
        scenes.ridges.shape[1], labels.water, labels.water_instance, labels.ridge_instance, SKY_DEPTH=SKY_DEPTH_M,
        RIDGE_SAMPLES=scenes.ridges.shape[2], TILE_H=tile[0], TILE_W=tile[1], CHUNK=CHUNK, num_warps=warps,
    )  # fmt: skip
    return seen


def _frame_tables(batch: Batch) -> tuple[Tensor, Tensor]:
    """(f, 32) float32: camera, travel since the frame before, camera before, scene; (f, 4) int32."""
    scenes, eyes, before = batch.scenes, batch.eyes, batch.before
    which = batch.scene.long()
    f = len(which)
    floats = torch.zeros(f, 32, dtype=torch.float64, device=which.device)
    floats[:, :12] = eyes.basis.reshape(f, 12)
    floats[:, 12] = eyes.tan_half
    floats[:, 13:16] = eyes.basis[:, 0] - before.basis[:, 0]
    floats[:, 16:25] = before.basis[:, 1:].reshape(f, 9)
    floats[:, 25] = before.tan_half
    floats[:, 26] = batch.has_before
    floats[:, 27] = scenes.cell_m[which]
    floats[:, 28] = scenes.water_level[which]
    ints = torch.stack([batch.scene, batch.solids.count, scenes.seed[which], scenes.sky_instance[which]], dim=1)
    return floats.float(), ints.int()


def _solid_tables(eyes: Eyes, solids: Solids, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """(f, n, 16) float32 and (f, n, 4) int32 a solid, and the rectangles (f, 4, n) int32: top, bottom, left, right."""
    away = solids.center - eyes.basis[:, None, 0]  # (f, n, 3)
    x, y, z = away.unbind(-1)
    flat = torch.hypot(x, z) + 1e-9
    turns = solids.kind == BILLBOARD
    cos = torch.where(turns, z / flat, solids.yaw.cos())
    sin = torch.where(turns, x / flat, solids.yaw.sin())
    eye = torch.stack([-x * cos + z * sin, -y, -x * sin - z * cos], dim=-1) / solids.half
    parts = (eye, cos[..., None], sin[..., None], 1 / solids.half, solids.half, solids.ragged[..., None], solids.shift)
    floats = torch.cat([*parts, torch.zeros_like(cos)[..., None]], dim=-1).float()
    ints = torch.stack([solids.kind, solids.material, solids.instance, solids.sprite], dim=-1)
    return floats, ints, _rectangles(eyes, solids, away, size)


def _rectangles(eyes: Eyes, solids: Solids, away: Tensor, size: tuple[int, int]) -> Tensor:
    """(f, 4, n) int32: a little more than where each solid can be seen; none behind the eye, all where it is near."""
    h, w = size
    across, upward, forward = (away @ eyes.basis[:, 1:].transpose(1, 2)).unbind(-1)
    pixels_per_unit = w / 2 / eyes.tan_half[:, None]
    radius = solids.half.norm(dim=-1)
    apart = forward > radius * 1.2 + 0.05
    depth = torch.where(apart, forward, 1.0)
    reach = radius / torch.where(apart, forward - radius, 1.0) * pixels_per_unit + 1.0
    reach = reach * (1.0 + (across.abs() + upward.abs()) / depth * 0.5)
    column = w / 2 + across / depth * pixels_per_unit
    row = h / 2 - upward / depth * pixels_per_unit
    low, high = torch.zeros_like(depth), torch.ones_like(depth)
    edges = [
        torch.where(apart, (row - reach).clamp(0, h), low),
        torch.where(apart, (row + reach + 2).clamp(0, h), high * h),
        torch.where(apart, (column - reach).clamp(0, w), low),
        torch.where(apart, (column + reach + 2).clamp(0, w), high * w),
    ]
    edges[1] = torch.where(forward < -radius, -1.0, edges[1])  # behind the eye: no tile's
    return torch.stack(edges, dim=1).int()
