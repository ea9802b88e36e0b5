"""The Triton side of `raymarch.py`: what one program does for one tile of one frame. Imports triton.

A program holds one pixel a lane, from the first ray to the last store, and nothing leaves the registers in between:
sky, far ridges, terrain and water, then the solids whose screen rectangle meets the tile, in their order, then flow.
The formulas are those of `engine/worlds/trace.py`; `raymarch.py` says where fp32 made them differ. Tables are laid
out by `raymarch.py`.
"""

from __future__ import annotations

import triton
import triton.language as tl

from kernels.unit_solids import BILLBOARD, hit

HALF_TURN = tl.constexpr(3.14159265358979)
FAR_M = tl.constexpr(400.0)  # terrain and water are not searched beyond
CEILING_M = tl.constexpr(80.0)  # a rising ray that is higher meets no terrain
DIRECTION_ONLY_M = tl.constexpr(700.0)  # farther than this, `position` is taken for a direction
BISECTIONS = tl.constexpr(12)
FRAME_FLOATS, FRAME_INTS = tl.constexpr(32), tl.constexpr(4)
SOLID_FLOATS, SOLID_INTS = tl.constexpr(16), tl.constexpr(4)
SPRITE_PX = tl.constexpr(64)


@triton.jit
def _unit(x, y, z):
    length = tl.sqrt(x * x + y * y + z * z) + 1e-12
    return x / length, y / length, z / length


@triton.jit
def _vector(pointer):
    return tl.load(pointer), tl.load(pointer + 1), tl.load(pointer + 2)


@triton.jit
def _azimuth(x, z):
    """atan2(x, z) to 2e-7: a polynomial of min/max (Abramowitz and Stegun 4.4.49), since the language has none."""
    ax, az = tl.abs(x), tl.abs(z)
    q = tl.minimum(ax, az) / tl.maximum(tl.maximum(ax, az), 1e-30)
    s = q * q
    p = 0.0028662257 * s - 0.0161657367
    p = p * s + 0.0429096138
    p = p * s - 0.0752896400
    p = p * s + 0.1065626393
    p = p * s - 0.1420889944
    p = p * s + 0.1999355085
    p = p * s - 0.3333314528
    angle = q + q * s * p
    angle = tl.where(ax > az, 0.5 * HALF_TURN - angle, angle)
    angle = tl.where(z < 0.0, HALF_TURN - angle, angle)
    return tl.where(x < 0.0, -angle, angle)


@triton.jit
def _lattice(ix, iy, seed):
    n = ix * 374761393 + iy * 668265263 + seed * 974711
    n = (n ^ (n >> 13)) * 1274126177
    return ((n ^ (n >> 16)) & 0xFFFFFF).to(tl.float32) / 16777216.0


@triton.jit
def value_noise(x, y, seed):
    """Smooth noise in [0, 1) of blocks x and y; `seed` is an int32 block or scalar. Mixed modulo 2^32."""
    fx, fy = tl.floor(x), tl.floor(y)
    u, v = x - fx, y - fy
    u, v = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v)
    ix, iy = fx.to(tl.int32).to(tl.uint32), fy.to(tl.int32).to(tl.uint32)
    s = seed + tl.zeros_like(ix)
    top = _lattice(ix, iy, s) * (1.0 - u) + _lattice(ix + 1, iy, s) * u
    bottom = _lattice(ix, iy + 1, s) * (1.0 - u) + _lattice(ix + 1, iy + 1, s) * u
    return top * (1.0 - v) + bottom * v


