"""What a person's words about a look mean in figures of a `Theme`, and whether a theme is what a sentence asks for.

Everything is an area-weighted statistic over the middle colours of the materials, sky and ground most, in Oklab; the
light (sun, ambient, fog) counts for a quarter of the warmth. Written before the mapper; it knows nothing of prompts.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path

from reskin.palette import Rgb, parse_hex, stops, to_oklch
from reskin.themes import Theme

FOLDER = Path(__file__).resolve().parent

# Of a typical game's picture; props, figures, glow and the HUD are small and are accents on purpose.
AREA = {
    "sky": 0.27, "ground": 0.27, "foliage": 0.14, "structure": 0.14, "rock": 0.07, "water": 0.06, "roof": 0.05,
}  # fmt: skip
# Degrees of Oklab hue; neighbours overlap, as people's names for colours do.
HUES = {
    "red": (5, 48), "orange": (40, 84), "yellow": (76, 120), "green": (112, 175), "cyan": (165, 230),
    "blue": (222, 290), "purple": (280, 335), "pink": (322, 375),
}  # fmt: skip
GREY_CHROMA = 0.032  # mean chroma below this is no colour at all
PEAK_WIDTH_DEG = 22.0  # how far apart two colours still add up to one main hue
DARK, BRIGHT = 0.42, 0.63  # mean Oklab lightness; 0.57 is the middle grey #777777
EITHER = 0.02  # this close to a border both words are right
WARM_HUE_DEG = 58.0  # orange; azure is opposite
WARM = 0.018  # mean chroma along the axis from azure to orange


@dataclass(frozen=True, kw_only=True)
class Measured:
    hue_deg: float  # of the main hue
    chroma: float  # mean
    lightness: float  # mean
    warmth: float  # below 0 cold

    def hues(self) -> set[str]:
        if self.chroma < GREY_CHROMA:
            return {"none"}
        return {name for name, (low, high) in HUES.items() if low <= self.hue_deg + 360 * (self.hue_deg < low) <= high}

    def brightnesses(self) -> set[str]:
        return _classes(self.lightness, DARK, BRIGHT, EITHER, ("dark", "medium", "bright"))

    def warmths(self) -> set[str]:
        return _classes(self.warmth, -WARM, WARM, 0.003, ("cold", "neutral", "warm"))


@dataclass(frozen=True, kw_only=True)
class Sentence:
    text: str
    hue: frozenset[str]
    brightness: frozenset[str]
    warmth: frozenset[str]

    def right(self, theme: Theme) -> dict[str, bool]:
        """Whether each attribute of the theme is one that the sentence accepts."""
        found = measure(theme)
        return {
            "hue": bool(self.hue & found.hues()),
            "brightness": bool(self.brightness & found.brightnesses()),
            "warmth": bool(self.warmth & found.warmths()),
        }


def sentences(name: str) -> list[Sentence]:
    """Those of a list beside this file: held_out or development."""
    rows = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["sentence"]
    return [
        Sentence(text=row["text"], **{key: frozenset(words.split("|")) for key, words in row["look"].items()})
        for row in rows
    ]


def odd_prompts() -> list[str]:
    rows = tomllib.loads((FOLDER / "odd.toml").read_text(encoding="utf-8"))["odd"]
    return [row["text"] * row.get("times", 1) for row in rows]


def measure(theme: Theme) -> Measured:
    materials = theme.materials()
    colors = [(area, to_oklch(stops(materials[name].ramp)[1])) for name, area in AREA.items()]
    lights = [theme.light.sun.color, theme.light.ambient, theme.light.fog.color]
    light_warmth = sum(_warmth(parse_hex(color)) for color in lights) / len(lights)
    own_warmth = sum(area * chroma * math.cos(hue - math.radians(WARM_HUE_DEG)) for area, (_, chroma, hue) in colors)
    return Measured(
        hue_deg=_main_hue_deg([(area * chroma, math.degrees(hue)) for area, (_, chroma, hue) in colors]),
        chroma=sum(area * chroma for area, (_, chroma, _) in colors),
        lightness=sum(area * light for area, (light, _, _) in colors),
        warmth=0.75 * own_warmth + 0.25 * light_warmth,
    )


def _main_hue_deg(weighted: list[tuple[float, float]]) -> float:
    """The peak of the hues' density, each smoothed over PEAK_WIDTH_DEG."""

    def density(at: float) -> float:
        gaps = [(weight, (hue - at + 180) % 360 - 180) for weight, hue in weighted]
        return sum(weight * math.exp(-0.5 * (gap / PEAK_WIDTH_DEG) ** 2) for weight, gap in gaps)

    return float(max(range(360), key=density))


def _warmth(rgb: Rgb) -> float:
    _, chroma, hue = to_oklch(rgb)
    return chroma * math.cos(hue - math.radians(WARM_HUE_DEG))


def _classes(value: float, low: float, high: float, either: float, names: tuple[str, str, str]) -> set[str]:
    bounds = ((-math.inf, low + either), (low - either, high + either), (high - either, math.inf))
    return {name for name, (start, end) in zip(names, bounds, strict=True) if start <= value <= end}
