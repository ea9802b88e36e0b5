"""Shades a G-buffer as a source game would look: textures, light, weather. Compiled.

Output is sRGB in [0, 1] before any camera effect (`camera_effects.py`).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from engine.config import CHARACTER, FOLIAGE, GLOW, GROUND, MATERIALS, SKY, WATER
from engine.worlds.gbuffer import SKY_INSTANCE, SPACE_INSTANCE, GBuffer
from engine.worlds.looks import VARIANTS, WorldLook
from engine.worlds.noise import fractal_noise, hash01, pattern_value, value_noise
from engine.worlds.scene import ACCENT_PART, BLOCK_INSTANCE, FIRST_INSTANCE, HELD_INSTANCE, ROAD_INSTANCE
from engine.worlds.sprite_canvas import SNOW_PART

FLAT_FROM_M = 30.0  # where all is farther away the game is flat, and its sky a picture behind it
ACCENTED = np.array([name in ("ground", "foliage", "structure") for name in MATERIALS])
SNOW_LIES_ON = np.array([name in ("ground", "foliage", "rock", "roof") for name in MATERIALS])


def shade(buffer: GBuffer, look: WorldLook) -> np.ndarray:
    """(h, w, 3) float32 sRGB in [0, 1]."""
    rgb = np.empty((*buffer.size, 3), np.float32)
    clear_m = 0.8 * float(buffer.depth.min())  # a flat game's camera stands far off: fog is no deeper for it
    _shade(
        buffer.material, buffer.instance, buffer.depth, buffer.position, buffer.normal, buffer.uv, look.colors,
        look.accent, look.pattern, look.scale, look.contrast, look.speckle, look.horizon, look.cloud, look.cloud_color,
        look.snow, look.sun, look.sun_power, look.ambient, look.light_color, look.cel_levels, look.fog, look.fog_color,
        clear_m, look.outline, look.grime, look.facet_m, look.crisp, look.dapple, look.disc, look.stars, look.seed,
        look.reflect, look.texel_m, look.block_m, look.brush, look.stroke_m, ACCENTED, SNOW_LIES_ON, rgb,
    )  # fmt: skip
    return rgb


@njit(cache=True, inline="always")
def _kept(cycles: float) -> float:
    """How much of a texture is left where a pixel spans so many of its cycles, as mip-maps lose it."""
    return 1.0 / (1.0 + 4.0 * cycles * cycles)


@njit(cache=True)
def _sky_lamp(direction: np.ndarray, sun: np.ndarray, disc: float, stars: bool, seed: int) -> float:
    """How bright a sun, moon or star stands in the sky in a direction, 0..1."""
    x, y, z = direction
    light = 0.0
    if disc > 0.0:
        off = math.acos(min(1.0, max(-1.0, x * sun[0] + y * sun[1] + z * sun[2])))
        light = 1.0 if off < disc else 0.5 * math.exp(-(off - disc) / (1.5 * disc))
    if stars and hash01(math.floor(x * 70.0) + 131 * math.floor(z * 70.0), math.floor(y * 70.0), seed) > 0.985:
        light = max(light, 0.7)
    return light


@njit(cache=True)
def _stroke(u: float, v: float, long: float, seed: int) -> float:
    """How light the stroke of a brush is that lies on a point, one of four tones in [0, 1]; it is a quarter as wide.

    Within a patch all strokes lie in one of five directions: turned evenly, they would be the rings of wood.
    """
    ragged = 0.15 * value_noise(u * 9.0 / long, v * 9.0 / long, seed + 57)
    patch = math.floor(5.0 * value_noise(u * 0.45 / long + ragged, v * 0.45 / long, seed + 51))
    turn = 0.35 + 0.45 * patch
    cos, sin = math.cos(turn), math.sin(turn)
    along, across = (u * cos + v * sin) / long, 4.0 * (v * cos - u * sin) / long + ragged
    return min(1.0, max(0.0, math.floor(5.0 * value_noise(along + 7.3 * patch, across, seed + 53) - 0.5) / 3.0))


@njit(cache=True)
def _block(position: np.ndarray, normal: np.ndarray, side: float, foot: float, seed: int) -> float:
    """The brightness of one block of many, and of the seams about it where pixels are fine enough."""
    seam = 0.0
    for axis in range(3):
        inside = position[axis] / side - math.floor(position[axis] / side)
        if abs(normal[axis]) < 0.5 and min(inside, 1.0 - inside) * side < 0.045:
            seam = 0.22 * _kept(6.0 * foot)
    x, y, z = (math.floor((position[0] - 0.01 * normal[0]) / side), math.floor((position[1] - 0.01 * normal[1]) / side),
               math.floor((position[2] - 0.01 * normal[2]) / side))  # fmt: skip
    differs = 0.24 * (hash01(x * 131 + z, y, seed) - 0.5) * _kept(foot / side)
    return (1.0 + differs) * (1.0 - seam)


@njit(cache=True)
def _borders(instance, depth, row, column):
    """Whether a pixel lies at the rim of a thing: of two neighbours the nearer one bears the line."""
    number = instance[row, column]
    for side in range(4):
        y = row + (1 if side == 1 else -1 if side == 3 else 0)
        x = column + (1 if side == 0 else -1 if side == 2 else 0)
        if not (0 <= y < instance.shape[0] and 0 <= x < instance.shape[1]) or instance[y, x] == number:
            continue
        if number >= FIRST_INSTANCE or instance[y, x] >= FIRST_INSTANCE:
            behind = depth[y, x] - depth[row, column]
            if behind > 0.0 or (behind == 0.0 and side < 2):
                return True
    return False


@njit(cache=True)
def _shade(material, instance, depth, position, normal, uv, colors, accent, pattern, scale, contrast, speckle,
           horizon, cloud, cloud_color, snow, sun, sun_power, ambient, light_color, cel_levels, fog, fog_color,
           clear_m, outline, grime, facet_m, crisp, dapple, disc, stars, seed, reflect, texel_m,
           block_m, brush, stroke_m, accented, snow_lies_on, rgb):  # fmt: skip
    h, w = material.shape
    for row in range(h):
        foot = 0.0  # how many surface units a pixel spans, as far as its neighbours say
        for column in range(w):
            m = material[row, column]
            number = instance[row, column]
            variant = (number * 7 + (number >> 3) * 3 + seed) % VARIANTS  # things differ, and parts of a thing
            u, v = uv[row, column, 0], uv[row, column, 1]
            if m == SKY and number == SPACE_INSTANCE:
                x, y, z = position[row, column]
                star, nebula = _starlight(x, y, z, seed)
                for c in range(3):
                    rgb[row, column, c] = min(1.0, colors[0, 0, c] * (0.05 + 0.25 * cloud * nebula) + star)
                continue
            if m == SKY and number == SKY_INSTANCE:
                high = min(1.0, max(0.0, position[row, column, 1] * 1.6))
                if clear_m > FLAT_FROM_M:
                    high, u, v = 1.0 - row / h, column * 6.0 / h, row * 8.0 / h
                cover = pattern_value(2, u * scale[0], v * scale[0], seed) * cloud if cloud > 0.0 else 0.0
                painted = 1.0
                if brush > 0.0:
                    painted += 0.2 * brush * (_stroke(u * 0.7, v * 2.0, 2.0 * stroke_m, seed) - 0.5)
                lamp = _sky_lamp(position[row, column], sun, disc, stars, seed)
                for c in range(3):
                    clear = horizon[c] + (colors[0, 0, c] - horizon[c]) * math.sqrt(high)
                    clear = clear * painted + (min(1.0, light_color[c] + 0.1) - clear * painted) * lamp
                    rgb[row, column, c] = min(1.0, max(0.0, clear + (cloud_color[c] - clear) * cover))
                continue
            if column + 1 < w and row + 1 < h and instance[row, column + 1] == number == instance[row + 1, column]:
                across = abs(uv[row, column + 1, 0] - u) + abs(uv[row, column + 1, 1] - v)
                foot = max(across, abs(uv[row + 1, column, 0] - u) + abs(uv[row + 1, column, 1] - v))
            blurred = 0.0 if crisp else foot
            texture, mixed, tilt = 1.0, 0.0, 0.0
            if texel_m > 0.0:
                u, v = (math.floor(u / texel_m) + 0.5) * texel_m, (math.floor(v / texel_m) + 0.5) * texel_m
                fine = hash01(math.floor(u / texel_m), math.floor(v / texel_m), seed + 61 + m)
                texture += 0.22 * (fine - 0.5) * _kept(0.5 * blurred / texel_m)
            if block_m > 0.0 and BLOCK_INSTANCE <= number < HELD_INSTANCE and m != CHARACTER:
                texture *= _block(position[row, column], normal[row, column], block_m, foot, seed)
            if brush > 0.0:
                stroke = _stroke(u, v, stroke_m, seed + m)
                texture += 0.45 * brush * (stroke - 0.5) * _kept(3.0 * blurred / stroke_m)
                mixed = 0.4 * brush * stroke
            su, sv = u * scale[m], v * scale[m]
            if depth[row, column] > 500.0:
                su, sv = su * 0.5, sv * 0.5
            if facet_m > 0.0:
                fu, fv = u / facet_m, v / facet_m
                half = 1 if fu - math.floor(fu) + fv - math.floor(fv) > 1.0 else 0
                tilt = _kept(blurred / facet_m) * (hash01(2 * math.floor(fu) + half, math.floor(fv), seed + m) - 0.5)
                texture += 0.2 * tilt
            else:
                depth_of = contrast[m] * _kept(blurred * scale[m])
                if depth_of > 0.01:
                    texture += depth_of * 1.6 * (pattern_value(pattern[m], su, sv, seed + m) - 0.6)
                if speckle > 0.0:
                    fine = hash01(math.floor(u * 12.0), math.floor(v * 12.0), seed)
                    fine = (fine - 0.5) * (1.0 + fractal_noise(u * 3.0, v * 3.0, seed, 2))
                    texture += speckle * fine * _kept(blurred * 8.0)
                if grime > 0.0:
                    mixed = min(1.0, max(0.0, 3.0 * fractal_noise(u * 0.35, v * 0.35, seed + 31, 3) - 1.0))
                    rough = fractal_noise(u * 2.3, v * 2.3, seed + 37, 4) - 0.5
                    texture += grime * (1.6 * rough * _kept(blurred * 3.0) + 0.3 * (mixed - 0.5))
                    tilt = grime * rough * _kept(blurred * 3.0)
            n0, n1, n2 = normal[row, column]
            lambert = max(0.0, n0 * sun[0] + n1 * sun[1] + n2 * sun[2] + 0.7 * tilt)
            if cel_levels > 0:
                lambert = math.floor(lambert * cel_levels + 0.5) / cel_levels
            light = ambient * (0.75 + 0.25 * n1) + sun_power * lambert
            if dapple > 0.0 and n1 > 0.4 and depth[row, column] < 200.0:
                x, z = position[row, column, 0], position[row, column, 2]
                shadow = 4.0 * (fractal_noise(x * 0.3, z * 0.3, seed + 41, 3) - 0.5)
                light *= 1.0 - dapple * min(1.0, max(0.0, shadow))
            if m == GLOW:
                light = 1.1
            elif m == WATER:
                light = 0.8 + 0.3 * light
            elif m == SKY:
                light = 0.85 + 0.15 * light
            white = 0.0
            if snow > 0.0 and snow_lies_on[m]:
                drift = fractal_noise(u * 1.3, v * 1.3, seed + 5, 3)
                white = min(1.0, max(0.0, (n1 + 0.9 * (drift - 0.5) - (1.0 - snow)) * 4.0))
                if m == FOLIAGE and number >= FIRST_INSTANCE and number & 7 == SNOW_PART:
                    white = 1.0
            edge = 0.0
            if outline > 0.0 and _borders(instance, depth, row, column):
                edge = outline
            haze = 0.0
            if fog > 0.0:
                haze = 1.0 - math.exp(-fog * min(depth[row, column] - clear_m, 900.0) * 0.02)
                haze *= 0.9
            part = number & 7 == ACCENT_PART or (m == GROUND and number == ROAD_INSTANCE)
            for c in range(3):
                base = colors[m, variant, c]
                if part and accented[m]:
                    base = accent[m, c] + 0.25 * (base - colors[m, 0, c])
                elif m == SKY:  # clouds that are things
                    base = cloud_color[c] + 0.15 * (base - colors[m, 0, c])
                elif m == WATER:
                    away = max(0.0, depth[row, column] - clear_m)
                    base = base + (horizon[c] - base) * reflect * away / (away + 15.0)
                base = base + (colors[m, (variant + 1) % VARIANTS, c] - base) * 0.8 * mixed
                base = base + (0.95 - base) * white
                lit = base * texture * light * light_color[c]
                lit = lit * (1.0 - edge)
                lit = lit + (fog_color[c] - lit) * haze
                rgb[row, column, c] = min(1.0, max(0.0, lit))


@njit(cache=True)
def _starlight(x, y, z, seed):
    """In one direction: a star's light, mostly 0, and the nebula's, both in [0, 1]."""
    azimuth, height = math.atan2(x, z), math.asin(min(1.0, max(-1.0, y)))
    u, v = math.floor(azimuth * 110.0), math.floor(height * 110.0)
    chance = hash01(u, v, seed)
    star = 0.3 + 0.7 * hash01(u, v, seed + 1) if chance > 0.988 else 0.0
    cover = fractal_noise(azimuth * 2.5 + 9.0, height * 2.5, seed + 2, 4)
    return star, min(1.0, max(0.0, cover * 2.0 - 0.7))
