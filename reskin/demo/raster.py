"""Draws the demo's pictures into 32-bit pixels, compiled, on one core: sky, height map, triangles, drawings.

`engine/worlds/trace.py` gives every pixel a full G-buffer and takes 100 ms at 1280x720; a game beside the engine may
take 12. So: the ground is a height field walked column by column, nearest first, each pixel written once; things are
flat triangles in a depth buffer. The camera never rolls and looks up or down by a shifted horizon, which keeps both
simple.

`frame` is (w, h) uint32, 0x00RRGGBB, and `inverse` (w, h) float32, 1 / distance along the view, 0 for the sky: both lie
column by column, as they are walked (by rows the ground took four times as long: 1280 px rows share few cache sets).
`view` is 10 float64: eye x y z, sin yaw, cos yaw, focal px, horizon row, time s, wave strength, water level.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

EX, EY, EZ, SIN, COS, FOCAL, HORIZON, TIME, WAVES, WATER = range(10)
NEAR_M, FAR_M = 0.4, 150.0
FOG_AT_FAR = 150  # of 255: how much of the ground's colour is air at FAR_M
TILE = 128  # side of a surface texture, texels
DETAIL = 256  # side of the grass detail, texels
GRAIN_MEAN = 192  # the ground's colours are stored brighter by 256 / GRAIN_MEAN, so that no product overflows
GRAIN_FAR_M = 22.0  # grass blades are drawn up to here
SHADOW = 255  # texture number of a triangle that only darkens
SKY_TOP, SKY_BOTTOM = 0.95, -0.12  # slopes that the panorama spans


@njit(cache=True, fastmath=True, error_model="numpy")
def draw_ground(frame, inverse, view, heights, cell_m, mips, texel_m, detail, waves, panorama, fog):
    """Ground and water from below upwards, then the panorama; two columns at a time, for time's sake."""
    w, h = frame.shape
    focal, horizon = view[FOCAL], view[HORIZON]
    grid, half_grid = heights.shape[0], heights.shape[0] * 0.5
    steps = march_steps()
    sky_h, sky_w = panorama.shape[1], panorama.shape[0]
    for column in range(0, w, 2):
        beside = min(w - 1, column + 1)
        u = (column + 1.0 - w * 0.5) / focal
        along_x, along_z = view[SIN] + u * view[COS], view[COS] - u * view[SIN]
        grid_x, grid_z = view[EX] / cell_m + half_grid, view[EZ] / cell_m + half_grid
        per_x, per_z = along_x / cell_m, along_z / cell_m
        bottom = h  # rows from here down are drawn
        y_last = -1.0
        for i in range(len(steps)):
            z = steps[i]
            fx = min(grid - 1.01, max(0.0, grid_x + per_x * z))
            fz = min(grid - 1.01, max(0.0, grid_z + per_z * z))
            ix, iz = int(fx), int(fz)
            a, b = fx - ix, fz - iz
            near_row = heights[iz, ix] + (heights[iz, ix + 1] - heights[iz, ix]) * a
            far_row = heights[iz + 1, ix] + (heights[iz + 1, ix + 1] - heights[iz + 1, ix]) * a
            tall = max(view[WATER], near_row + (far_row - near_row) * b)
            y = horizon - focal * (tall - view[EY]) / z
            if i == 0:
                y_last = max(float(h), y + 1.0)
            if y < bottom:
                top = max(0, math.ceil(y))
                _ground_run(frame, inverse, column, beside, top, bottom, y, y_last, steps[max(0, i - 1)], z, view,
                            along_x, along_z, mips, texel_m, detail, waves, fog)  # fmt: skip
                bottom = top
                if bottom <= 0:
                    break
            y_last = y
        azimuth = math.atan2(along_x, along_z) / (2.0 * math.pi) + 0.5
        sky_column = min(sky_w - 1, int(azimuth * sky_w))
        step = sky_h / (SKY_TOP - SKY_BOTTOM) / (focal * math.sqrt(1.0 + u * u))
        place = SKY_TOP * sky_h / (SKY_TOP - SKY_BOTTOM) - horizon * step
        for row in range(bottom):
            color = panorama[sky_column, min(sky_h - 1, max(0, int(place + row * step)))]
            frame[column, row] = frame[beside, row] = color
            inverse[column, row] = inverse[beside, row] = 0.0


