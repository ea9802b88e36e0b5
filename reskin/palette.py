"""Colour arithmetic for themes: hex text, Oklab lightness and hue, and the materials that a theme leaves unsaid.

Colours are sRGB triples in [0, 1]. Oklab follows Ottosson 2020 (bottosson.github.io/posts/oklab): its L is even to
the eye, so "0.18 lighter" means the same for a yellow and for a blue. Knows nothing of files or of the model.
"""

from __future__ import annotations

import math
import re

Rgb = tuple[float, float, float]
Ramp = tuple[Rgb, ...]  # 1 to 4 colours, dark to light

_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
HALF_RAMP = 0.18  # lightness given to each side of a material named by one colour only


def parse_hex(text: str) -> Rgb:
    """'#rgb' or '#rrggbb' as sRGB in [0, 1]; ValueError for anything else."""
    if not _HEX.fullmatch(text):
        raise ValueError(f"{text!r} is no colour of the form #rgb or #rrggbb")
    digits = text[1:] if len(text) == 7 else "".join(2 * digit for digit in text[1:])
    red, green, blue = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


def to_hex(rgb: Rgb) -> str:
    return "#" + "".join(f"{round(255 * min(max(channel, 0.0), 1.0)):02x}" for channel in rgb)


def to_linear(rgb: Rgb) -> Rgb:
    """Amounts of light, 0..1, without sRGB's curve."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
    return red, green, blue


def to_oklab(rgb: Rgb) -> tuple[float, float, float]:
    """Lightness 0..1, green to red, blue to yellow: distances are what people see."""
    light, chroma, hue = to_oklch(rgb)
    return light, chroma * math.cos(hue), chroma * math.sin(hue)


def to_oklch(rgb: Rgb) -> tuple[float, float, float]:
    """Lightness 0..1, chroma 0..~0.37, hue in radians."""
    r, g, b = to_linear(rgb)
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    medium = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b_axis = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(a, b_axis), math.atan2(b_axis, a)


def from_oklch(lightness: float, chroma: float, hue: float) -> Rgb:
    """The inverse of `to_oklch`; chroma is lowered until the colour exists on a screen."""
    lightness = min(max(lightness, 0.0), 1.0)
    for _ in range(24):
        rgb = _oklch_to_rgb(lightness, chroma, hue)
        if all(-1e-4 <= channel <= 1 + 1e-4 for channel in rgb):
            break
        chroma *= 0.88
    red, green, blue = (min(max(channel, 0.0), 1.0) for channel in rgb)
    return red, green, blue


def _oklch_to_rgb(lightness: float, chroma: float, hue: float) -> Rgb:
    a, b_axis = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b_axis) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b_axis) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b_axis) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    red, green, blue = (12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in linear)
    return red, green, blue


def lightness(rgb: Rgb) -> float:
    return to_oklch(rgb)[0]


def shift(ramp: Ramp, *, light: float = 0.0, chroma: float = 1.0, turn_deg: float = 0.0) -> Ramp:
    """The ramp lighter by `light`, its chroma times `chroma`, its hue turned by `turn_deg`."""
    shifted = []
    for rgb in ramp:
        l, c, h = to_oklch(rgb)
        shifted.append(from_oklch(l + light, c * chroma, h + math.radians(turn_deg)))
    return tuple(shifted)


def stops(ramp: Ramp) -> tuple[Rgb, Rgb, Rgb]:
    """The dark end, the middle and the light end that the model is given.

    One colour is widened by `HALF_RAMP` both ways; of four, the middle is halfway between the inner two.
    """
    if len(ramp) == 1:
        l, c, h = to_oklch(ramp[0])
        low = min(max(l - HALF_RAMP, 0.04), 1 - 2 * HALF_RAMP)
        return from_oklch(low, c, h), ramp[0], from_oklch(low + 2 * HALF_RAMP, c, h)
    at = (len(ramp) - 1) / 2
    red, green, blue = ((a + b) / 2 for a, b in zip(ramp[math.floor(at)], ramp[math.ceil(at)], strict=True))
    return ramp[0], (red, green, blue), ramp[-1]


def ramp_of(hue: float, chroma: float, dark: float, light: float) -> Ramp:
    return from_oklch(dark, chroma * 0.8, hue), from_oklch(light, chroma, hue)


def derive(named: dict[str, Ramp], *, sun: Rgb, ambient: Rgb, fog: Rgb) -> dict[str, Ramp]:
    """Every material's ramp: the named ones as they are, the others from their nearest relative and the light.

    Each rule reads only what is named or was derived above it, so the order of the lines is the order of kinship.
    """
    ramps = dict(named)
    sun_light, sun_chroma, sun_hue = to_oklch(sun)

    def fill(material: str, ramp: Ramp) -> None:
        ramps.setdefault(material, ramp)

    fill("sky", _sky_ramp(ambient, fog, sun))
    sky_middle = _middle(ramps["sky"])
    relatives = [m for m in ("rock", "structure", "foliage") if m in named]
    ground_below = 0.16 if sky_middle > 0.5 else 0.30  # darker than a bright sky, lighter than a night sky
    own_ground = ramp_of(sun_hue, 0.02 + 0.4 * sun_chroma, ground_below, ground_below + 0.40)
    fill("ground", shift(ramps[relatives[0]], light=-0.06, chroma=0.8, turn_deg=-20) if relatives else own_ground)
    ground_hue = to_oklch(ramps["ground"][-1])[2]
    fill("rock", shift(ramps["structure"] if "structure" in named else ramps["ground"], light=-0.05, chroma=0.45))
    fill("foliage", shift(ramps["ground"], light=-0.04, chroma=1.35, turn_deg=55))
    contrast = 0.16 if _middle(ramps["ground"]) < 0.55 else -0.18
    fill("structure", shift(ramps["rock"], light=contrast, chroma=1.1, turn_deg=10))
    fill("roof", shift(ramps["structure"], light=-0.10, chroma=1.8, turn_deg=-45))
    fill("water", shift(ramps["sky"], light=-0.08 if sky_middle > 0.4 else 0.10, chroma=1.25))
    accent_hue = ground_hue + math.pi  # the complement of what a figure stands on
    pale = _middle(ramps["ground"]) < 0.5
    fill("character", ramp_of(accent_hue, 0.16, 0.42 if pale else 0.18, 0.90 if pale else 0.62))
    fill("prop", ramp_of(accent_hue + math.radians(50), 0.15, 0.34, 0.80))
    fill("glow", ramp_of(sun_hue, max(sun_chroma, 0.10), min(max(0.55, sun_light - 0.3), 0.7), 0.96))
    fill("hud", ramp_of(sun_hue, 0.02, 0.14, 0.96))
    return ramps


def _sky_ramp(ambient: Rgb, fog: Rgb, sun: Rgb) -> Ramp:
    """From the ambient colour overhead to the fog lit by the sun at the horizon."""
    ambient_l, ambient_c, ambient_h = to_oklch(ambient)
    red, green, blue = (0.6 * f + 0.4 * s for f, s in zip(fog, sun, strict=True))
    return from_oklch(ambient_l, max(ambient_c, 0.03), ambient_h), (red, green, blue)


def _middle(ramp: Ramp) -> float:
    dark, _, light = stops(ramp)
    return (lightness(dark) + lightness(light)) / 2
