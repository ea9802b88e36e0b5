"""Where rays first hit a unit solid, in closed form: the Triton twin of `engine/worlds/hit.py`, one ray a lane.

A unit solid lies between -1 and 1 on each axis of its own space. Its kind is one for all lanes, so a branch costs only
itself. fp32: the ray is first moved to where it passes the solid's centre, since at 70 m from a solid of 0.1 m the
quadratic's discriminant would otherwise keep no digit (b * b and a * c near 5e5, their difference below 1).
"""

from __future__ import annotations

import triton
import triton.language as tl

from kernels import solid_kinds

BOX, ELLIPSOID, CONE, CYLINDER, BILLBOARD, GABLE, PYRAMID = (tl.constexpr(kind) for kind in solid_kinds.ALL)
NEAREST_M = tl.constexpr(1e-4)  # nearer than this is behind the eye
FARTHEST = tl.constexpr(1e9)


@triton.jit
def _slab(o, d):
    """(entry, exit) between -1 and 1 along one axis."""
    level = tl.abs(d) < 1e-9
    safe = tl.where(level, 1.0, d)
    a, b = (-1.0 - o) / safe, (1.0 - o) / safe
    missed = tl.abs(o) > 1.0
    entry = tl.where(level, tl.where(missed, 2 * FARTHEST, -FARTHEST), tl.minimum(a, b))
    return entry, tl.where(level, FARTHEST, tl.maximum(a, b))


@triton.jit
def _box(ox, oy, oz, dx, dy, dz):
    near_x, far_x = _slab(ox, dx)
    near_y, far_y = _slab(oy, dy)
    near_z, far_z = _slab(oz, dz)
    near = tl.maximum(near_x, tl.maximum(near_y, near_z))
    far = tl.minimum(far_x, tl.minimum(far_y, far_z))
    on_x = near_x >= tl.maximum(near_y, near_z)
    on_y = (near_y >= near_z) & ~on_x
    nx = tl.where(on_x, tl.where(dx > 0.0, -1.0, 1.0), 0.0)
    ny = tl.where(on_y, tl.where(dy > 0.0, -1.0, 1.0), 0.0)
    nz = tl.where(on_x | on_y, 0.0, tl.where(dz > 0.0, -1.0, 1.0))
    return near, near <= far, nx, ny, nz


@triton.jit
def _ellipsoid(ox, oy, oz, dx, dy, dz):
    a = dx * dx + dy * dy + dz * dz
    b = ox * dx + oy * dy + oz * dz
    disc = b * b - a * (ox * ox + oy * oy + oz * oz - 1.0)
    near = (-b - tl.sqrt(tl.maximum(disc, 0.0))) / a
    return near, disc >= 0.0, ox + dx * near, oy + dy * near, oz + dz * near


@triton.jit
def _plane(near, far, ok, nx, ny, nz, a, b, c, d, ox, oy, oz, dx, dy, dz):
    """Cuts a ray's stretch [near, far] with the half space a x + b y + c z <= d; the normal is that of `near`."""
    speed = a * dx + b * dy + c * dz
    above = a * ox + b * oy + c * oz - d
    level = tl.abs(speed) < 1e-12
    t = -above / tl.where(level, 1.0, speed)
    ok = ok & ~(level & (above > 0.0))
    far = tl.where(~level & (speed > 0.0), tl.minimum(far, t), far)
    enters = ~level & (speed < 0.0) & (t > near)
    near = tl.where(enters, t, near)
    return near, far, ok, tl.where(enters, a, nx), tl.where(enters, b, ny), tl.where(enters, c, nz)


