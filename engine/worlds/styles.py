"""Random styles for training: what a theme may ask for, drawn widely. The shipped themes are never among them."""

from __future__ import annotations

import colorsys

import numpy as np

from engine.config import GLOW, MATERIALS, PATTERNS
from engine.style import Style

Rng = np.random.Generator


def _rgb(hue: float, saturation: float, value: float) -> np.ndarray:
    return np.array(colorsys.hsv_to_rgb(hue % 1.0, np.clip(saturation, 0, 1), np.clip(value, 0, 1)), np.float32)


def random_style(rng: Rng) -> Style:
    """Ramps from dark to light around a few hues, a light, a fog, and how much of the game stays."""
    k = len(MATERIALS)
    hues = rng.random(int(rng.integers(2, 5)))
    stops = np.empty((k, 3, 3), np.float32)
    for i in range(k):
        hue = float(rng.choice(hues)) + rng.normal(0, 0.05) if rng.random() < 0.7 else rng.random()
        turn, saturation = rng.normal(0, 0.06), rng.beta(2, 2)
        low = rng.uniform(0.0, 0.55)
        high = rng.uniform(min(0.95, low + 0.2), 1.0)
        stops[i, 0] = _rgb(hue - turn, saturation * rng.uniform(0.6, 1.2), low)
        stops[i, 1] = _rgb(hue, saturation, low + (high - low) * rng.uniform(0.35, 0.65))
        stops[i, 2] = _rgb(hue + turn, saturation * rng.uniform(0.3, 1.1), high)
    azimuth, elevation = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 1.4)
    sun = [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)]
    glow = np.zeros(k, np.float32)
    glow[GLOW] = rng.uniform(0.5, 1.0)
    if rng.random() < 0.2:
        glow[int(rng.integers(k))] = rng.uniform(0.3, 1.0)
    return Style(
        dark=stops[:, 0],
        middle=stops[:, 1],
        light=stops[:, 2],
        pattern=rng.integers(0, len(PATTERNS), k),
        scale=np.exp(rng.uniform(-1, 1, k)).astype(np.float32),
        glow=glow,
        sun_direction=np.array(sun, np.float32),
        sun_color=_rgb(rng.random(), rng.beta(1, 3), 1.0) * np.float32(rng.uniform(0.3, 1.3)),
        ambient=_rgb(rng.random(), rng.beta(1, 2), rng.uniform(0.1, 0.6)),
        fog_color=_rgb(float(rng.choice(hues)), rng.beta(1, 2), rng.uniform(0.1, 0.95)),
        fog_density=float(rng.choice([0.0, rng.uniform(0, 0.6)])),
        detail=float(rng.uniform(0.4, 1.0)),
        relight=float(rng.uniform(0.0, 0.5)),
    )