@njit(cache=True)
def march_steps():
    """Distances at which the ground is looked at, metres: 3.6 % apart, not closer than 0.16 m."""
    steps = np.empty(400)
    n, z = 0, NEAR_M
    while z < FAR_M:
        steps[n] = z
        n += 1
        z += max(0.16, z * 0.036)
    return steps[:n]


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _ground_run(frame, inverse, column, beside, top, bottom, y, y_last, z_last, z, view, along_x, along_z, mips,
                texel_m, detail, waves, fog):  # fmt: skip
    """Rows between two looks at the ground. Colours are mixed two channels at a time, red and blue in one number.

    Positions are texels times 65536 and linear from look to look: with looks 3.6 % apart the error is about a texel.
    """
    mask = mips.shape[1] - 1
    scale = 65536.0 / texel_m
    middle = mips.shape[1] * 32768
    share = 1.0 / min(-1e-3, y - y_last)
    from_x, to_x = (view[EX] + along_x * z_last) * scale + middle, (view[EX] + along_x * z) * scale + middle
    from_z, to_z = (view[EZ] + along_z * z_last) * scale + middle, (view[EZ] + along_z * z) * scale + middle
    first = (bottom - 1 - y_last) * share
    at_x, step_x = int(from_x + (to_x - from_x) * first), int((from_x - to_x) * share)
    at_z, step_z = int(from_z + (to_z - from_z) * first), int((from_z - to_z) * share)
    inv, step_inv = 1.0 / z_last + (1.0 / z - 1.0 / z_last) * first, (1.0 / z_last - 1.0 / z) * share
    air = int(FOG_AT_FAR * z / FAR_M)
    clear = 256 - air
    fog_rb, fog_g = int(fog & 0xFF00FF) * air, int(fog & 0xFF00) * air
    level = 0 if z < GRAIN_FAR_M else (1 if z < 45.0 else 2)
    fade = int(256.0 * max(0.0, 1.0 - z / GRAIN_FAR_M))
    drift = int(view[TIME] * 9.0)
    for row in range(bottom - 1, top - 1, -1):
        if level == 0:
            grain = int(detail[(at_z >> 13) & (DETAIL - 1), (at_x >> 13) & (DETAIL - 1)]) - GRAIN_MEAN
            # The grain also shifts the look-up by up to half a texel: ragged blades instead of squares.
            shift = grain << 10
            color = int(mips[0, ((at_z - shift) >> 16) & mask, ((at_x + shift) >> 16) & mask])
            keep = clear * (GRAIN_MEAN + (grain * fade >> 8)) >> 8
        else:
            color = int(mips[level, ((at_z >> 16) & mask) >> level, ((at_x >> 16) & mask) >> level])
            keep = clear
        if color >> 24:
            ripple = int(waves[((at_z >> 14) + drift) & 255, ((at_x >> 15) + drift) & 255])
            keep = clear * ripple >> 8
        red_blue = ((color & 0xFF00FF) * keep + fog_rb) >> 8 & 0xFF00FF
        green = ((color & 0xFF00) * keep + fog_g) >> 8 & 0xFF00
        frame[column, row] = frame[beside, row] = red_blue | green
        inverse[column, row] = inverse[beside, row] = inv
        at_x += step_x
        at_z += step_z
        inv += step_inv


