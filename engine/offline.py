"""The slow oracle of `engine/live.py`: a whole clip in one obvious loop, the same formulas in plain numpy.

Nothing is compiled, nothing is kept from call to call, and the networks are any callables on arrays: torch modules in
the tests, which alone run it. Every step is written a second time, from its description; only what is plain numpy
in the engine too (`Style`, `lit_ramps`, `halo`, `lowness`) is shared. The engine's quick exp is off by up to 3e-4: with
the true one (`exp`) colours agree within 1/255, with the same quick one within 1e-4.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.color_vote import FEW, KEPT, LEVELS, OUTVOTED, OUTVOTED_FAR, lowness
from engine.config import FAR_LOG, HUD, PATCH, READ_EVERY, SKY, Preset
from engine.drift import COLOR_LIMIT, FLAT, SHARPNESS_LIMIT, SHARPNESS_RANGE, SLOW_FRAMES
from engine.refine import ALIKE, CARRY, FOLLOW_STEP, STILL
from engine.stillness import BELIEVED, CHANGED, DOUBTED, MEMORY_FRAMES, MOVING
from engine.style import Style
from engine.underpaint import (
    ABSENT,
    BROAD,
    CALM,
    CELL,
    FAINT,
    LUMA,
    RANGE,
    SKY_SPREAD_FLOOR,
    SPREAD_FLOOR,
    WINDOW,
    PaintMaps,
    halo,
    lit_ramps,
)
from engine.votes import CONFIDENCE

NEAR = {(0, 0): 2.0, (0, 1): 2.0, (1, 0): 2.0, (1, 1): 1.0, (0, 2): 0.5, (2, 0): 0.5}  # by rows, columns apart
Exp = Callable[[np.ndarray], np.ndarray]
Votes = dict[tuple[int, ...], np.ndarray]  # by half and steps of colour: (k,)


@dataclass(frozen=True, kw_only=True)
class Networks:
    """What the two graphs of `engine.export` compute, as callables on float32 arrays: votes come summed, per block."""

    votes: Callable[[np.ndarray], np.ndarray]  # rgb (h, w, 3) in [0, 1] -> (4 (k + 1), h/2, w/2)
    # patches (48 * 5 + surface, h/4, w/4), condition (19,) -> (64, h/4, w/4): moves of light, then a residual
    # in [-1, 1] units; None: no Painter
    outputs: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None


@dataclass(frozen=True, kw_only=True)
class OfflineFrame:
    maps: PaintMaps
    materials: np.ndarray  # (h, w, k) probabilities


def paint_clip(frames: Sequence[np.ndarray], style: Style, networks: Networks, preset: Preset, *, keep_hud: bool = True,
               quality: int = 0, resting: Container[int] = (), seed: int = 0,
               exp: Exp = np.exp) -> list[OfflineFrame]:  # fmt: skip
    """Paints every frame, rgb (h, w, 3) float32 in [0, 1], from its own past alone. As `LiveEngine.step`.

    At the frames in `resting` the Painter rests, as it does at quality 1. `exp` is asked for numbers up to zero only.
    """
    every = preset.reader_every * READ_EVERY[quality]
    noise = np.random.default_rng(seed).standard_normal(frames[0].shape, np.float32)
    still = np.ones(frames[0].shape[:2])
    settled: np.ndarray | None = None  # of the last frame that was read
    votes: Votes = {}  # of its colours
    statistics: np.ndarray | None = None
    last: np.ndarray | None = None
    anchor: np.ndarray | None = None
    seen_drift: list[np.ndarray] = []  # of every frame since the history began
    painted: list[OfflineFrame] = []
    for i, rgb in enumerate(frames):
        still = watch_stillness(rgb @ LUMA, frames[i - 1] @ LUMA, still) if i else still
        at = i - i % every  # the frame whose reading serves this one
        if preset.reads_behind and i:
            at = (i - 1) - (i - 1) % every
        if at == i:
            seen, depth = read(networks.votes(rgb), exp)
            votes = tally(rgb, seen, votes)
            settled = settle(rgb, outvote(rgb, seen, votes), frames[i - every] if i else None, settled)
            materials = doubt_hud(settled, still)
        else:
            if preset.reads_behind and at == i - 1 and at:
                seen, depth = read(networks.votes(frames[at]), exp)
                votes = tally(frames[at], seen, votes)
                settled = settle(frames[at], outvote(frames[at], seen, votes), frames[at - every], settled)
            assert settled is not None
            materials = doubt_hud(follow(rgb, frames[at], settled, votes), still)
        statistics = blend_statistics(light_statistics(rgb @ LUMA, materials), statistics)
        maps = lay_out(materials, depth, statistics, style, keep_hud=keep_hud, exp=exp)
        if quality or i in resting:
            last, anchor, seen_drift = None, None, []
        elif preset.painter:
            assert networks.outputs is not None
            under, noisy, none = paint(rgb, maps), noise, np.zeros_like(noise)
            for number in range(preset.steps):
                sigma, step = 1 - number / preset.steps, 1 / preset.steps
                missing = float(last is None)
                condition = np.append(style.light_vector(), [sigma, step, missing, missing]).astype(np.float32)
                past = (none, none) if last is None or anchor is None else (last, anchor)
                pictures = ((1 - sigma) * noisy, 2 * under - 1, 2 * rgb - 1, *past)
                moves, residual = lay(networks.outputs(cut(pictures, materials, depth, maps, style), condition))
                moved = replace(maps, mean=maps.mean - moves / maps.gain, base=maps.base + residual / 2)
                clean = 2 * paint(rgb, moved) - 1
                noisy = (1 - (sigma - step) / sigma) * clean + (sigma - step) / sigma * noisy
            maps, last, anchor = moved, clean, clean if anchor is None else anchor
            seen_drift.append(drift_of(under, (clean + 1) / 2))
            if has_drifted(seen_drift):
                last, anchor, seen_drift = None, None, []
        painted.append(OfflineFrame(maps=maps, materials=materials))
    return painted


def read(votes: np.ndarray, exp: Exp) -> tuple[np.ndarray, np.ndarray]:
    """Votes of 2x2 blocks to probabilities (h, w, k) and depth (h, w)."""
    channels, h, w = votes.shape
    pixels = votes.reshape(channels // 4, 2, 2, h, w).transpose(3, 1, 4, 2, 0).reshape(2 * h, 2 * w, channels // 4)
    logits = CONFIDENCE * pixels[..., :-1].astype(np.float64)
    weights = exp(logits - logits.max(axis=2, keepdims=True))
    depth = 1 / (1 + np.exp(-pixels[..., -1].astype(np.float64)))
    return weights / weights.sum(axis=2, keepdims=True), depth


def tally(rgb: np.ndarray, materials: np.ndarray, before: Votes) -> Votes:
    """What the pixels of each colour, above and below the middle apart, say they are; a HUD does not vote."""
    votes = {place: KEPT * vote * (KEPT * vote > FEW) for place, vote in before.items()}
    others = materials**2 * (np.arange(materials.shape[2]) != HUD)
    for (y, x), color in colors_of(rgb).items():
        for half, share in enumerate((1 - lowness(len(rgb))[y], lowness(len(rgb))[y])):
            votes[half, *color] = votes.get((half, *color), 0) + share * others[y, x]
    return votes


def outvote(rgb: np.ndarray, materials: np.ndarray, votes: Votes, counts: np.ndarray | float = 1.0,
            against: float = OUTVOTED) -> np.ndarray:  # fmt: skip
    """Materials with what their colours voted; a HUD stays as sure as it was."""
    said = np.zeros_like(materials)
    for (y, x), color in colors_of(rgb).items():
        above, below = votes.get((0, *color), 0), votes.get((1, *color), 0)
        said[y, x] = (above + lowness(len(rgb))[y] * (below - above)) ** 2
    total = said.sum(axis=2, keepdims=True)
    weight, heard = np.broadcast_to(counts, total.shape[:2])[..., None], against * (total > 0)
    shares = (1 - materials[..., HUD : HUD + 1]) * said / np.where(total > 0, total, 1)
    voted = (weight * materials + heard * shares) / (weight + heard)
    return np.where(np.arange(materials.shape[2]) == HUD, materials, voted)


def colors_of(rgb: np.ndarray) -> dict[tuple[int, int], tuple[int, ...]]:
    """The steps of its colour, by (y, x)."""
    steps = np.minimum(np.floor(rgb * LEVELS), LEVELS - 1).astype(int)
    return {(y, x): tuple(steps[y, x].tolist()) for y, x in np.ndindex(rgb.shape[:2])}


def follow(rgb: np.ndarray, read_rgb: np.ndarray, settled: np.ndarray, votes: Votes) -> np.ndarray:
    """Materials of a frame that was not read, from one that was."""
    counts = sum((weight for weight, _ in neighbours_of(rgb, read_rgb, settled, FOLLOW_STEP)), np.float64(0))
    return outvote(rgb, gather(rgb, read_rgb, settled, FOLLOW_STEP), votes, counts, OUTVOTED_FAR)


def gather(rgb: np.ndarray, neighbours: np.ndarray, materials: np.ndarray, step_px: int) -> np.ndarray:
    """Every pixel's materials from the 13 places around it, by nearness and by how alike their colour is."""
    weights, there = map(np.array, zip(*neighbours_of(rgb, neighbours, materials, step_px), strict=True))
    return (weights[..., None] * there).sum(axis=0) / weights.sum(axis=0)[..., None]


