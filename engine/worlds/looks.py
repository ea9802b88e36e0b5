"""How source games look: palettes, textures, weather and light, drawn as widely as games differ.

A look is for the source side only; what the model paints is an `engine.style.Style`. Colours are sRGB in [0, 1].
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

from engine.config import GROUND, MATERIALS, PATTERNS
from engine.worlds.scene import BLOCK_M

VARIANTS = 8  # colours of one material; an instance picks one by its number
Rng = np.random.Generator

# hue range in degrees, saturation range, value range: what a material mostly looks like in games.
NATURAL = {
    "sky": [((195, 225), (0.15, 0.9), (0.55, 1.0)), ((10, 40), (0.3, 0.8), (0.6, 1.0)),
            ((215, 260), (0.3, 0.9), (0.05, 0.35)), ((200, 220), (0.0, 0.15), (0.5, 0.95))],
    "ground": [((70, 125), (0.3, 0.9), (0.3, 0.75)), ((25, 45), (0.25, 0.7), (0.3, 0.9)),
               ((190, 225), (0.0, 0.2), (0.8, 1.0)), ((0, 360), (0.0, 0.12), (0.2, 0.7)),
               ((185, 215), (0.3, 0.8), (0.5, 1.0))],
    "foliage": [((75, 140), (0.3, 0.95), (0.15, 0.7)), ((15, 60), (0.5, 0.95), (0.4, 0.9)),
                ((100, 180), (0.05, 0.25), (0.5, 0.95)), ((20, 40), (0.3, 0.6), (0.15, 0.4))],
    "rock": [((0, 360), (0.0, 0.12), (0.2, 0.8)), ((15, 40), (0.15, 0.5), (0.25, 0.75)),
             ((205, 250), (0.1, 0.45), (0.35, 0.9))],
    "structure": [((15, 45), (0.05, 0.5), (0.4, 0.95)), ((0, 360), (0.0, 0.15), (0.3, 0.9)),
                  ((0, 20), (0.4, 0.7), (0.3, 0.7)), ((190, 220), (0.05, 0.4), (0.4, 0.9))],
    "roof": [((0, 25), (0.4, 0.85), (0.3, 0.8)), ((200, 240), (0.1, 0.6), (0.2, 0.7)),
             ((20, 45), (0.3, 0.7), (0.3, 0.8))],
    "water": [((185, 230), (0.4, 0.95), (0.3, 0.9)), ((160, 190), (0.3, 0.8), (0.3, 0.8)),
              ((200, 230), (0.5, 0.9), (0.1, 0.4))],
    "character": [((0, 360), (0.3, 1.0), (0.3, 1.0)), ((0, 360), (0.0, 0.3), (0.0, 0.3)),
                  ((15, 35), (0.3, 0.6), (0.6, 0.95)), ((0, 360), (0.0, 0.1), (0.8, 1.0)),
                  ((20, 120), (0.1, 0.45), (0.15, 0.55))],
    "prop": [((20, 40), (0.4, 0.8), (0.3, 0.8)), ((0, 360), (0.5, 1.0), (0.5, 1.0)),
             ((40, 55), (0.7, 1.0), (0.8, 1.0))],
    "glow": [((30, 60), (0.1, 0.8), (0.9, 1.0)), ((170, 200), (0.2, 0.8), (0.9, 1.0)),
             ((0, 360), (0.4, 0.9), (0.9, 1.0))],
    "hud": [((0, 360), (0.0, 1.0), (0.0, 1.0))],
}  # fmt: skip
# How often a natural game's material bears each of PATTERNS: plain, noise, clouds, tiles, bricks, stripes, dots,
# cracks, waves. Bricks are walls, waves are water: where all is flat, what else could tell them apart?
TEXTURED = {
    "sky": (6, 2, 2, 0, 0, 0, 0, 0, 0), "ground": (30, 40, 2, 10, 2, 4, 4, 6, 2),
    "foliage": (10, 60, 15, 0, 0, 3, 12, 0, 0),
    "rock": (15, 45, 3, 0, 3, 2, 0, 32, 0), "structure": (25, 12, 0, 20, 30, 10, 0, 3, 0),
    "roof": (15, 8, 0, 22, 25, 30, 0, 0, 0), "water": (20, 15, 5, 0, 0, 0, 0, 0, 60),
    "character": (70, 15, 0, 0, 0, 10, 5, 0, 0), "prop": (55, 15, 0, 5, 0, 20, 5, 0, 0),
    "glow": (70, 20, 5, 0, 0, 5, 0, 0, 0), "hud": (1, 0, 0, 0, 0, 0, 0, 0, 0),
}  # fmt: skip
TEXTURED_SHARE = 0.85  # of natural looks
SHOWN = ("structure", "rock", "roof", "water")  # of which the pattern is seen there
# Of the parts that `ACCENT_PART` numbers; each as often as the others.
ACCENTS = {
    "foliage": [((15, 40), (0.3, 0.65), (0.3, 0.6)), ((15, 40), (0.2, 0.5), (0.15, 0.4)),
                ((0, 360), (0.0, 0.12), (0.25, 0.9))],
    "ground": NATURAL["ground"][:2] + NATURAL["ground"][3:4],
    "structure": [((190, 230), (0.05, 0.5), (0.1, 0.6)), ((15, 40), (0.1, 0.5), (0.1, 0.4)),
                  ((190, 220), (0.05, 0.3), (0.7, 1.0))],
}  # fmt: skip
ACCENT_SHARE = 0.85  # of all looks; in the others bark is as leaves, and windows are as walls


# What belongs together in a natural game: by material, the entry of NATURAL that it takes, and the share of each.
PLACES: tuple[tuple[float, dict[str, int]], ...] = (
    (0.34, {"sky": 0, "ground": 0, "foliage": 0}),  # a green country by day
    (0.12, {"sky": 0, "ground": 1, "rock": 1}),  # a dry one
    (0.14, {"sky": 0, "ground": 2, "rock": 0}),  # snow
    (0.10, {"sky": 0, "ground": 4, "rock": 2, "structure": 3, "foliage": 0}),  # blue ice
    (0.10, {"sky": 3, "ground": 3, "structure": 1}),  # concrete under a grey sky
    (0.12, {"sky": 1}),  # a sunset
    (0.08, {"sky": 2}),  # night
)
NATURAL_SHARE = 0.9  # of all looks; of these PLACED_SHARE keep to one of the places
PLACED_SHARE = 0.75
SNOW_PLACE = PLACES[2][1]
PAINTED_SHARE, TEXEL_SHARE, TEXEL_SHARE_OF_BLOCKS = 0.12, 0.12, 0.8


@dataclass(frozen=True, kw_only=True)
class WorldLook:
    """A source game's look; k materials."""

    colors: np.ndarray  # (k, VARIANTS, 3)
    accent: np.ndarray  # (k, 3) of the parts that are of another colour: bark, a path's earth, window panes
    pattern: np.ndarray  # (k,) int
    scale: np.ndarray  # (k,)
    contrast: np.ndarray  # (k,) how deep the pattern cuts, 0..1
    speckle: float  # fine texture noise, 0..0.4
    horizon: np.ndarray  # (3,) the sky's colour down at the horizon
    cloud: float  # 0 clear, 1 overcast
    cloud_color: np.ndarray  # (3,)
    snow: float  # 0 none; else how far down white lies on slopes and trees
    sun: np.ndarray  # (3,) unit direction
    sun_power: float
    ambient: float
    light_color: np.ndarray  # (3,)
    cel_levels: int  # 0 smooth
    fog: float
    fog_color: np.ndarray  # (3,)
    outline: float  # darkness of lines between instances
    grime: float  # uneven colour and fine noise as of photographed surfaces, 0..0.7
    facet_m: float  # size of flat triangles, as of few polygons; 0 none
    crisp: bool  # patterns keep their strength where they are finer than a pixel, as in old games
    dapple: float  # darkness of patches of shade on the ground, 0..0.6
    reflect: float  # how much of the horizon far water shows
    disc: float  # angular size of the sun or moon in the sky, radians; 0 none
    stars: bool
    pixel_px: float  # size of the art's own pixels, in pixels of the frame; 1 is none
    texel_m: float  # size of a texture's own pixels on its surface, not smoothed; 0 none
    block_m: float  # size of the blocks that all is built of, each a little different, with seams; 0 none
    brush: float  # how much surfaces are flat strokes of a brush, 0..1
    stroke_m: float  # how long a stroke is
    seed: int