@njit(cache=True, fastmath=True, error_model="numpy")
def draw_objects(frame, inverse, view, order, first, count, pose, corners, normals, colors, texture, flat_light,
                 tiles, tile_scale, sun, ambient, power, fog):  # fmt: skip
    """Triangles of the objects in `order`; `pose` is x y z yaw, `corners` (n, 3, 5) x y z u v in the object's space."""
    points = np.empty((4, 5))
    clipped = np.empty((4, 5))
    fog_r, fog_g, fog_b = float((fog >> 16) & 255), float((fog >> 8) & 255), float(fog & 255)
    for o in order:
        turn_sin, turn_cos = math.sin(pose[o, 3]), math.cos(pose[o, 3])
        offset_x, offset_y, offset_z = pose[o, 0] - view[EX], pose[o, 1] - view[EY], pose[o, 2] - view[EZ]
        for i in range(first[o], first[o] + count[o]):
            nx = normals[i, 0] * turn_cos + normals[i, 2] * turn_sin
            nz = normals[i, 2] * turn_cos - normals[i, 0] * turn_sin
            ny = normals[i, 1]
            behind = 0
            for k in range(3):
                x = corners[i, k, 0] * turn_cos + corners[i, k, 2] * turn_sin + offset_x
                y = corners[i, k, 1] + offset_y
                z = corners[i, k, 2] * turn_cos - corners[i, k, 0] * turn_sin + offset_z
                if k == 0 and x * nx + y * ny + z * nz >= 0.0:
                    behind = 9  # its back
                    break
                points[k, 0] = x * view[COS] - z * view[SIN]
                points[k, 1] = y
                points[k, 2] = x * view[SIN] + z * view[COS]
                points[k, 3], points[k, 4] = corners[i, k, 3], corners[i, k, 4]
                behind += points[k, 2] < NEAR_M
            if behind >= 3:
                continue
            n = 3
            if behind:
                n = _clip(points, clipped)
                points[:n] = clipped[:n]
            light = 1.0 if flat_light[i] else ambient * (0.8 + 0.2 * ny) + power * max(
                0.0, nx * sun[0] + ny * sun[1] + nz * sun[2])  # fmt: skip
            air = FOG_AT_FAR / 255.0 * min(1.0, points[0, 2] / FAR_M)
            keep = light * (1.0 - air)
            for k in range(2, n):
                _triangle(frame, inverse, view, points, k, colors[i, 0] * keep, colors[i, 1] * keep,
                          colors[i, 2] * keep, fog_r * air, fog_g * air, fog_b * air, texture[i], tiles,
                          tile_scale)  # fmt: skip


@njit(cache=True, fastmath=True, error_model="numpy")
def _clip(points, clipped):
    """Cuts the triangle at NEAR_M; returns 3 or 4 corners."""
    n = 0
    for k in range(3):
        j = (k + 1) % 3
        inside, next_inside = points[k, 2] >= NEAR_M, points[j, 2] >= NEAR_M
        if inside:
            clipped[n] = points[k]
            n += 1
        if inside != next_inside:
            part = (NEAR_M - points[k, 2]) / (points[j, 2] - points[k, 2])
            clipped[n] = points[k] + (points[j] - points[k]) * part
            n += 1
    return n


