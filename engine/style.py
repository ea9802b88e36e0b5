"""A style: the tensor that a theme becomes, and all that the model knows of a look.

Colours are sRGB in [0, 1]; rows follow `MATERIALS`. Knows nothing of TOML or files.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.config import MATERIALS, PATTERNS


@dataclass(frozen=True, kw_only=True, eq=False)  # arrays have no one truth; a theme compares what was written
class Style:
    """k = len(MATERIALS) rows of what each material looks like, and one light for all."""

    dark: np.ndarray  # (k, 3) colour of a material's dark parts
    middle: np.ndarray  # (k, 3) colour halfway between
    light: np.ndarray  # (k, 3) colour of its light parts
    pattern: np.ndarray  # (k,) index into PATTERNS
    scale: np.ndarray  # (k,) pattern size, 1 = as the world draws it
    glow: np.ndarray  # (k,) 0 lit by the sun, 1 shines by itself
    sun_direction: np.ndarray  # (3,) unit vector towards the sun; x right, y up, z into the picture
    sun_color: np.ndarray  # (3,) times power
    ambient: np.ndarray  # (3,)
    fog_color: np.ndarray  # (3,)
    fog_density: float  # 0 none, 1 thick
    detail: float = 0.8  # 1 the game's own relief and edges, 0 the theme's pattern alone
    relight: float = 0.2  # 0 the game's own light and shadow, 1 the theme's sun
    # (k,) 0 leaves a material as the game shows it, 1 paints it. The networks are not told: `PaintMaps.keep` mixes.
    strength: np.ndarray = field(default_factory=lambda: np.ones(len(MATERIALS), np.float32))

    def per_material(self) -> np.ndarray:
        """(k, 11 + patterns) float32: dark, middle, light, scale, glow, pattern as one-hot."""
        one_hot = np.eye(len(PATTERNS), dtype=np.float32)[self.pattern.astype(int)]
        columns = [self.dark, self.middle, self.light, self.scale[:, None], self.glow[:, None], one_hot]
        return np.concatenate(columns, axis=1).astype(np.float32)

    def light_vector(self) -> np.ndarray:
        """(15,) float32: sun direction, sun colour, ambient, fog colour, fog density, detail, relight."""
        tail = [self.fog_density, self.detail, self.relight]
        parts = [self.sun_direction, self.sun_color, self.ambient, self.fog_color, tail]
        return np.concatenate([np.asarray(part, dtype=np.float32) for part in parts])
