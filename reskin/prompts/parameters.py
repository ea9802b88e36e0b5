"""A look to a theme's parameters, in the shape of its TOML: ramps, patterns, light and finish that go together.

What makes a picture readable is held here: every ramp spans enough lightness for the game's own detail, sky, ground
and walls stand apart, and figures stand apart from all three. Knows nothing of words.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reskin.prompts.look import FINISH, ROW, Lab, PromptLook, hex_of, lab_of

APART = 0.12  # Oklab distance between sky, ground and walls
FIGURE_APART = 0.17  # of a figure from those
HALF = 0.24  # lightness from a ramp's middle to its ends
COOL_SHADE, WARM_LIGHT = 0.22, 0.16  # how far ramps lean towards the ambient and the sun


def parameters(look: PromptLook) -> dict[str, Any]:
    """Everything but name and prompt of a theme that looks so."""
    lab = look.lab.copy()
    lab[:, 0] = np.clip(lab[:, 0], 0.1, 0.93)
    for _ in range(3):  # what is moved may leave the screen's colours, and come back closer
        lab = np.array([lab_of(hex_of(color)) for color in lab])
        _set_apart(lab)
    ambient = _ambient(look, lab)
    sun = _in_range(look.sun, 0.6, 0.99, 0.16)
    fog = look.fog_lab if look.fog_lab is not None else 0.75 * lab[ROW["horizon"]] + 0.25 * look.sun
    figure, prop = _figures(lab)
    glow = np.array([0.8, *(0.85 * _colorful(sun if math.hypot(*sun[1:]) > 0.05 else lab[ROW["accent"]], 0.1)[1:])])
    material: dict[str, dict[str, Any]] = {"sky": {"colors": _sky_colors(lab)}}
    for name in ("ground", "foliage", "rock", "structure", "roof", "water"):
        material[name] = {"colors": _ramp(lab[ROW[name]], ambient, sun)}
    material["character"] = {"colors": _ramp(figure, ambient, sun, half=0.27)}
    material["prop"] = {"colors": _ramp(prop, ambient, sun, half=0.27)}
    material["glow"] = {"colors": [hex_of(glow), hex_of(glow * [0, 0.25, 0.25] + [0.97, 0, 0])]}
    tone = lab[ROW["ground"]]
    material["hud"] = {
        "colors": [hex_of(tone * [0, 0.3, 0.3] + [0.16, 0, 0]), hex_of(sun * [0, 0.3, 0.3] + [0.96, 0, 0])]
    }
    for name, pattern in _patterns(look).items():
        if pattern != "plain":
            material[name] |= {"pattern": pattern, "scale": _SCALES.get((name, pattern), 0.8)}
    material["glow"]["glow"] = 1.0
    if look.lava:
        material["water"]["glow"] = 0.85
    return {
        "detail": round(look.detail, 2),
        "relight": round(look.relight, 2),
        "light": {
            "sun": {
                "azimuth_deg": 225.0,
                "elevation_deg": round(look.elevation_deg),
                "color": hex_of(sun),
                "power": round(look.power, 2),
            },
            "ambient": hex_of(ambient),
            "fog": {"color": hex_of(_in_range(fog, 0.12, 0.95, 0.14)), "density": round(min(look.fog, 0.6), 2)},
        },
        "material": material,
        "finish": {key: round(look.finish[key], 2) for key in FINISH if _is_felt(key, look.finish.get(key))}
        | {key: round(look.finish[key], digits) for key, digits in _DRAWN.items() if key in look.finish},
    }


_DRAWN = {"pixel": 4, "levels": None}  # digits; None: a whole number
_SCALES = {
    ("sky", "clouds"): 1.2, ("foliage", "noise"): 0.6, ("roof", "tiles"): 0.7, ("ground", "cracks"): 1.2,
    ("ground", "noise"): 1.0, ("rock", "cracks"): 1.0, ("water", "waves"): 1.0, ("ground", "waves"): 0.6,
}  # fmt: skip


def _is_felt(key: str, value: float | None) -> bool:
    return value is not None and abs(value - (1.0 if key in ("saturation", "contrast") else 0.0)) >= 0.02


def _patterns(look: PromptLook) -> dict[str, str]:
    plain = look.patterns.get("ground") == "plain"
    usual = {"sky": "clouds", "foliage": "noise", "rock": "cracks", "roof": "tiles", "water": "waves"}
    return {name: "plain" if plain else pattern for name, pattern in usual.items()} | look.patterns


def _set_apart(lab: Lab) -> None:
    """Moves ground and walls in lightness, as little as it takes, until they and the sky are APART."""
    ground, structure = ROW["ground"], ROW["structure"]
    sky = _sky_middle(lab)
    moves = np.arange(-20, 21) * 0.02
    grounds, walls = (lab[row] + np.outer(moves, [1, 0, 0]) for row in (ground, structure))  # (moves, 3)
    gaps = [
        np.linalg.norm(grounds - sky, axis=1)[:, None] + np.zeros(len(moves)),
        np.linalg.norm(walls - sky, axis=1)[None, :] + np.zeros((len(moves), 1)),
        np.linalg.norm(grounds[:, None] - walls[None, :], axis=2),
    ]
    inside = np.all(
        [(light > 0.12) & (light < 0.92) for light in np.broadcast_arrays(grounds[:, :1], walls[None, :, 0])], 0
    )
    # the ground is the larger part of a picture, so it moves less readily; what cannot be met is met as far as it goes
    short = sum(np.maximum(0.0, APART - gap) for gap in gaps)
    cost = 2 * np.abs(moves)[:, None] + np.abs(moves)[None, :] + 100 * short + 1000 * ~inside
    at_ground, at_wall = np.unravel_index(int(cost.argmin()), cost.shape)
    lab[ground], lab[structure] = grounds[at_ground], walls[at_wall]


def _sky_ends(lab: Lab) -> tuple[Lab, Lab]:
    """The darker and the lighter of overhead and horizon."""
    sky, horizon = lab[ROW["sky"]], lab[ROW["horizon"]]
    return (sky, horizon) if sky[0] <= horizon[0] else (horizon, sky)


def _sky_middle(lab: Lab) -> Lab:
    low, high = _sky_ends(lab)
    return 0.65 * low + 0.35 * high


def _ambient(look: PromptLook, lab: Lab) -> Lab:
    """The sky's colour, darker, a little into the blue: what fills the shade."""
    mean = lab[ROW["sky"]] * [0.7, 0.8, 0.8] + [0, 0, -0.008 * min(1.0, 20 * math.hypot(*lab[ROW["sky"], 1:]))]
    return _in_range(mean, 0.2, 0.62, 0.09)


