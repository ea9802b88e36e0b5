"""What `reskin theme bake` prints: a theme with every parameter written out, and a word on what each does.

Everything is said, so nothing is left for the prompt to fill in, and loading the text gives the same style.
"""

from __future__ import annotations

from engine.config import PATTERNS
from reskin.theme_model import Theme
from reskin.theme_writer import theme_toml

_ABOUT = {
    "": (
        "What is written here wins over the prompt; take a line out and the prompt fills it in.\n"
        "strength: 0 the game as it is, 1 the theme alone. detail: 1 the game's own relief and edges, 0 its own.\n"
        "relight: 0 the game's own light and shadow, 1 the theme's sun.\n"
        "The Painter's alone: detail, relight, pattern, scale, and the sun's azimuth, elevation and power.\n"
        "The preset nano shows them; lite, the default, does not."
    ),
    "light": (
        "azimuth 0 is straight ahead, 90 to the right; elevation 0 is the horizon; power 0 to 4.\n"
        "ambient is the colour of the shade."
    ),
    "finish": (
        "After the model. outline: drawn edges; saturation: 1 as painted, 0 grey; contrast: 0.5 to 2;\n"
        "bloom: light that spills; vignette: dark corners.\n"
        "pixel: blocks of so much of the picture's height, 0 to 0.05; levels: 2 to 32 tones, 0 all of them."
    ),
    "keep": "What stays the game's own.",
    "material.sky": (
        "overhead to the horizon\n"
        "Of every material: 1 to 4 colours from dark to light; strength 0 leaves it as the game shows it;\n"
        f"pattern is one of {', '.join(PATTERNS)}"
    ),
    "material.ground": "what is walked on",
    "material.foliage": "trees, grass and bushes",
    "material.rock": "cliffs and mountains",
    "material.structure": "walls and buildings",
    "material.roof": "roofs and what lies on top",
    "material.water": "water, or whatever takes its place",
    "material.character": "people and creatures; apart from sky, ground and walls",
    "material.prop": "things that can be used",
    "material.glow": "lamps, windows, fire; glow = 1 shines by itself",
    "material.hud": "only where keep.hud is false",
}  # fmt: skip


def bake(theme: Theme) -> str:
    """TOML text of the theme, comments included."""
    return theme_toml(theme, _ABOUT, everything=True)
