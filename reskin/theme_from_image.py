"""A theme from a reference picture: what `reskin theme from-image` prints.

The Reader says which pixels are sky, ground and so on; each material that is there takes its ramp from its own pixels,
the others are derived (`reskin.palette.derive`). Light, haze and contrast are estimates by simple statistics, named as
such in the notes. Knows nothing of TOML. Colours are sRGB in [0, 1], lightness and chroma are Oklab's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.config import MATERIALS, PRESETS
from engine.live import LiveEngine
from engine.underpaint import LUMA
from reskin.errors import ThemeError, VideoError
from reskin.palette import Ramp, Rgb, from_oklch, to_hex, to_oklch
from reskin.picture_file import read_picture
from reskin.plain_text import is_line, printable
from reskin.prepare import prepare
from reskin.theme_model import Theme

SMALLEST_PX = 64  # of either side; less is a swatch, not a scene
MOST_BYTES = 64 * 2**20
SURE = 0.5  # probability from which on a pixel counts as a material
LEAST_SHARE = {"character": 0.004, "prop": 0.004, "glow": 0.002}  # small things; of the picture
LEAST_SHARE_ELSE = 0.015
SPREAD, SKY_SPREAD = 0.40, 0.22  # least lightness from the dark to the light end: the game's detail needs room
VIEW_DEG = (68.0, 42.0)  # of the picture, across and down: what games show
GRAY = 0.03  # chroma below which a colour has no hue to speak of
BANDS = ((0.02, 0.2), (0.4, 0.6), (0.8, 0.98))  # of a material's pixels by luminance: dark, middle, light
ONE_COLOR = 0.05  # of luminance, from the 5th to the 95th percentile: less shows nothing
FAR, NEAR = 0.55, 0.35  # the Reader's depth beyond and before which haze is compared


@dataclass(frozen=True, kw_only=True)
class Found:
    theme: Theme  # every material is written out
    notes: dict[str, str]  # by table, as `reskin.theme_writer.theme_toml` takes them
    doubt: str = ""  # why the picture may not be what was wanted, in a sentence


def theme_from_picture(path: Path, name: str | None = None) -> Found:
    """The theme of a picture file; VideoError when it is none, too small or too large, ThemeError for a bad name."""
    if name is not None and not (0 < len(name) <= 60 and is_line(name)):
        raise ThemeError(f"naming the theme {name!r}: expected one line of text, 1 to 60 characters")
    picture = read_picture(_checked(path))
    h, w = picture.shape[:2]
    if min(h, w) < SMALLEST_PX:
        raise VideoError(
            f"reading the picture {path}: it is {w}x{h} pixels; expected at least {SMALLEST_PX} on either side, so "
            "that sky, ground and things can be told apart"
        )
    return theme_of(picture, name or _title(path), printable(path.name))


def theme_of(bgra_u8: np.ndarray, name: str, source: str) -> Found:
    """The theme of a picture (h, w, 4) BGRA; `source` is named in the notes."""
    engine = LiveEngine(PRESETS["lite"])
    rgb = prepare(bgra_u8, engine.preset.size)
    painting = engine.step(rgb, Theme(name=name).style())
    materials, depth = painting.materials, painting.depth
    likely, sure = materials.argmax(axis=2), materials.max(axis=2) >= SURE
    masks = {m: (likely == i) & sure for i, m in enumerate(MATERIALS)}
    scene = ~masks["hud"]
    found = {m: mask for m, mask in masks.items() if m != "hud" and mask.mean() >= LEAST_SHARE.get(m, LEAST_SHARE_ELSE)}
    ramps = {m: _ramp(m, rgb[mask]) for m, mask in found.items()}
    light, light_note = _light(rgb, scene if scene.any() else ~scene, found.get("sky"), depth)
    parts = {m: {"colors": [to_hex(c) for c in ramp], "glow": float(m == "glow")} for m, ramp in ramps.items()}
    low, high = np.percentile(rgb @ LUMA, (5, 95))
    finish = {"contrast": round(float(np.clip(0.92 + 0.25 * (high - low), 0.95, 1.15)), 2)}
    if "glow" in found:
        finish["bloom"] = 0.3
    said = {"name": name, "description": f"Colours and light of {source}"[:300], "light": light, "finish": finish,
            "detail": 0.85, "material": parts}  # fmt: skip
    complete = {m: part.said() for m, part in Theme.model_validate(said).materials().items()}
    notes = {f"material.{m}": f"{mask.mean():.0%} of the picture" for m, mask in found.items()}
    notes |= {f"material.{m}": "not in the picture: derived" for m in MATERIALS if m not in found}
    shares = ", ".join(f"{m} {mask.mean():.0%}" for m, mask in sorted(found.items(), key=lambda i: -i[1].mean()))
    notes[""] = (
        f"From {source}. Found: {shares or 'no material for sure'}.\n"
        "Light, fog and contrast are estimates. Try it: reskin theme check, reskin render."
    )
    notes["light"] = light_note
    return Found(
        theme=Theme.model_validate(said | {"material": complete}), notes=notes, doubt=_doubt(source, found, high - low)
    )


def _doubt(source: str, found: dict[str, np.ndarray], span: float) -> str:
    if span < ONE_COLOR:
        return f"{source} is nearly one colour, so most of the theme is a guess; a screenshot of a scene says more"
    if not found:
        return f"nothing in {source} was recognised, so its colours were not taken; a screenshot of a scene says more"
    return ""


def _ramp(material: str, pixels: np.ndarray) -> Ramp:
    if material in LEAST_SHARE and material != "glow":  # figures wear several colours: their mean would be mud
        pixels = _of_the_strongest_hue(pixels)
    return ramp_of_pixels(pixels, SKY_SPREAD if material == "sky" else SPREAD)


def _of_the_strongest_hue(pixels: np.ndarray) -> np.ndarray:
    """Those of (n, 3) that are within 45 degrees of the hue with the most chroma; all when nothing has a hue."""
    polar = np.array([to_oklch(_rgb(pixel)) for pixel in pixels])
    _, chroma, hue = polar.T
    if chroma.max() < GRAY:
        return pixels
    candidates = np.linspace(-math.pi, math.pi, 24, endpoint=False)
    near = np.cos(hue[None] - candidates[:, None]) > math.cos(math.pi / 4)  # (24, n)
    return pixels[near[(near * chroma**2).sum(axis=1).argmax()] & (chroma > 0.3 * chroma.max())]


def ramp_of_pixels(pixels: np.ndarray, spread: float) -> Ramp:
    """Dark, middle and light colour of pixels (n, 3), at least `spread` of lightness apart from end to end."""
    order = np.argsort(pixels @ LUMA)
    bands = [order[int(a * len(order)) : max(int(b * len(order)), int(a * len(order)) + 1)] for a, b in BANDS]
    (dark, low_c, low_h), (middle, c, h), (light, high_c, high_h) = (_mean_color(pixels[band]) for band in bands)
    missing = spread - (light - dark)
    if missing > 0:
        dark = min(max(dark - missing / 2, 0.04), 0.98 - spread)
        light = dark + spread
        middle = min(max(middle, dark + 0.3 * spread), light - 0.3 * spread)
    return from_oklch(dark, low_c, low_h), from_oklch(middle, c, h), from_oklch(light, high_c, high_h)


def _mean_color(pixels: np.ndarray) -> tuple[float, float, float]:
    return to_oklch(_rgb(pixels.mean(axis=0)))


def _rgb(values: np.ndarray) -> Rgb:
    red, green, blue = (float(v) for v in values)
    return red, green, blue


def _light(rgb: np.ndarray, scene: np.ndarray, sky: np.ndarray | None, depth: np.ndarray) -> tuple[dict, str]:
    """The theme's light table, and a sentence on how it was found."""
    luminance = rgb @ LUMA
    bright = rgb[scene & (luminance >= np.percentile(luminance[scene], 93))].mean(axis=0)
    dim = rgb[scene & (luminance <= np.percentile(luminance[scene], 25))].mean(axis=0)
    middle = float(np.median(luminance[scene]))
    _, sun_c, sun_h = to_oklch(_rgb(bright))
    sun = from_oklch(0.95, min(0.6 * sun_c, 0.09), sun_h)
    dim_l, dim_c, dim_h = to_oklch(_rgb(dim))
    ambient = from_oklch(min(max(dim_l, 0.25), 0.55), min(dim_c, 0.10), dim_h)
    azimuth, elevation, where = _sun_place(luminance, sky, ~sky & scene if sky is not None else scene)
    fog, density, haze = _fog(rgb, luminance, sky, scene, depth)
    warmth = sun[0] - sun[2]
    feeling = "warm" if warmth > 0.06 else "cold" if warmth < -0.06 else "neutral"
    light = {
        "sun": {"azimuth_deg": azimuth, "elevation_deg": elevation, "color": to_hex(sun),
                "power": round(0.8 + 0.6 * min(max(middle, 0.0), 1.0), 2)},
        "ambient": to_hex(ambient),
        "fog": {"color": to_hex(fog), "density": density},
    }  # fmt: skip
    return light, f"{feeling} light, the sun {where}; {haze}"