@triton.jit
def _height(heights, g, cell_m, x, z, mask):
    last = g.to(tl.float32) - 1.001
    fx = tl.minimum(last, tl.maximum(0.0, x / cell_m + 0.5 * g))
    fz = tl.minimum(last, tl.maximum(0.0, z / cell_m + 0.5 * g))
    ix, iz = fx.to(tl.int32), fz.to(tl.int32)
    u, v = fx - ix, fz - iz
    corner = heights + iz * g + ix
    top = tl.load(corner, mask, 0.0) * (1 - u) + tl.load(corner + 1, mask, 0.0) * u
    bottom = tl.load(corner + g, mask, 0.0) * (1 - u) + tl.load(corner + g + 1, mask, 0.0) * u
    return top * (1 - v) + bottom * v


@triton.jit
def _terrain_distance(heights, g, cell_m, ex, ey, ez, dx, dy, dz, inside):
    """Metres to the height map: growing steps until every lane is under it or out, then bisection; -1 where missed."""
    t = tl.full(dx.shape, 0.2, tl.float32)
    before = tl.zeros_like(dx)
    going = inside
    under = going & (dx > 2.0)  # none yet
    while tl.max(going.to(tl.int32), axis=0) > 0:
        above = ey + dy * t - _height(heights, g, cell_m, ex + dx * t, ez + dz * t, going)
        under = under | (going & (above < 0.0))
        going = going & (above >= 0.0)
        before = tl.where(going, t, before)
        t = tl.where(going, t + tl.maximum(0.05 + 0.004 * t, above * 0.5), t)
        going = going & (t < FAR_M) & ((dy <= 0.0) | (ey + dy * t <= CEILING_M))
    for _ in range(BISECTIONS):
        middle = 0.5 * (before + t)
        below = ey + dy * middle < _height(heights, g, cell_m, ex + dx * middle, ez + dz * middle, under)
        t = tl.where(under & below, middle, t)
        before = tl.where(under & ~below, middle, before)
    return tl.where(under, t, -1.0)


@triton.jit
def _ridges(ridges, ridge_material, layers, first, dx, dy, dz, seed, material, instance, depth, nx, ny, nz, u, v,
            RIDGE_SAMPLES: tl.constexpr):  # fmt: skip
    """What the far ridges, `layers` of this scene, put over the sky."""
    azimuth = _azimuth(dx, dz)
    slope = dy / (tl.sqrt(dx * dx + dz * dz) + 1e-9)
    angle = (azimuth / (2 * HALF_TURN) + 0.5) * (RIDGE_SAMPLES - 1)
    angle = tl.minimum(tl.maximum(angle, 0.0), RIDGE_SAMPLES - 1.0)
    sample = angle.to(tl.int32)
    part = angle - sample
    px, py = azimuth * 24.0, slope * 24.0
    layer = 0
    while layer < layers:
        line = ridges + layer * RIDGE_SAMPLES
        top = tl.load(line + sample) * (1 - part) + tl.load(line + tl.minimum(sample + 1, RIDGE_SAMPLES - 1)) * part
        seen = slope < top
        lean = value_noise(px * 1.2 + py * 0.5, py * 0.7, seed + layer) - 0.5
        lean2 = value_noise(px * 4.0 - py, py * 3.0, seed + layer + 3) - 0.5
        across = 1.6 * lean + lean2
        lx, ly, lz = _unit(across, tl.full(across.shape, 0.45, tl.float32), tl.full(across.shape, -0.6, tl.float32))
        nx, ny, nz = tl.where(seen, lx, nx), tl.where(seen, ly, ny), tl.where(seen, lz, nz)
        u, v = tl.where(seen, px, u), tl.where(seen, py, v)
        material = tl.where(seen, tl.load(ridge_material + layer).to(tl.int32), material)
        instance = tl.where(seen, first + layer, instance)
        depth = tl.where(seen, 900.0 - 90.0 * layer, depth)
        layer += 1
    return material, instance, depth, nx, ny, nz, u, v