@triton.jit
def _roof(kind, ox, oy, oz, dx, dy, dz):
    """A floor and four planes: two slopes along x, and two slopes (a pyramid) or upright ends (a gable) along z."""
    zero = tl.zeros_like(dx)
    near, far = zero - FARTHEST, zero + FARTHEST
    ok = near < far
    end_lean = tl.where(kind == PYRAMID, 0.5, 0.0)
    nx, ny, nz = zero, zero, zero
    near, far, ok, nx, ny, nz = _plane(near, far, ok, nx, ny, nz, 0.0, -1.0, 0.0, 1.0, ox, oy, oz, dx, dy, dz)
    for i in tl.static_range(2):
        side = 1.0 - 2.0 * i
        near, far, ok, nx, ny, nz = _plane(near, far, ok, nx, ny, nz, side, 0.5, 0.0, 0.5, ox, oy, oz, dx, dy, dz)
    for i in tl.static_range(2):
        side = 1.0 - 2.0 * i
        near, far, ok, nx, ny, nz = _plane(
            near, far, ok, nx, ny, nz, 0.0, end_lean, side, 1.0 - end_lean, ox, oy, oz, dx, dy, dz
        )
    return near, ok & (near <= far), nx, ny, nz


@triton.jit
def _nearer(best, nx, ny, nz, t, ok, ax, ay, az):
    taken = ok & (t < best)
    return tl.where(taken, t, best), tl.where(taken, ax, nx), tl.where(taken, ay, ny), tl.where(taken, az, nz)


@triton.jit
def _round(kind, start, ox, oy, oz, dx, dy, dz):
    """A cone of radius (1 - y) / 2 or a cylinder of radius 1, both between y = -1 and y = 1; seen from inside too."""
    k = tl.where(kind == CONE, 0.5, 0.0)
    r0 = tl.where(kind == CONE, 0.5, 1.0)  # radius at y = 0
    a = dx * dx + dz * dz - k * k * dy * dy
    b = ox * dx + oz * dz + k * dy * (r0 - k * oy)
    c = ox * ox + oz * oz - (r0 - k * oy) * (r0 - k * oy)
    disc = b * b - a * c
    crosses = (disc >= 0.0) & (tl.abs(a) > 1e-9)
    safe_a = tl.where(crosses, a, 1.0)
    root = tl.sqrt(tl.maximum(disc, 0.0))
    zero = tl.zeros_like(dx)
    best = zero + FARTHEST
    nx, ny, nz = zero, zero + 1.0, zero
    for i in tl.static_range(2):
        t = (-b + (2.0 * i - 1.0) * root) / safe_a
        y = oy + dy * t
        ok = crosses & (start + t > NEAREST_M) & (tl.abs(y) <= 1.0)
        best, nx, ny, nz = _nearer(best, nx, ny, nz, t, ok, ox + dx * t, k * (r0 - k * y), oz + dz * t)
    leans = tl.abs(dy) > 1e-9
    for i in tl.static_range(2):
        cap = 2.0 * i - 1.0
        t = (cap - oy) / tl.where(leans, dy, 1.0)
        x, z = ox + dx * t, oz + dz * t
        radius = r0 - k * cap
        ok = leans & (start + t > NEAREST_M) & (x * x + z * z <= radius * radius)
        best, nx, ny, nz = _nearer(best, nx, ny, nz, t, ok, zero, zero + cap, zero)
    return best, best < FARTHEST, nx, ny, nz


@triton.jit
def hit(kind, eye_x, eye_y, eye_z, dx, dy, dz):
    """First hit of rays (blocks d) from one eye with a unit solid: (t, normal in its own space); t -1 where missed."""
    start = -(eye_x * dx + eye_y * dy + eye_z * dz) / (dx * dx + dy * dy + dz * dz)
    ox, oy, oz = eye_x + dx * start, eye_y + dy * start, eye_z + dz * start
    if kind == BOX:
        near, ok, nx, ny, nz = _box(ox, oy, oz, dx, dy, dz)
    elif kind == ELLIPSOID:
        near, ok, nx, ny, nz = _ellipsoid(ox, oy, oz, dx, dy, dz)
    elif (kind == GABLE) | (kind == PYRAMID):
        near, ok, nx, ny, nz = _roof(kind, ox, oy, oz, dx, dy, dz)
    else:
        near, ok, nx, ny, nz = _round(kind, start, ox, oy, oz, dx, dy, dz)
    t = start + near
    return tl.where(ok & (t > NEAREST_M), t, -1.0), nx, ny, nz