def _color(rng: Rng, material: str, natural: bool, entry: int | None = None) -> np.ndarray:
    """(3,) of the whole colour space, or of an entry of NATURAL: the given one, or mostly the first."""
    if not natural:
        hue, saturation, value = rng.uniform(0, 360), rng.uniform(0, 1), rng.uniform(0.1, 1)
    else:
        ranges = NATURAL[material]
        drawn = min(len(ranges) - 1, int(rng.exponential(1.0 if material != "character" else 2.0)))
        return _drawn(rng, ranges[drawn if entry is None else entry])
    return np.array(colorsys.hsv_to_rgb(hue / 360 % 1, saturation, value))


def _drawn(rng: Rng, ranges: tuple[tuple[float, float], ...]) -> np.ndarray:
    """(3,) of ranges of hue, saturation and value."""
    hue, saturation, value = (rng.uniform(*part) for part in ranges)
    return np.array(colorsys.hsv_to_rgb(hue / 360 % 1, saturation, value))


def random_look(rng: Rng, *, winter: bool = False, blocks: bool = False) -> WorldLook:
    """`winter` says that the level was built to lie under snow: its look has some; `blocks` that it is of blocks."""
    k = len(MATERIALS)
    natural = rng.random() < NATURAL_SHARE
    placed = natural and rng.random() < PLACED_SHARE
    place = PLACES[int(rng.choice(len(PLACES), p=[share for share, _ in PLACES]))][1] if placed else {}
    if winter and placed:
        place = SNOW_PLACE if rng.random() < 0.7 else {**place, "ground": SNOW_PLACE["ground"]}
    colors = np.zeros((k, VARIANTS, 3))
    suits = int(rng.integers(1, 4)) if natural and rng.random() < 0.4 else VARIANTS  # colours of all figures
    for i, name in enumerate(MATERIALS):
        base = _color(rng, name, natural, place.get(name))
        many = name in ("character", "prop", "glow", "hud") or rng.random() < 0.15
        spread = rng.uniform(0.02, 0.2)
        for variant in range(VARIANTS):
            color = _color(rng, name, natural, place.get(name)) if many else base * (1 + spread * rng.normal())
            if name == "character" and variant >= suits:
                color = colors[i, variant % suits]
            colors[i, variant] = color + 0.3 * spread * rng.normal(size=3)
    snow = float(rng.uniform(0.55, 1.0) if winter else rng.uniform(0.3, 1.0) * (rng.random() < 0.15))
    white = np.array([0.9, 0.95, 1.0]) * rng.uniform(0.85, 1.05)
    if snow:
        colors[GROUND] = white * rng.uniform(0.9, 1.0, (VARIANTS, 1))
    accent = colors[:, 0].copy()
    for name in ACCENTS if rng.random() < ACCENT_SHARE else ():
        ranges = ACCENTS[name][int(rng.integers(len(ACCENTS[name])))]
        accent[MATERIALS.index(name)] = _drawn(rng, ranges) if natural else _color(rng, name, natural)
    if snow and rng.random() < 0.6:  # on paths too
        accent[GROUND] = white * rng.uniform(0.75, 1.0)
    dark_outline = rng.random() < 0.3
    azimuth, elevation = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 1.4)
    sky = colors[0, 0]
    pattern = rng.integers(0, len(PATTERNS), k)
    soft = rng.random(k) < 0.6
    pattern[soft] = rng.integers(0, 2, soft.sum())
    contrast = rng.uniform(0.05, 0.5, k) * (rng.random(k) < 0.85)
    if natural and rng.random() < TEXTURED_SHARE:
        for i, name in enumerate(MATERIALS):
            often = np.array(TEXTURED[name], float)
            pattern[i] = rng.choice(len(PATTERNS), p=often / often.sum())
            contrast[i] = max(contrast[i], 0.15 * (name in SHOWN))
    painted = float(rng.uniform(0.5, 1.0)) if rng.random() < PAINTED_SHARE else 0.0
    if painted:
        contrast *= 0.4
    plain = 0.0 if painted else 1.0  # what is painted has no grain and no facets
    texels = rng.random() < (TEXEL_SHARE_OF_BLOCKS if blocks else TEXEL_SHARE)
    return WorldLook(
        colors=np.clip(colors, 0, 1),
        accent=np.clip(accent, 0, 1),
        pattern=pattern,
        scale=np.exp(rng.uniform(-1.2, 1.2, k)),
        contrast=contrast,
        speckle=plain * float(rng.choice([0.0, 0.05, 0.12, 0.25], p=[0.35, 0.3, 0.25, 0.1])),
        horizon=np.clip(sky + rng.uniform(-0.1, 0.5), 0, 1) if rng.random() < 0.8 else _color(rng, "sky", natural),
        cloud=float(rng.choice([0.0, rng.uniform(0.2, 1.0)])),
        cloud_color=np.clip(sky + rng.choice([rng.uniform(-0.2, 0.2), rng.uniform(0.2, 0.7)], p=[0.3, 0.7]), 0, 1),
        snow=snow,
        sun=np.array([np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)]),
        sun_power=float(rng.uniform(0.0, 0.9)),
        ambient=float(rng.uniform(0.6, 1.0)),
        light_color=np.clip(1 + 0.12 * rng.normal(size=3), 0.6, 1.3),
        cel_levels=int(rng.choice([0, 0, 0, 2, 3])),
        fog=float(rng.choice([0.0, rng.uniform(0.02, 0.3), rng.uniform(0.3, 1.0)], p=[0.55, 0.35, 0.1])),
        fog_color=np.clip((sky + rng.random(3) * 0.3), 0, 1),
        outline=float(rng.uniform(0.4, 1.0)) if dark_outline else 0.0,
        grime=plain * float(rng.uniform(0.2, 0.7)) if rng.random() < 0.35 else 0.0,
        facet_m=plain * float(np.exp(rng.uniform(-1.0, 1.2))) if rng.random() < 0.1 else 0.0,
        crisp=bool(rng.random() < 0.2),
        dapple=float(rng.uniform(0.2, 0.6)) if rng.random() < 0.2 else 0.0,
        reflect=float(rng.uniform(0.2, 0.8)) if rng.random() < 0.6 else 0.0,
        disc=float(rng.uniform(0.02, 0.12)) if rng.random() < 0.4 else 0.0,
        stars=bool(sky.mean() < 0.3 and rng.random() < 0.6),
        pixel_px=float(rng.choice([1.0, rng.uniform(1.2, 2.0), rng.uniform(1.6, 3.2)], p=[0.8, 0.1, 0.1])),
        texel_m=BLOCK_M / float(rng.choice([4, 8, 8, 16])) if texels else 0.0,
        block_m=BLOCK_M if blocks and rng.random() < 0.85 else 0.0,
        brush=painted,
        stroke_m=float(np.exp(rng.uniform(-0.7, 1.1))),
        seed=int(rng.integers(1 << 20)),
    )
