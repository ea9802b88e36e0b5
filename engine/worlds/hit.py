"""Where a ray first hits a unit solid, in closed form; numba inlines it into the tracer (`trace.py`).

A unit solid lies between -1 and 1 on each axis of its own space. Knows nothing of pixels, cameras or materials.
"""

from __future__ import annotations

import math

from numba import njit

from engine.worlds.scene import BOX, CONE, ELLIPSOID, GABLE, PYRAMID


@njit(cache=True)
def hit(kind, ox, oy, oz, dx, dy, dz):
    """First hit of a ray with a unit solid: (distance, normal) in its own space; distance -1 where it misses."""
    if kind == BOX:
        near, far = -1e9, 1e9
        axis = 0
        for i in range(3):
            o = ox if i == 0 else (oy if i == 1 else oz)
            d = dx if i == 0 else (dy if i == 1 else dz)
            if abs(d) < 1e-9:
                if abs(o) > 1.0:
                    return -1.0, 0.0, 0.0, 0.0
                continue
            a, b = (-1.0 - o) / d, (1.0 - o) / d
            if a > b:
                a, b = b, a
            if a > near:
                near, axis = a, i
            far = min(far, b)
        if near > far or near <= 1e-4:
            return -1.0, 0.0, 0.0, 0.0
        d = dx if axis == 0 else (dy if axis == 1 else dz)
        side = -1.0 if d > 0 else 1.0
        return near, side if axis == 0 else 0.0, side if axis == 1 else 0.0, side if axis == 2 else 0.0
    if kind == ELLIPSOID:
        a = dx * dx + dy * dy + dz * dz
        b = ox * dx + oy * dy + oz * dz
        c = ox * ox + oy * oy + oz * oz - 1.0
        disc = b * b - a * c
        if disc < 0.0:
            return -1.0, 0.0, 0.0, 0.0
        t = (-b - math.sqrt(disc)) / a
        if t <= 1e-4:
            return -1.0, 0.0, 0.0, 0.0
        return t, ox + dx * t, oy + dy * t, oz + dz * t
    if kind in (GABLE, PYRAMID):
        near, far = -1e9, 1e9
        nx, ny, nz = 0.0, 0.0, 0.0
        for i in range(5):  # planes a x + b y + c z <= d: the floor, two slopes along x, two slopes or ends along z
            a, b, c, d = 0.0, -1.0, 0.0, 1.0
            if i > 0:
                side = 1.0 if i % 2 else -1.0
                leans = i < 3 or kind == PYRAMID
                a, c = (side, 0.0) if i < 3 else (0.0, side)
                b, d = (0.5, 0.5) if leans else (0.0, 1.0)
            speed = a * dx + b * dy + c * dz
            above = a * ox + b * oy + c * oz - d
            if abs(speed) < 1e-12:
                if above > 0.0:
                    return -1.0, 0.0, 0.0, 0.0
                continue
            t = -above / speed
            if speed > 0.0:
                far = min(far, t)
            elif t > near:
                near = t
                nx, ny, nz = a, b, c
        if near > far or near <= 1e-4:
            return -1.0, 0.0, 0.0, 0.0
        return near, nx, ny, nz
    # A cone of radius (1 - y) / 2 or a cylinder of radius 1, both between y = -1 and y = 1.
    k = 0.5 if kind == CONE else 0.0
    r0 = 0.5 if kind == CONE else 1.0  # radius at y = 0
    a = dx * dx + dz * dz - k * k * dy * dy
    b = ox * dx + oz * dz + k * dy * (r0 - k * oy)
    c = ox * ox + oz * oz - (r0 - k * oy) ** 2
    disc = b * b - a * c
    best = -1.0
    nx, ny, nz = 0.0, 1.0, 0.0
    if disc >= 0.0 and abs(a) > 1e-9:
        root = math.sqrt(disc)
        for sign in (-1.0, 1.0):
            t = (-b + sign * root) / a
            y = oy + dy * t
            if t > 1e-4 and -1.0 <= y <= 1.0 and (best < 0.0 or t < best):
                best = t
                nx, ny, nz = ox + dx * t, k * (r0 - k * y), oz + dz * t
    if abs(dy) > 1e-9:
        for cap in (-1.0, 1.0):
            t = (cap - oy) / dy
            x, z = ox + dx * t, oz + dz * t
            radius = r0 - k * cap
            if t > 1e-4 and x * x + z * z <= radius * radius and (best < 0.0 or t < best):
                best = t
                nx, ny, nz = 0.0, cap, 0.0
    return best, nx, ny, nz
