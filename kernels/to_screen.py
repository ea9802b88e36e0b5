"""The paint maps on the window's own pixels, in one pass from screen bytes to screen bytes. Imports triton.

A lane is a screen pixel: one word in, one word out, and 60 values of the maps around it, which lie in the cache since
neighbours share them. A frame of 1080p is 16.6 MB read and written, 4 us at an H200's 4.3 TB/s.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels import reference
from kernels.tiles import COLUMNS

LIKENESS, LINE_FROM = tl.constexpr(reference.LIKENESS), tl.constexpr(reference.LINE_FROM)
RED, GREEN, BLUE = (tl.constexpr(share) for share in reference.LUMA)


def to_screen(bgra_u8: Tensor, guide: Tensor, base: Tensor, shade: Tensor, shine: Tensor, mean: Tensor, gain: Tensor,
              keep: Tensor, strength: Tensor, outline: Tensor, grain: Tensor, noise: Tensor,
              frame: Tensor) -> Tensor:  # fmt: skip
    """As `kernels.reference.to_screen`; all contiguous, the maps float32."""
    assert all(part.is_contiguous() for part in (bgra_u8, guide, base, shade, shine, mean, gain, keep, noise))
    (height, width, _), (_, h, w) = bgra_u8.shape, guide.shape
    out = torch.empty_like(bgra_u8)
    _to_screen[(triton.cdiv(width, COLUMNS), height)](
        bgra_u8.view(torch.int32), guide, base, shade, shine, mean, gain, keep, strength, outline, grain,
        noise, frame, out.view(torch.int32), height, width, h, w, COLUMNS=COLUMNS,
    )  # fmt: skip
    return out


@triton.jit
def _cell(there, screen, model):
    """Along an axis: the model pixels before and after a screen pixel's middle, and the weight of the latter."""
    at = (2 * there + 1) * model + screen  # in half screen pixels times the model's size, from one model pixel early
    before = at // (2 * screen) - 1
    weight = (at - (before + 1) * 2 * screen).to(tl.float32) / (2 * screen)
    return tl.maximum(before, 0), tl.minimum(before + 1, model - 1), weight


@triton.jit
def _blend(plane, a, b, c, d, wa, wb, wc, wd, inside):
    """A map at each lane: its four neighbours by their weights."""
    above = wa * tl.load(plane + a, inside, 0.0) + wb * tl.load(plane + b, inside, 0.0)
    return above + wc * tl.load(plane + c, inside, 0.0) + wd * tl.load(plane + d, inside, 0.0)


@triton.jit
def _unlike(guide, plane, at, red, green, blue, inside):
    """Squared, squared colour distance to one neighbour."""
    r = red - tl.load(guide + at, inside, 0.0)
    g = green - tl.load(guide + plane + at, inside, 0.0)
    b = blue - tl.load(guide + 2 * plane + at, inside, 0.0)
    distance = LIKENESS + r * r + g * g + b * b
    return distance * distance


@triton.jit
def _gray(word):
    """0 to 255, in whole numbers."""
    return (77 * ((word >> 16) & 255) + 150 * ((word >> 8) & 255) + 29 * (word & 255)) >> 8


@triton.jit
def _line(words, word, y, x, height, width, outline):
    """How dark a line is where the window's luminance jumps; none on its left and right edge."""
    inside = (x > 0) & (x < width - 1)
    here = _gray(word)
    up = _gray(tl.load(words + tl.maximum(y - 1, 0) * width + x, inside, 0))
    down = _gray(tl.load(words + tl.minimum(y + 1, height - 1) * width + x, inside, 0))
    west = _gray(tl.load(words + y * width + x - 1, inside, 0))
    east = _gray(tl.load(words + y * width + x + 1, inside, 0))
    highest = tl.maximum(tl.maximum(tl.maximum(here, up), tl.maximum(down, west)), east)
    lowest = tl.minimum(tl.minimum(tl.minimum(here, up), tl.minimum(down, west)), east)
    jump = (highest - lowest).to(tl.float32) - LINE_FROM
    darkest = 235.0 / 255.0 * tl.minimum(0.4 + outline, 1.0)
    return tl.where(inside, tl.minimum(tl.maximum(jump * (3.2 / 255.0) * outline, 0.0), darkest), 0.0)


@triton.jit
def _level(color):
    """0 to 255, rounded."""
    return tl.minimum(tl.maximum(color * 255.0 + 0.5, 0.0), 255.0).to(tl.int32)


@triton.jit
def _to_screen(words, guide, base, shade, shine, mean, gain, keep, strength_at, outline_at, grain, noise, frame_at, out,
               height, width, h, w, COLUMNS: tl.constexpr):  # fmt: skip
    y = tl.program_id(1)
    x = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    inside = x < width
    strength, outline, frame = tl.load(strength_at), tl.load(outline_at), tl.load(frame_at)
    word = tl.load(words + y * width + x, inside, 0)
    red, green = ((word >> 16) & 255).to(tl.float32) / 255.0, ((word >> 8) & 255).to(tl.float32) / 255.0
    blue = (word & 255).to(tl.float32) / 255.0

    above, below, down = _cell(y, height, h)
    left, right, across = _cell(x, width, w)
    a, b, c, d = above * w + left, above * w + right, below * w + left, below * w + right
    plane = h * w
    wa = (1.0 - down) * (1.0 - across) / _unlike(guide, plane, a, red, green, blue, inside)
    wb = (1.0 - down) * across / _unlike(guide, plane, b, red, green, blue, inside)
    wc = down * (1.0 - across) / _unlike(guide, plane, c, red, green, blue, inside)
    wd = down * across / _unlike(guide, plane, d, red, green, blue, inside)
    norm = 1.0 / (wa + wb + wc + wd)
    wa, wb, wc, wd = wa * norm, wb * norm, wc * norm, wd * norm

    luminance = RED * red + GREEN * green + BLUE * blue
    at = luminance - _blend(mean, a, b, c, d, wa, wb, wc, wd, inside)
    at = at * _blend(gain, a, b, c, d, wa, wb, wc, wd, inside)
    at = tl.minimum(tl.maximum(at, -1.0), 1.0)
    at = at * (1.5 - 0.5 * at * at)
    lower, upper = 1.0 + tl.minimum(at, 0.0), tl.maximum(at, 0.0)
    share = strength * (1.0 - _blend(keep, a, b, c, d, wa, wb, wc, wd, inside))
    dim = 1.0 - share * _line(words, word, y, x, height, width, outline)
    strip = noise + ((y * 97 + frame * 31) % 8) * 4096 + (y * 131 + frame * 517) % 3968
    speck = tl.load(grain) * share * tl.load(strip + x % 128, inside, 0.0)
    color = tl.where(strength > 0.0, 255, (word >> 24) & 255) << 24
    for i in tl.static_range(3):
        game = red if i == 0 else (green if i == 1 else blue)
        painted = _blend(base + i * plane, a, b, c, d, wa, wb, wc, wd, inside)
        painted += lower * _blend(shade + i * plane, a, b, c, d, wa, wb, wc, wd, inside)
        painted += upper * _blend(shine + i * plane, a, b, c, d, wa, wb, wc, wd, inside)
        color = color | (_level((game + share * (painted - game)) * dim + speck) << (16 - 8 * i))
    tl.store(out + y * width + x, color, inside)