def _sun_place(luminance: np.ndarray, sky: np.ndarray | None, rest: np.ndarray) -> tuple[float, float, str]:
    """Azimuth and elevation in degrees: of the brightest place in the sky, else from the side that things are lit."""
    h, w = luminance.shape
    if sky is not None:
        peak = np.percentile(luminance[sky], 99.5)
        ys, xs = np.nonzero(sky & (luminance >= peak))
        compact = len(xs) and xs.std() < 0.12 * w and ys.std() < 0.12 * h
        if compact and peak - np.median(luminance[sky]) > 0.15:
            azimuth = (xs.mean() / w - 0.5) * VIEW_DEG[0]
            elevation = min(max((0.5 - ys.mean() / h) * VIEW_DEG[1], 3.0), 60.0)
            return round(float(azimuth)), round(float(elevation)), "where the sky is brightest"
    slope = 0.0
    if rest.sum() > 100:
        xs = np.nonzero(rest)[1] / w - 0.5
        slope = float(np.polyfit(xs, luminance[rest], 1)[0])
    side = math.tanh(4 * slope)  # 1: things are much lighter towards the right
    where = "to the right" if side > 0.15 else "to the left" if side < -0.15 else "behind the viewer"
    return round(180 - 70 * side), 35, where


def _fog(rgb: np.ndarray, luminance: np.ndarray, sky: np.ndarray | None, scene: np.ndarray,
         depth: np.ndarray) -> tuple[Rgb, float, str]:  # fmt: skip
    """Colour and density: how much flatter the far parts are than the near ones; the sky's colour where none are."""
    solid = scene if sky is None else scene & ~sky
    far, near = solid & (depth > FAR), solid & (depth < NEAR)
    if min(far.mean(), near.mean()) < 0.02:
        open_part = scene if sky is None else sky
        return _rgb(rgb[open_part].mean(axis=0)), 0.1, "too little is near and far at once to see haze"
    lost = 1 - float(luminance[far].std() / max(luminance[near].std(), 0.02))
    density = round(float(np.clip(0.05 + 0.35 * lost, 0.04, 0.4)), 2)
    return _rgb(rgb[far].mean(axis=0)), density, _haze_note(lost)


def _haze_note(lost: float) -> str:
    if lost <= 0:
        return "far parts have as much contrast as near ones"
    return f"far parts have {lost:.0%} less contrast than near ones"


def _title(path: Path) -> str:
    words = printable(path.stem).replace("-", " ").replace("_", " ").split()
    return " ".join(word.capitalize() for word in words)[:60] or "From a Picture"


def _checked(path: Path) -> Path:
    """The path, if its file is small enough to be read; the picture's own size is looked at when it is."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise VideoError(f"reading the picture {path}: {error.strerror}; check the path") from error
    if size > MOST_BYTES:
        raise VideoError(
            f"reading the picture {path}: the file has {size / 2**20:.0f} MiB; expected at most {MOST_BYTES >> 20}. "
            "Make it smaller first: 1280 pixels across are plenty."
        )
    return path