@triton.jit
def _solid(table, numbers, sprites, seed, wx, wy, wz, inside, depth):
    """One solid against the tile's rays: (accepted, t, part of the drawing, world normal, u, v), blocks."""
    ox, oy, oz = _vector(table)
    cos, sin = tl.load(table + 3), tl.load(table + 4)
    ix, iy, iz = _vector(table + 5)
    sx, sy, sz = _vector(table + 8)
    ragged = tl.load(table + 11)
    kind = tl.load(numbers)
    dx, dy, dz = (wx * cos - wz * sin) * ix, wy * iy, (wx * sin + wz * cos) * iz
    part = tl.zeros(dx.shape, tl.int32)
    if kind == BILLBOARD:
        ahead = dz >= 1e-6
        t = tl.where(ahead, -oz / tl.where(ahead, dz, 1.0), -1.0)
        lx, ly = ox + dx * t, oy + dy * t
        lz = tl.zeros_like(dx)
        ok = inside & ahead & (tl.abs(lx) < 1.0) & (tl.abs(ly) < 1.0) & (t > 1e-3) & (t < depth)
        side = tl.where(ragged >= 0.0, lx, -lx)  # a negative one mirrors the drawing
        row = tl.minimum(((1.0 - ly) * (SPRITE_PX // 2)).to(tl.int32), SPRITE_PX - 1)
        column = tl.minimum(((side + 1.0) * (SPRITE_PX // 2)).to(tl.int32), SPRITE_PX - 1)
        picture = sprites + tl.load(numbers + 3) * (SPRITE_PX * SPRITE_PX)
        part = tl.load(picture + row * SPRITE_PX + column, ok, 0).to(tl.int32)
        ok = ok & (part > 0)
        nx, ny, nz = lx * 0.6, 0.3 + ly * 0.3, tl.full(lx.shape, -0.8, tl.float32)
        u, v = lx * sx, ly * sy
    else:
        t, nx, ny, nz = hit(kind, ox, oy, oz, dx, dy, dz)
        ok = inside & (t > 1e-3) & (t < depth)
        lx, ly, lz = ox + dx * t, oy + dy * t, oz + dz * t
        if ragged > 0.0:
            ok = ok & (value_noise((lx + 0.7 * lz) * 7.0, ly * 9.0, seed + tl.load(numbers + 2)) >= ragged)
        nx, ny, nz = nx * ix, ny * iy, nz * iz
        ax, ay, az = tl.abs(nx), tl.abs(ny), tl.abs(nz)
        top = (ay > ax) & (ay > az)
        front = az > ax
        u = tl.where(top | front, lx * sx, lz * sz)
        v = tl.where(top, lz * sz, ly * sy)
    gx, gy, gz = _unit(nx * cos + nz * sin, ny, nz * cos - nx * sin)
    return ok, t, part, gx, gy, gz, u, v


@triton.jit
def _store(pointer, pixel, x, y, z, inside):
    tl.store(pointer + pixel * 3, x, inside)
    tl.store(pointer + pixel * 3 + 1, y, inside)
    tl.store(pointer + pixel * 3 + 2, z, inside)


@triton.jit
def raymarch_tile(
    frame_floats, frame_ints, solid_floats, solid_ints, rectangles, sprites, heights, ground_material, ground_instance,
    ridges, ridge_material, material_out, instance_out, depth_out, position_out, normal_out, uv_out, flow_out,
    h, w, n, g, layers, water, water_instance, ridge_instance,
    SKY_DEPTH: tl.constexpr, RIDGE_SAMPLES: tl.constexpr, TILE_H: tl.constexpr, TILE_W: tl.constexpr,
    CHUNK: tl.constexpr,
):  # fmt: skip
    """Grid (tiles of a frame, frames). After the outputs: picture, solids a frame, side of a map, ridges, labels."""
    frame = tl.program_id(1)
    tiles_across = tl.cdiv(w, TILE_W)
    first_row = tl.program_id(0) // tiles_across * TILE_H
    first_column = tl.program_id(0) % tiles_across * TILE_W
    lane = tl.arange(0, TILE_H * TILE_W)
    row, column = first_row + lane // TILE_W, first_column + lane % TILE_W
    inside = (row < h) & (column < w)

    ff = frame_floats + frame * FRAME_FLOATS
    fi = frame_ints + frame * FRAME_INTS
    scene, count, seed = _vector(fi)
    ex, ey, ez = _vector(ff)
    rx, ry, rz = _vector(ff + 3)
    upx, upy, upz = _vector(ff + 6)
    ax, ay, az = _vector(ff + 9)
    tan_half = tl.load(ff + 12)
    cell_m, water_level = tl.load(ff + 27), tl.load(ff + 28)

    right = ((column + 0.5) / w * 2.0 - 1.0) * tan_half
    upward = (1.0 - (row + 0.5) / h * 2.0) * tan_half * h / w
    dx, dy, dz = _unit(ax + right * rx + upward * upx, ay + right * ry + upward * upy, az + right * rz + upward * upz)

    # Sky and ridges; their position is their direction.
    lift = tl.maximum(0.06, tl.abs(dy) + 0.02)
    u, v = dx / lift * 2.0, dz / lift * 2.0 + dy * 3.0
    nx, ny, nz = -dx, -dy, -dz
    material = tl.zeros(dx.shape, tl.int32)
    instance = tl.load(fi + 3) + material
    depth = tl.full(dx.shape, SKY_DEPTH, tl.float32)
    material, instance, depth, nx, ny, nz, u, v = _ridges(
        ridges + scene * layers * RIDGE_SAMPLES, ridge_material + scene * layers, layers, ridge_instance, dx, dy, dz,
        seed, material, instance, depth, nx, ny, nz, u, v, RIDGE_SAMPLES,
    )  # fmt: skip

    # Terrain and water.
    relief = heights + scene * g * g
    t = _terrain_distance(relief, g, cell_m, ex, ey, ez, dx, dy, dz, inside)
    falls = (dy < -1e-6) & (ey + tl.zeros_like(dy) > water_level)  # in blocks: the interpreter takes a scalar's for 0.0
    water_t = tl.where(falls, (water_level - ey) / tl.where(falls, dy, -1.0), -1.0)
    wet = (water_t > 0.0) & (water_t < FAR_M) & ((t < 0.0) | (water_t < t))
    land = (t > 0.0) & ~wet
    t = tl.where(wet, water_t, t)
    x, z = ex + dx * t, ez + dz * t
    cell_x = tl.minimum(g - 1, tl.maximum(0, (x / cell_m + 0.5 * g).to(tl.int32)))
    cell_z = tl.minimum(g - 1, tl.maximum(0, (z / cell_m + 0.5 * g).to(tl.int32)))
    cell = scene * g * g + cell_z * g + cell_x
    e = cell_m * 0.7
    slope_x = _height(relief, g, cell_m, x + e, z, land) - _height(relief, g, cell_m, x - e, z, land)
    slope_z = _height(relief, g, cell_m, x, z + e, land) - _height(relief, g, cell_m, x, z - e, land)
    lx, ly, lz = _unit(-slope_x, 2 * e + tl.zeros_like(slope_x), -slope_z)
    material = tl.where(land, tl.load(ground_material + cell, land, 0).to(tl.int32), material)
    instance = tl.where(land, tl.load(ground_instance + cell, land, 0), instance)
    nx, ny, nz = tl.where(land, lx, nx), tl.where(land, ly, ny), tl.where(land, lz, nz)
    material, instance = tl.where(wet, water, material), tl.where(wet, water_instance, instance)
    nx, ny, nz = tl.where(wet, 0.0, nx), tl.where(wet, 1.0, ny), tl.where(wet, 0.0, nz)
    placed = land | wet
    depth = tl.where(placed, t, depth)
    u, v = tl.where(placed, x, u), tl.where(placed, z, v)

    # Solids: a chunk of rectangles is tested at once, one a lane, and only those that meet the tile are visited.
    owner = tl.full(dx.shape, -1, tl.int32)
    rectangle = rectangles + frame * 4 * n
    start = 0
    while start < count:
        i = start + tl.arange(0, CHUNK)
        there = i < count
        meets = there & (tl.load(rectangle + i, there, 0) < first_row + TILE_H)
        meets = meets & (tl.load(rectangle + n + i, there, 0) > first_row)
        meets = meets & (tl.load(rectangle + 2 * n + i, there, 0) < first_column + TILE_W)
        meets = meets & (tl.load(rectangle + 3 * n + i, there, 0) > first_column)
        one = tl.min(tl.where(meets, i, count), axis=0)
        while one < count:
            at = frame * n + one
            own = solid_ints + at * SOLID_INTS
            ok, t, part, lx, ly, lz, lu, lv = _solid(
                solid_floats + at * SOLID_FLOATS, own, sprites, seed, dx, dy, dz, inside, depth
            )
            owner, depth = tl.where(ok, one, owner), tl.where(ok, t, depth)
            material = tl.where(ok, tl.load(own + 1), material)
            instance = tl.where(ok, tl.load(own + 2) + part, instance)
            nx, ny, nz = tl.where(ok, lx, nx), tl.where(ok, ly, ny), tl.where(ok, lz, nz)
            u, v = tl.where(ok, lu, u), tl.where(ok, lv, v)
            one = tl.min(tl.where(meets & (i > one), i, count), axis=0)
        start += CHUNK

    # Positions, and where each point was in the frame before.
    moves = owner >= 0
    placed = placed | moves
    px, py, pz = (tl.where(placed, ex + dx * depth, dx), tl.where(placed, ey + dy * depth, dy),
                  tl.where(placed, ez + dz * depth, dz))  # fmt: skip
    py = tl.where(wet & ~moves, water_level, py)
    shift = solid_floats + (frame * n + owner) * SOLID_FLOATS + 12
    near = depth < DIRECTION_ONLY_M
    mx, my, mz = (tl.load(shift, moves, 0.0), tl.load(shift + 1, moves, 0.0), tl.load(shift + 2, moves, 0.0))
    travel_x, travel_y, travel_z = _vector(ff + 13)  # of the eye, from the frame before to this one
    x, y, z = (tl.where(near, dx * depth + travel_x + mx, px), tl.where(near, dy * depth + travel_y + my, py),
               tl.where(near, dz * depth + travel_z + mz, pz))  # fmt: skip
    rx, ry, rz = _vector(ff + 16)
    upx, upy, upz = _vector(ff + 19)
    ax, ay, az = _vector(ff + 22)
    tan_half = tl.load(ff + 25)
    ahead = x * ax + y * ay + z * az
    behind = ahead < 1e-4
    ahead = tl.where(behind, 1.0, ahead)
    across = (x * rx + y * ry + z * rz) / ahead / tan_half
    over = (x * upx + y * upy + z * upz) / ahead / tan_half * w / h
    flow_x = tl.where(behind, 1e4, (across + 1.0) * 0.5 * w - 0.5 - column)
    flow_y = tl.where(behind, 1e4, (1.0 - over) * 0.5 * h - 0.5 - row)
    had_before = tl.load(ff + 26) > 0.0

    pixel = (frame * h + row) * w + column
    tl.store(material_out + pixel, material.to(tl.uint8), inside)
    tl.store(instance_out + pixel, instance, inside)
    tl.store(depth_out + pixel, depth, inside)
    _store(position_out, pixel, px, py, pz, inside)
    _store(normal_out, pixel, nx, ny, nz, inside)
    tl.store(uv_out + pixel * 2, u, inside)
    tl.store(uv_out + pixel * 2 + 1, v, inside)
    tl.store(flow_out + pixel * 2, tl.where(had_before, flow_x, 0.0), inside)
    tl.store(flow_out + pixel * 2 + 1, tl.where(had_before, flow_y, 0.0), inside)