def neighbours_of(rgb: np.ndarray, neighbours: np.ndarray, materials: np.ndarray,
                  step_px: int) -> list[tuple[np.ndarray, np.ndarray]]:  # fmt: skip
    """Of every neighbour its weight (h, w), by nearness and by how alike its colour is, and its materials."""
    found = []
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            at = (step_px * dy, step_px * dx)
            distance = ((shifted(neighbours, *at) - rgb) ** 2).sum(axis=2)
            weight = NEAR.get((abs(dy), abs(dx)), 0.0) * (ALIKE / (ALIKE + distance)) ** 2
            found.append((weight, shifted(materials, *at)))
    return found


def settle(rgb: np.ndarray, materials: np.ndarray, rgb_before: np.ndarray | None,
           settled_before: np.ndarray | None) -> np.ndarray:  # fmt: skip
    """Materials averaged over neighbours of like colour, then over time where nothing changed."""
    fresh = gather(rgb, rgb, materials, 1)
    if rgb_before is None or settled_before is None:
        return fresh
    change = ((rgb_before - rgb) ** 2).sum(axis=2)
    past = (CARRY * STILL / (STILL + change))[..., None]
    return (1 - past) * fresh + past * settled_before


def shifted(picture: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """The picture whose pixel (y, x) is (y + dy, x + dx) of this one; borders repeat."""
    h, w = picture.shape[:2]
    rows, columns = np.clip(np.arange(h) + dy, 0, h - 1), np.clip(np.arange(w) + dx, 0, w - 1)
    return picture[rows][:, columns]


def watch_stillness(luminance: np.ndarray, before: np.ndarray, still: np.ndarray) -> np.ndarray:
    """(h, w) how much each pixel stood still while the picture moved, as of now."""
    changed = box_mean(np.abs(luminance - before)[..., None], 5)[..., 0] > CHANGED
    if changed.mean() <= MOVING:
        return still
    return still + (~changed - still) / MEMORY_FRAMES


def doubt_hud(materials: np.ndarray, still: np.ndarray) -> np.ndarray:
    """Materials whose HUD gives way to the others where the picture did not stand still."""
    belief = np.clip((still - DOUBTED) / (BELIEVED - DOUBTED), 0, 1)
    hud = materials[..., HUD]
    doubted = hud * (1 - belief)
    out = materials * (1 + doubted / np.maximum(1 - hud, 1e-4))[..., None]
    out[..., HUD] = hud - doubted
    return out


def box_mean(picture: np.ndarray, side: int) -> np.ndarray:
    """The mean over side x side places around each of (h, w, ...); borders are mirrored."""
    reach = side // 2
    padded = np.pad(picture, [(reach, reach)] * 2 + [(0, 0)] * (picture.ndim - 2), mode="reflect")
    return np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(0, 1)).mean(axis=(-2, -1))