def _in_range(lab: Lab, dark: float, light: float, most_chroma: float) -> Lab:
    chroma = math.hypot(lab[1], lab[2])
    return np.array([min(max(lab[0], dark), light), *(lab[1:] * min(1.0, most_chroma / max(chroma, 1e-6)))])


def _ramp(middle: Lab, ambient: Lab, sun: Lab, half: float = HALF) -> list[str]:
    """Dark, middle and light hex: shade leans to the ambient colour, light to the sun's, as outdoors."""
    light_end = min(middle[0] + half, 0.985)
    dark_end = max(min(middle[0] - half, light_end - 2 * half + 0.04), 0.05)
    light_end = max(light_end, dark_end + 2 * half - 0.06)
    chroma = math.hypot(middle[1], middle[2])
    dark = _lean(middle[1:] * 0.85, ambient[1:], COOL_SHADE * min(1.0, chroma / 0.03))
    light = _lean(middle[1:] * 0.85, sun[1:], WARM_LIGHT * min(1.0, chroma / 0.03))
    return [hex_of(np.array([dark_end, *dark])), hex_of(middle), hex_of(np.array([light_end, *light]))]


def _lean(ab: Lab, towards: Lab, share: float) -> Lab:
    return (1 - share) * ab + share * towards


def _sky_colors(lab: Lab) -> list[str]:
    """Dark to light through what lies between the sky overhead and the horizon."""
    low, high = _sky_ends(lab)
    middle = _sky_middle(lab)
    dark = low * [1, 1.05, 1.05] + [-0.07, 0, 0]
    light = high + np.array([max(0.0, 0.24 - (high[0] - dark[0])), 0, 0])
    return [hex_of(np.clip(color, [0.12, -0.4, -0.4], [0.985, 0.4, 0.4])) for color in (dark, middle, light)]


def _figures(lab: Lab) -> tuple[Lab, Lab]:
    """The figures' colour and the props': the accent as it is or changed, whatever stands apart from the stage."""
    stage = np.array([_sky_middle(lab), lab[ROW["ground"]], lab[ROW["structure"]]])
    figure = _first_apart(_variants(lab[ROW["accent"]], (0, 25, -25, 60, -60, 180)), stage)
    prop = _first_apart(_variants(lab[ROW["accent"]], (140, -140, 100, -100, 60)), np.vstack([stage, figure]))
    return figure, prop


def _variants(accent: Lab, turns_deg: tuple[int, ...]) -> Lab:
    """(n, 3): the accent in other lights and hues, those first that are clear colours, very dark and light last."""
    chroma = max(math.hypot(accent[1], accent[2]), 0.015)
    hues = np.radians(turns_deg) + math.atan2(accent[2], accent[1])
    clear = [(light, hue) for hue in hues for light in (min(max(accent[0], 0.42), 0.85), 0.62, 0.74, 0.5)]
    last = [(light, hue) for hue in hues for light in (0.86, 0.36, 0.94, 0.26)]
    return np.array([(light, chroma * math.cos(hue), chroma * math.sin(hue)) for light, hue in clear + last])


def _first_apart(choices: Lab, others: Lab) -> Lab:
    """The first of the choices that is FIGURE_APART from all others, or the one that is furthest."""
    gaps = np.linalg.norm(choices[:, None] - others, axis=2).min(axis=1)
    return choices[int((gaps >= FIGURE_APART).argmax() if gaps.max() >= FIGURE_APART else gaps.argmax())]


def _colorful(lab: Lab, least: float) -> Lab:
    chroma = math.hypot(lab[1], lab[2])
    return np.array([lab[0], *(lab[1:] * max(1.0, least / max(chroma, 0.01)))])
