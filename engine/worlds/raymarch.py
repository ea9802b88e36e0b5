"""The reference of `trace.py`: the same G-buffer by plainly marching signed distances, in torch, fp32, any device.

Slow (a second at 128x72 on one core) and obvious: every ray takes steps as long as the distance to the surface until it
is there. A solid is marched in its own space, where it is a unit box, ball, cone, cylinder, gable or pyramid; the ray
is scaled with it, so its parameter stays metres in the world. n is the number of rays, one a pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.config import WATER
from engine.worlds.gbuffer import SKY_DEPTH, SKY_INSTANCE, SPACE_INSTANCE, GBuffer
from engine.worlds.scene import (
    BILLBOARD,
    BOX,
    CONE,
    CX,
    CZ,
    ELLIPSOID,
    GABLE,
    INSTANCE,
    KIND,
    MATERIAL,
    PYRAMID,
    RAGGED,
    RIDGE_SAMPLES,
    SPRITE,
    SX,
    SZ,
    YAW,
    Camera,
    Scene,
)
from engine.worlds.trace import FAR_M, RIDGE_INSTANCE, WATER_INSTANCE

SOLID_STEPS = 160  # a grazing ray of a cone needs 120
TOUCH = 4e-4  # of a solid's half size: nearer than this is a hit (fp32 leaves 1e-4 at 70 m from a small one)
BALL = math.sqrt(3.0)  # every unit solid lies in this radius


@dataclass(kw_only=True)
class _Seen:
    """What the rays have hit so far; (n, ...) each."""

    material: Tensor
    instance: Tensor
    depth: Tensor
    position: Tensor
    normal: Tensor
    uv: Tensor
    owner: Tensor  # row of the solids; -1 what does not move

    def put(self, hit: Tensor, **values: Tensor | int | float) -> None:
        """Overwrite at the rays of `hit` (indices)."""
        for name, value in values.items():
            getattr(self, name)[hit] = torch.as_tensor(value, dtype=getattr(self, name).dtype, device=hit.device)


def raymarch(scene: Scene, camera: Camera, size: tuple[int, int], *, time_s: float = 0.0,
             previous: tuple[Camera, float] | None = None, device: str | torch.device = "cpu") -> GBuffer:  # fmt: skip
    """The frame that `camera` sees at `time_s`, as `trace` gives it; `previous` is the frame before, for the flow."""
    h, w = size
    basis = torch.tensor(camera.basis(), dtype=torch.float32, device=device)
    eye, rays = basis[0], _rays(basis, camera.fov, size)
    solids = scene.moved(time_s)
    seen = _sky(rays, SPACE_INSTANCE if scene.in_space else SKY_INSTANCE)
    _ridges(scene, rays, seen)
    _ground(scene, eye, rays, seen)
    for row, solid in enumerate(solids):
        if solid[KIND] == BILLBOARD:
            _billboard(solid, row, scene.sprites, eye, rays, seen)
        else:
            _solid(solid, row, scene.seed, eye, rays, seen)
    flow = torch.zeros(len(rays), 2, device=device)
    if previous is not None:
        before, before_s = previous
        shift = torch.tensor(scene.moved(before_s)[:, CX : CZ + 1] - solids[:, CX : CZ + 1], device=device)
        flow = _flow(before, shift.float(), seen, size)
    arrays = {
        name: getattr(seen, name).cpu().numpy().reshape(h, w, *getattr(seen, name).shape[1:])
        for name in ("material", "instance", "depth", "position", "normal", "uv")
    }
    return GBuffer(**arrays, flow=flow.cpu().numpy().reshape(h, w, 2))


def value_noise(x: Tensor, y: Tensor, seed: int) -> Tensor:
    """`engine.worlds.noise.value_noise` on tensors of any float type."""
    ix, iy = torch.floor(x).long(), torch.floor(y).long()
    u, v = x - torch.floor(x), y - torch.floor(y)
    u, v = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v)

    def corner(dx: int, dy: int) -> Tensor:
        n = ((ix + dx) * 374761393 + (iy + dy) * 668265263 + seed * 974711) & 0xFFFFFFFF
        n = ((n ^ (n >> 13)) * 1274126177) & 0xFFFFFFFF
        return ((n ^ (n >> 16)) & 0xFFFFFF).to(x.dtype) / 16777216.0

    top = corner(0, 0) * (1.0 - u) + corner(1, 0) * u
    bottom = corner(0, 1) * (1.0 - u) + corner(1, 1) * u
    return top * (1.0 - v) + bottom * v


def _rays(basis: Tensor, fov: float, size: tuple[int, int]) -> Tensor:
    """(n, 3) unit directions through the middles of the pixels, row by row."""
    h, w = size
    tan_half = math.tan(fov / 2)
    u = ((torch.arange(w, device=basis.device) + 0.5) / w * 2.0 - 1.0) * tan_half
    v = (1.0 - (torch.arange(h, device=basis.device) + 0.5) / h * 2.0) * tan_half * h / w
    rays = basis[3] + u[None, :, None] * basis[1] + v[:, None, None] * basis[2]
    return torch.nn.functional.normalize(rays.reshape(-1, 3), dim=1)


def _sky(rays: Tensor, number: int) -> _Seen:
    n, device = len(rays), rays.device
    lift = torch.clamp(rays[:, 1].abs() + 0.02, min=0.06)
    uv = torch.stack([rays[:, 0] / lift * 2.0, rays[:, 2] / lift * 2.0 + rays[:, 1] * 3.0], dim=1)
    return _Seen(
        material=torch.zeros(n, dtype=torch.uint8, device=device),
        instance=torch.full((n,), number, dtype=torch.int32, device=device),
        depth=torch.full((n,), SKY_DEPTH, device=device),
        position=rays.clone(),
        normal=-rays,
        uv=uv,
        owner=torch.full((n,), -1, dtype=torch.long, device=device),
    )


def _ridges(scene: Scene, rays: Tensor, seen: _Seen) -> None:
    azimuth = torch.atan2(rays[:, 0], rays[:, 2])
    slope = rays[:, 1] / (torch.hypot(rays[:, 0], rays[:, 2]) + 1e-9)
    angle = (azimuth / (2 * math.pi) + 0.5) * (RIDGE_SAMPLES - 1)
    sample = angle.long().clamp(0, RIDGE_SAMPLES - 1)
    part = angle - sample
    for layer, (line, kind) in enumerate(zip(scene.ridges, scene.ridge_material, strict=True)):
        tops = torch.tensor(line, device=rays.device)
        top = tops[sample] * (1 - part) + tops[(sample + 1).clamp(max=RIDGE_SAMPLES - 1)] * part
        hit = torch.nonzero(slope < top)[:, 0]
        uv = torch.stack([azimuth[hit], slope[hit]], dim=1) * 24.0
        px, py = uv[:, 0], uv[:, 1]
        lean = value_noise(px * 1.2 + py * 0.5, py * 0.7, scene.seed + layer) - 0.5
        lean2 = value_noise(px * 4.0 - py, py * 3.0, scene.seed + layer + 3) - 0.5
        normal = torch.stack([1.6 * lean + lean2, torch.full_like(px, 0.45), torch.full_like(px, -0.6)], dim=1)
        seen.put(hit, material=int(kind), instance=RIDGE_INSTANCE + layer, depth=900.0 - layer * 90.0, uv=uv,
                 normal=torch.nn.functional.normalize(normal, dim=1))  # fmt: skip


def _height(heights: Tensor, cell_m: float, x: Tensor, z: Tensor) -> Tensor:
    g = heights.shape[0]
    fx, fz = ((p / cell_m + g / 2).clamp(0.0, g - 1.001) for p in (x, z))
    ix, iz = fx.long(), fz.long()
    u, v = fx - ix, fz - iz
    top = heights[iz, ix] * (1 - u) + heights[iz, ix + 1] * u
    bottom = heights[iz + 1, ix] * (1 - u) + heights[iz + 1, ix + 1] * u
    return top * (1 - v) + bottom * v


def _march_ground(heights: Tensor, cell_m: float, eye: Tensor, rays: Tensor) -> Tensor:
    """(n,) distance to the height map, -1 where it is missed: a third of the height above ground at a time."""

    def above(t: Tensor, which: Tensor) -> Tensor:
        at = eye + rays[which] * t[which, None]
        return at[:, 1] - _height(heights, cell_m, at[:, 0], at[:, 2])

    n = len(rays)
    t, before = (torch.full((n,), start, device=rays.device) for start in (0.2, 0.0))
    under = torch.zeros(n, dtype=torch.bool, device=rays.device)
    going = torch.arange(n, device=rays.device)
    while len(going):
        gap = above(t, going)
        under[going[gap < 0]] = True
        going, gap = going[gap >= 0], gap[gap >= 0]
        before[going] = t[going]
        t[going] += torch.maximum(0.03 + 0.003 * t[going], gap / 3)
        climbs_out = (rays[going, 1] > 0) & (eye[1] + rays[going, 1] * t[going] > 80.0)
        going = going[(t[going] < FAR_M) & ~climbs_out]
    hit = torch.nonzero(under)[:, 0]
    for _ in range(16):  # between the last point above and the first below
        middle = (before + t) / 2
        below = above(middle, hit) < 0
        t[hit[below]] = middle[hit[below]]
        before[hit[~below]] = middle[hit[~below]]
    return torch.where(under, t, torch.full_like(t, -1.0))


def _ground(scene: Scene, eye: Tensor, rays: Tensor, seen: _Seen) -> None:
    device = rays.device
    heights = torch.tensor(scene.heights, device=device)
    t = _march_ground(heights, scene.cell_m, eye, rays)
    water_t = torch.full_like(t, -1.0)
    if math.isfinite(scene.water_level) and float(eye[1]) > scene.water_level:
        down = rays[:, 1] < -1e-6
        water_t[down] = (scene.water_level - eye[1]) / rays[down, 1]
    is_water = (water_t > 0) & (water_t < FAR_M) & ((t < 0) | (water_t < t))
    hit = torch.nonzero(is_water)[:, 0]
    at = eye + rays[hit] * water_t[hit, None]
    seen.put(hit, material=WATER, instance=WATER_INSTANCE, depth=water_t[hit], position=at, uv=at[:, [0, 2]],
             normal=torch.tensor((0.0, 1.0, 0.0), device=device).expand(len(hit), 3))  # fmt: skip
    hit = torch.nonzero((t > 0) & ~is_water)[:, 0]
    at = eye + rays[hit] * t[hit, None]
    x, z = at[:, 0], at[:, 2]
    g = heights.shape[0]
    ix, iz = ((p / scene.cell_m + g / 2).long().clamp(0, g - 1) for p in (x, z))
    e = scene.cell_m * 0.7
    slope_x = _height(heights, scene.cell_m, x + e, z) - _height(heights, scene.cell_m, x - e, z)
    slope_z = _height(heights, scene.cell_m, x, z + e) - _height(heights, scene.cell_m, x, z - e)
    normal = torch.stack([-slope_x, torch.full_like(x, 2 * e), -slope_z], dim=1)
    seen.put(
        hit, material=torch.tensor(scene.ground_material, device=device)[iz, ix],
        instance=torch.tensor(scene.ground_instance, device=device)[iz, ix], depth=t[hit], position=at,
        normal=torch.nn.functional.normalize(normal, dim=1), uv=at[:, [0, 2]],
    )  # fmt: skip


def _distance(kind: int, p: Tensor) -> Tensor:
    """(n,) signed distance, or less, of points (n, 3) to a unit solid."""
    if kind == BOX:
        q = p.abs() - 1.0
        return q.clamp(min=0).norm(dim=1) + q.amax(dim=1).clamp(max=0)
    if kind == ELLIPSOID:
        return p.norm(dim=1) - 1.0
    y, radius = p[:, 1], torch.hypot(p[:, 0], p[:, 2])
    if kind in (GABLE, PYRAMID):
        slope_x, slope_z = ((p[:, i].abs() - (1 - y) / 2) / math.hypot(1.0, 0.5) for i in (0, 2))
        ends = slope_z if kind == PYRAMID else p[:, 2].abs() - 1.0
        return torch.maximum(torch.maximum(slope_x, ends), -1.0 - y)
    side = (radius - (1 - y) / 2) / math.hypot(1.0, 0.5) if kind == CONE else radius - 1.0
    return torch.maximum(side, y.abs() - 1.0)


def _own_space(solid: np.ndarray, eye: Tensor, rays: Tensor, sin: float, cos: float) -> tuple[Tensor, Tensor]:
    """The eye (3,) and the rays (n, 3) where the solid is a unit solid."""
    size = torch.tensor(solid[SX : SZ + 1], dtype=torch.float32, device=rays.device)
    turn = torch.tensor(((cos, 0, -sin), (0, 1, 0), (sin, 0, cos)), dtype=torch.float32, device=rays.device)
    center = torch.tensor(solid[CX : CZ + 1], dtype=torch.float32, device=rays.device)
    return (turn @ (eye - center)) / size, (rays @ turn.T) / size


def _solid(solid: np.ndarray, row: int, seed: int, eye: Tensor, rays: Tensor, seen: _Seen) -> None:
    kind, sin, cos = int(solid[KIND]), math.sin(solid[YAW]), math.cos(solid[YAW])
    origin, direction = _own_space(solid, eye, rays, sin, cos)
    inside = bool(_distance(kind, origin[None])[0] < 0)
    if inside and kind in (BOX, ELLIPSOID, GABLE, PYRAMID):
        return  # the eye is in it: not drawn
    speed = direction.norm(dim=1)
    closest = -(direction @ origin) / speed**2
    off_axis = (origin + direction * closest[:, None]).norm(dim=1)
    which = torch.nonzero((off_axis < BALL) & ((closest > 0) | bool(origin.norm() < BALL)))[:, 0]
    reach = (BALL**2 - off_axis[which] ** 2).clamp(min=0).sqrt() / speed[which]
    t = (closest[which] - reach).clamp(min=1e-4)
    end = closest[which] + reach
    d = direction[which]
    arrived = torch.zeros_like(t, dtype=torch.bool)
    going = torch.arange(len(t), device=t.device)
    for _ in range(SOLID_STEPS):
        gap = _distance(kind, origin + d[going] * t[going, None]).abs()
        arrived[going[gap <= TOUCH]] = True
        going, gap = going[gap > TOUCH], gap[gap > TOUCH]
        t[going] += gap / speed[which[going]]
        going = going[t[going] <= end[going]]
        if len(going) == 0:
            break
    nearer = arrived & (t > 1e-3) & (t < seen.depth[which])
    hit, t = which[nearer], t[nearer]
    local = origin + direction[hit] * t[:, None]
    if solid[RAGGED] > 0:
        around = (local[:, 0] + 0.7 * local[:, 2]) * 7.0
        kept = value_noise(around, local[:, 1] * 9.0, seed + int(solid[INSTANCE])) >= solid[RAGGED]
        hit, t, local = hit[kept], t[kept], local[kept]
    size = torch.tensor(solid[SX : SZ + 1], dtype=torch.float32, device=rays.device)
    normal = _slope(kind, local) / size
    u, v = _side_of(normal, local * size)
    seen.put(
        hit, material=int(solid[MATERIAL]), instance=int(solid[INSTANCE]), depth=t,
        position=eye + rays[hit] * t[:, None], normal=_into_world(normal, sin, cos),
        uv=torch.stack([u, v], dim=1), owner=row,
    )  # fmt: skip


def _slope(kind: int, p: Tensor) -> Tensor:
    """(n, 3) which way the distance grows, by small differences."""
    e = 1e-3
    steps = torch.eye(3, device=p.device) * e
    return torch.stack([_distance(kind, p + s) - _distance(kind, p - s) for s in steps], dim=1) / (2 * e)


def _side_of(normal: Tensor, metres: Tensor) -> tuple[Tensor, Tensor]:
    """Surface coordinates: the two axes along the face that the normal says."""
    a = normal.abs()
    top = (a[:, 1] > a[:, 0]) & (a[:, 1] > a[:, 2])
    front = ~top & (a[:, 2] > a[:, 0])
    x, y, z = metres.unbind(dim=1)
    return torch.where(top | front, x, z), torch.where(top, z, y)


def _into_world(normal: Tensor, sin: float, cos: float) -> Tensor:
    nx, ny, nz = normal.unbind(dim=1)
    return torch.nn.functional.normalize(torch.stack([nx * cos + nz * sin, ny, nz * cos - nx * sin], dim=1), dim=1)


def _billboard(solid: np.ndarray, row: int, sprites: np.ndarray, eye: Tensor, rays: Tensor, seen: _Seen) -> None:
    x, _, z = solid[CX : CZ + 1] - eye.cpu().numpy()
    flat = math.hypot(x, z) + 1e-9
    sin, cos = x / flat, z / flat  # turned to face the eye
    origin, direction = _own_space(solid, eye, rays, sin, cos)
    t = torch.where(direction[:, 2] > 1e-6, -origin[2] / direction[:, 2], -1.0)
    at = origin + direction * t[:, None]
    u, v = at[:, 0], at[:, 1]
    hit = torch.nonzero((u.abs() < 1) & (v.abs() < 1) & (t > 1e-3) & (t < seen.depth))[:, 0]
    side = u[hit] if solid[RAGGED] >= 0 else -u[hit]
    picture = torch.tensor(sprites[int(solid[SPRITE])], device=rays.device)
    part = picture[((1 - v[hit]) * 32).long().clamp(0, 63), ((side + 1) * 32).long().clamp(0, 63)].int()
    hit, part = hit[part > 0], part[part > 0]
    u, v = u[hit], v[hit]
    normal = torch.stack([u * 0.6, 0.3 + v * 0.3, torch.full_like(u, -0.8)], dim=1)
    seen.put(
        hit, material=int(solid[MATERIAL]), instance=int(solid[INSTANCE]) + part, depth=t[hit],
        position=eye + rays[hit] * t[hit, None], normal=_into_world(normal, sin, cos),
        uv=torch.stack([u * solid[SX], v * solid[SX + 1]], dim=1), owner=row,
    )  # fmt: skip


def _flow(before: Camera, shift: Tensor, seen: _Seen, size: tuple[int, int]) -> Tensor:
    """(n, 2) pixels: where each point was in the frame before, minus where it is. (1e4, 1e4): behind the eye."""
    h, w = size
    basis = torch.tensor(before.basis(), dtype=torch.float32, device=seen.depth.device)
    tan_half = math.tan(before.fov / 2)
    near = seen.depth < 700.0  # sky and ridges hold their direction in `position` and turn with the camera only
    at = torch.where(near[:, None], seen.position - basis[0], seen.position)
    moves = near & (seen.owner >= 0)
    at[moves] += shift[seen.owner[moves]]
    right, up, ahead = (at @ basis[1:].T).unbind(dim=1)
    u, v = right / ahead / tan_half, up / ahead / tan_half * w / h
    column, row = torch.arange(w, device=at.device).repeat(h), torch.arange(h, device=at.device).repeat_interleave(w)
    flow = torch.stack([(u + 1) * 0.5 * w - 0.5 - column, (1 - v) * 0.5 * h - 0.5 - row], dim=1)
    flow[ahead < 1e-4] = 1e4
    return flow