def light_statistics(luminance: np.ndarray, materials: np.ndarray) -> np.ndarray:
    """(cells y, cells x, k, 3) sums of weight, luminance and its square per material, over a wide window of cells."""
    h, w, k = materials.shape
    weight = materials**2  # uncertain pixels say little
    terms = weight[..., None] * np.stack([np.ones_like(luminance), luminance, luminance**2], axis=2)[:, :, None, :]
    sums = terms.reshape(h // CELL, CELL, w // CELL, CELL, k, 3).sum(axis=(1, 3))
    whole = sums.sum(axis=(0, 1))
    # A little of the whole frame stands in where a material is missing nearby.
    return box_mean(sums, WINDOW) + 1e-3 * whole / whole[:, 0].sum()


def blend_statistics(now: np.ndarray, before: np.ndarray | None) -> np.ndarray:
    return now if before is None else CALM * before + (1 - CALM) * now


def lay_out(materials: np.ndarray, depth: np.ndarray, statistics: np.ndarray, style: Style, *,
            keep_hud: bool, exp: Exp) -> PaintMaps:  # fmt: skip
    """The maps of one frame from its materials, depth and light."""
    weight, first, second = np.moveaxis(statistics, 3, 0)
    cell_mean = first / (weight + 1e-6)
    cell_deviation = np.sqrt(np.maximum(second / (weight + 1e-6) - cell_mean**2, 0))
    totals = statistics.sum(axis=(0, 1)) + 1e-6
    whole = totals[:, 1] / totals[:, 0]
    h, w, k = materials.shape
    y = np.arange(h)[:, None]
    high = 1 - y / (0.75 * h)  # 1 at the top, 0 a little below the middle

    floor = np.full(k, SPREAD_FLOOR)
    floor[SKY] = SKY_SPREAD_FLOOR
    deviation = RANGE * np.maximum(spread_cells(cell_deviation, (h, w)), floor)  # (h, w, k)
    own = spread_cells(cell_mean, (h, w))
    own = own - BROAD * (own - whole)
    own[..., SKY] += 0.75 * deviation[..., SKY] * (2 * np.clip(high, 0, 1) - 1)  # light at the horizon

    share = np.maximum(materials - ABSENT, 0)
    share = share / (share.sum(axis=2, keepdims=True) + 1e-6)
    mean = (share * own).sum(axis=2)
    gain = 1 / ((share * deviation).sum(axis=2) + 1e-3)

    metres = 1 / exp(-FAR_LOG * depth) - 1
    sky = materials[..., SKY]
    low = 1 - np.clip(high, 0, 1)
    haze = 0.9 * (1 - exp(-style.fog_density * 0.02 * metres)) * (1 - sky)
    haze = haze + sky * min(0.75, 1.2 * style.fog_density) * low**2
    haze = haze[..., None] if style.fog_density > 0 else np.zeros((h, w, 1))

    dark, middle, light = (share @ ramp.T for ramp in np.split(lit_ramps(style), 3))
    base = dark * (1 - haze) + style.fog_color * haze
    shining = (materials @ style.glow).astype(np.float32)
    if shining.max() > 0.05:
        base = base + halo(shining, (materials @ style.light).astype(np.float32))
    keep = np.clip((materials[..., HUD] - 0.3) * 2.5, 0, 1) if keep_hud else np.zeros((h, w))
    say = np.maximum(materials - FAINT, 0)
    keep = keep + (1 - keep) * ((say * (1 - style.strength)).sum(axis=2) / say.sum(axis=2))
    return PaintMaps(base=base, shade=(middle - dark) * (1 - haze), shine=(light - middle) * (1 - haze), mean=mean,
                     gain=gain, keep=keep)  # fmt: skip


def spread_cells(cells: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(cells y, cells x, k) to (h, w, k), bilinear between the cells' centres."""

    def between(axis: int) -> tuple[np.ndarray, np.ndarray]:
        at = np.clip((np.arange(size[axis]) + 0.5) / CELL - 0.5, 0, cells.shape[axis] - 1.001)
        return at.astype(int), at - at.astype(int)

    (rows, down), (columns, across) = between(0), between(1)
    down, across = down[:, None, None], across[None, :, None]
    above = cells[rows][:, columns] * (1 - across) + cells[rows][:, columns + 1] * across
    below = cells[rows + 1][:, columns] * (1 - across) + cells[rows + 1][:, columns + 1] * across
    return above * (1 - down) + below * down


def paint(rgb: np.ndarray, maps: PaintMaps) -> np.ndarray:
    """(h, w, 3) in [0, 1]: what the maps show, kept pixels included."""
    x = np.clip((rgb @ LUMA - maps.mean) * maps.gain, -1, 1)
    x = (1.5 * x - 0.5 * x**3)[..., None]  # softly into the ends
    painted = maps.base + maps.shade * (1 + np.minimum(x, 0)) + maps.shine * np.maximum(x, 0)
    return np.clip(painted + maps.keep[..., None] * (rgb - painted), 0, 1)


def cut(pictures: Sequence[np.ndarray], materials: np.ndarray, depth: np.ndarray, maps: PaintMaps,
        style: Style) -> np.ndarray:  # fmt: skip
    """What the Painter looks at: pictures (h, w, 3) in [-1, 1] as 4x4 patches, then means of what lies in each patch.

    Zeros fill the channels up to a multiple of eight.
    """
    h, w = depth.shape
    planes = np.concatenate(pictures, axis=2)
    patches = planes.reshape(h // PATCH, PATCH, w // PATCH, PATCH, -1).transpose(4, 1, 3, 0, 2)
    patches = patches.reshape(-1, h // PATCH, w // PATCH)
    channels = np.concatenate([patches, surface_means(materials, depth, maps, style)]).astype(np.float32)
    return np.pad(channels, ((0, -len(channels) % 8), (0, 0), (0, 0)))


def surface_means(materials: np.ndarray, depth: np.ndarray, maps: PaintMaps, style: Style) -> np.ndarray:
    """(channels, h/4, w/4): means of what lies in each patch; `engine.painter` says in which order."""
    h, w = depth.shape
    surface = materials @ style.per_material()[:, 9:]  # scale, glow and patterns, behind the nine colour columns
    planes = np.concatenate([surface, materials, depth[..., None], maps.shade, maps.shine], axis=2)
    return planes.reshape(h // PATCH, PATCH, w // PATCH, PATCH, -1).mean(axis=(1, 3)).transpose(2, 0, 1)


def lay(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(64, h/4, w/4) back to pixels: moves of light (h, w), residual (h, w, 3)."""
    _, rows, columns = patches.shape
    pixels = patches.reshape(4, PATCH, PATCH, rows, columns).transpose(3, 1, 4, 2, 0)
    pixels = pixels.reshape(rows * PATCH, columns * PATCH, 4)
    return pixels[..., 0], pixels[..., 1:]


def drift_of(under: np.ndarray, output: np.ndarray) -> np.ndarray:
    """(4,): mean difference of each channel, and the output's gradient energy over the underpainting's, bounded."""
    pixels = under.shape[0] * under.shape[1]
    ours, theirs = (((picture[:, 1:] - picture[:, :-1]) ** 2).sum() / pixels + FLAT for picture in (output, under))
    return np.append((output - under).mean(axis=(0, 1)), np.clip(ours / theirs, *SHARPNESS_RANGE))


def has_drifted(seen: Sequence[np.ndarray]) -> bool:
    """Whether the slow mean of what was seen has left its limits."""
    slow = np.array([0.0, 0.0, 0.0, 1.0])
    for now in seen:
        slow = slow + (now - slow) / SLOW_FRAMES
    too_tinted = np.abs(slow[:3]).max() > COLOR_LIMIT
    return bool(too_tinted or not 1 / SHARPNESS_LIMIT < slow[3] < SHARPNESS_LIMIT)