@njit(cache=True, fastmath=True, error_model="numpy")
def _triangle(frame, inverse, view, points, k, red, green, blue, air_r, air_g, air_b, texture, tiles, tile_scale):
    """Corners 0, k - 1 and k of a fan: spans column by column, distance and texture right in perspective."""
    w, h = frame.shape
    i0, i1, i2 = 1.0 / points[0, 2], 1.0 / points[k - 1, 2], 1.0 / points[k, 2]
    focal = view[FOCAL]
    x0, y0 = w * 0.5 + points[0, 0] * focal * i0 - 0.5, view[HORIZON] - points[0, 1] * focal * i0 - 0.5
    x1, y1 = w * 0.5 + points[k - 1, 0] * focal * i1 - 0.5, view[HORIZON] - points[k - 1, 1] * focal * i1 - 0.5
    x2, y2 = w * 0.5 + points[k, 0] * focal * i2 - 0.5, view[HORIZON] - points[k, 1] * focal * i2 - 0.5
    left, right = min(x0, x1, x2), max(x0, x1, x2)
    if right < 0.0 or left > w - 1 or max(y0, y1, y2) < 0.0 or min(y0, y1, y2) > h - 1:
        return
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    if abs(area) < 1e-3:
        return
    shadow = texture == SHADOW
    tile = tiles[0 if shadow else texture]
    scale = 0.0 if shadow else tile_scale[texture]
    u0, u1, u2 = points[0, 3] * i0 * scale, points[k - 1, 3] * i1 * scale, points[k, 3] * i2 * scale
    v0, v1, v2 = points[0, 4] * i0 * scale, points[k - 1, 4] * i1 * scale, points[k, 4] * i2 * scale
    # Each value is linear on the screen: value = base + dx * x + dy * y.
    i_dx = ((i1 - i0) * (y2 - y0) - (i2 - i0) * (y1 - y0)) / area
    i_dy = ((i2 - i0) * (x1 - x0) - (i1 - i0) * (x2 - x0)) / area
    u_dx = ((u1 - u0) * (y2 - y0) - (u2 - u0) * (y1 - y0)) / area
    u_dy = ((u2 - u0) * (x1 - x0) - (u1 - u0) * (x2 - x0)) / area
    v_dx = ((v1 - v0) * (y2 - y0) - (v2 - v0) * (y1 - y0)) / area
    v_dy = ((v2 - v0) * (x1 - x0) - (v1 - v0) * (x2 - x0)) / area
    grain_r, grain_g, grain_b = int(red * 256.0), int(green * 256.0), int(blue * 256.0)
    flat_r, flat_g, flat_b = int(air_r), int(air_g), int(air_b)
    for column in range(max(0, math.ceil(left)), min(w - 1, math.floor(right)) + 1):
        high, low = 1e9, -1e9
        if (x0 <= column) != (x1 <= column):
            y = y0 + (column - x0) * (y1 - y0) / (x1 - x0)
            high, low = min(high, y), max(low, y)
        if (x1 <= column) != (x2 <= column):
            y = y1 + (column - x1) * (y2 - y1) / (x2 - x1)
            high, low = min(high, y), max(low, y)
        if (x2 <= column) != (x0 <= column):
            y = y2 + (column - x2) * (y0 - y2) / (x0 - x2)
            high, low = min(high, y), max(low, y)
        if low < 0.0 or high > h - 1:
            continue
        start, end = max(0, math.ceil(high)), min(h - 1, math.floor(low))
        inv = i0 + (column - x0) * i_dx + (start - y0) * i_dy
        u = u0 + (column - x0) * u_dx + (start - y0) * u_dy
        v = v0 + (column - x0) * v_dx + (start - y0) * v_dy
        if shadow:
            for row in range(start, end + 1):
                if inv * 1.06 > inverse[column, row]:
                    frame[column, row] = (frame[column, row] >> 2 & 0x3F3F3F) + (frame[column, row] >> 1 & 0x7F7F7F)
                inv += i_dy
            continue
        for row in range(start, end + 1):
            if inv > inverse[column, row]:
                inverse[column, row] = inv
                dist = np.float32(1.0) / np.float32(inv)
                at_u = np.int32(np.float32(u) * dist + np.float32(8192.0)) & (TILE - 1)
                at_v = np.int32(np.float32(v) * dist + np.float32(8192.0)) & (TILE - 1)
                grain = int(tile[at_v, at_u])
                r = min(255, (grain_r * grain >> 15) + flat_r)
                g = min(255, (grain_g * grain >> 15) + flat_g)
                b = min(255, (grain_b * grain >> 15) + flat_b)
                frame[column, row] = (r << 16) | (g << 8) | b
            inv += i_dy
            u += u_dy
            v += v_dy


@njit(cache=True, fastmath=True, error_model="numpy")
def draw_billboards(frame, inverse, view, place, picture, mirrored, pictures):
    """Upright drawings: `place` (n, 5) is x y z of the middle and half width and height; 0 in a picture is nothing."""
    w, h = frame.shape
    side = pictures.shape[1]
    for i in range(place.shape[0]):
        x, y, z = place[i, 0] - view[EX], place[i, 1] - view[EY], place[i, 2] - view[EZ]
        dist = x * view[SIN] + z * view[COS]
        if dist < NEAR_M or dist > FAR_M:
            continue
        inv = 1.0 / dist
        to_px = view[FOCAL] * inv
        left = w * 0.5 + (x * view[COS] - z * view[SIN] - place[i, 3]) * to_px
        top = view[HORIZON] - (y + place[i, 4]) * to_px
        wide, tall = 2.0 * place[i, 3] * to_px, 2.0 * place[i, 4] * to_px
        for column in range(max(0, math.ceil(left)), min(w, math.ceil(left + wide))):
            u = min(side - 1, int((column - left) / wide * side))
            if mirrored[i]:
                u = side - 1 - u
            for row in range(max(0, math.ceil(top)), min(h, math.ceil(top + tall))):
                if inv <= inverse[column, row]:
                    continue
                color = pictures[picture[i], min(side - 1, int((row - top) / tall * side)), u]
                if color:
                    frame[column, row] = color
                    inverse[column, row] = inv
