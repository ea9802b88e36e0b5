"""What of a valid theme will hardly be as its author meant it: things that cannot be told apart, ramps the wrong way
round, colours that nobody can read, keys that change nothing. `reskin theme check` tells it as warnings.

Distances are Euclidean in Oklab, where 0.02 is the least that an eye sees beside each other. Knows nothing of files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from reskin.palette import Ramp, Rgb, lightness, stops, to_linear, to_oklab
from reskin.theme_model import Theme

# What lies beside each other in most pictures of a game, and is lost when it looks alike.
NEIGHBOURS = (
    ("sky", "ground"), ("sky", "structure"), ("sky", "rock"), ("sky", "foliage"), ("ground", "structure"),
    ("ground", "water"), ("character", "sky"), ("character", "ground"), ("character", "structure"),
    ("character", "foliage"), ("prop", "ground"),
)  # fmt: skip
ALIKE = 0.045  # between middles and both ends on average; the nearest pair of the shipped themes is 0.055 apart
FLAT = 0.10  # lightness from the dark end to the light end: less, and the game's detail is gone
READABLE = 3.0  # contrast of text and its plate, of the 21 that black on white has; WCAG 2.2 asks as much of large text
Location = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Advice:
    location: Location  # of the key that is meant
    text: str


def advice(theme: Theme) -> list[Advice]:
    """Warnings for a theme as its author wrote it; what was derived or comes from a prompt is not the author's."""
    found = [*_alike(theme), *_ramps(theme), *_unreadable(theme), *_without_effect(theme), *_regions(theme)]
    return [Advice(location=location, text=text) for location, text in found]


def distance(one: Ramp, other: Ramp) -> float:
    """Mean Oklab distance of two ramps' dark, middle and light colours."""
    return sum(math.dist(to_oklab(a), to_oklab(b)) for a, b in zip(stops(one), stops(other), strict=True)) / 3


def contrast(one: Rgb, other: Rgb) -> float:
    """WCAG 2.2's ratio of relative luminances, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _alike(theme: Theme) -> list[tuple[Location, str]]:
    named = theme.material.named()
    found: list[tuple[Location, str]] = []
    for first, second in NEIGHBOURS:
        both = [name for name in (first, second) if name in named and named[name].strength > 0]
        if len(both) < 2:
            continue
        apart = distance(named[first].ramp, named[second].ramp)
        if apart < ALIKE:  # patterns are no help: without the Painter they are not seen
            text = f"hardly to be told from {second} ({apart:.3f} apart in Oklab; {ALIKE} can be told): change one"
            found.append((("material", first, "colors"), text))
    return found


def _ramps(theme: Theme) -> list[tuple[Location, str]]:
    found: list[tuple[Location, str]] = []
    for name, material in theme.material.named().items():
        at = ("material", name, "colors")
        light = [lightness(rgb) for rgb in material.ramp]
        if len(light) < 2 or name == "sky":  # a sky goes from overhead to the horizon, whichever is lighter
            continue
        if any(after < before - 0.02 for before, after in pairwise(light)):
            found.append((at, "not from dark to light: light places of the game would come out dark"))
        elif light[-1] - light[0] < FLAT and name not in ("glow", "hud"):
            apart = f"{light[-1] - light[0]:.2f} of 1"
            found.append((at, f"nearly as light at one end as at the other ({apart}): the game's detail would be lost"))
    return found


def _unreadable(theme: Theme) -> list[tuple[Location, str]]:
    hud = theme.material.named().get("hud")
    if hud is None or theme.keep.hud or len(hud.ramp) < 2:
        return []
    ratio = contrast(hud.ramp[0], hud.ramp[-1])
    if ratio >= READABLE:
        return []
    text = f"its dark and light colours have a contrast of {ratio:.1f}; text needs {READABLE:g} to be read"
    return [(("material", "hud", "colors"), text)]


def _without_effect(theme: Theme) -> list[tuple[Location, str]]:
    found: list[tuple[Location, str]] = []
    if theme.strength == 0:
        found.append((("strength",), "at 0 the theme changes nothing"))
    fog = theme.light.fog
    if {"color", "density"} <= fog.model_fields_set and fog.density == 0:
        found.append((("light", "fog", "color"), "changes nothing: the fog's density is 0"))
    if theme.detail == 0 and theme.relight == 1:
        found.append((("detail",), "0 with relight = 1 leaves nothing of the game's own surfaces to the Painter"))
    for name, part in theme.material.written().items():
        others = part.model_fields_set - {"strength"}
        if part.strength == 0 and others:
            found.append((("material", name, min(others)), f"changes nothing: the strength of {name} is 0"))
        is_plain = "pattern" in part.model_fields_set or (part.colors and not theme.prompt)  # else it may be given one
        if part.pattern == "plain" and part.scale != 1 and is_plain:
            found.append((("material", name, "scale"), "changes nothing: the pattern is plain"))
    return found


def _regions(theme: Theme) -> list[tuple[Location, str]]:
    found: list[tuple[Location, str]] = []
    for x, y, wide, tall in theme.keep.regions:
        text = f"the region [{x:g}, {y:g}, {wide:g}, {tall:g}] "
        if wide == 0 or tall == 0:
            found.append((("keep", "regions"), text + "has no size"))
        elif x + wide > 1.0001 or y + tall > 1.0001:
            found.append((("keep", "regions"), text + "reaches out of the window: x + width and y + height end at 1"))
    return found


def _luminance(rgb: Rgb) -> float:
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), to_linear(rgb), strict=True))
