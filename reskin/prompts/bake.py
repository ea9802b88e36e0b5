"""A theme written out as TOML, every parameter with a word on what it does: what `reskin theme bake` prints.

Everything is said, so nothing is left for the prompt to fill in, and loading the text gives the same style.
"""

from __future__ import annotations

from engine.config import PATTERNS
from reskin.theme_model import Material, Theme

_ABOUT_MATERIAL = {
    "sky": "overhead to the horizon",
    "ground": "what is walked on",
    "foliage": "trees, grass and bushes",
    "rock": "cliffs and mountains",
    "structure": "walls and buildings",
    "roof": "roofs and what lies on top",
    "water": "water, or whatever takes its place",
    "character": "people and creatures; apart from sky, ground and walls",
    "prop": "things that can be used",
    "glow": "lamps, windows, fire; glow = 1 shines by itself",
    "hud": "only where keep.hud is false",
}
_ABOUT_FINISH = {
    "outline": "0 to 1, drawn edges",
    "saturation": "1 as painted, 0 grey",
    "contrast": "0.5 to 2",
    "grain": "0 to 1",
    "bloom": "0 to 1, light that spills",
    "vignette": "0 to 1, dark corners",
}


def bake(theme: Theme) -> str:
    """TOML text of the theme, comments included."""
    sun, fog, keep = theme.light.sun, theme.light.fog, theme.keep
    lines = [
        f"name = {_text(theme.name)}",
        *([f"author = {_text(theme.author)}"] if theme.author else []),
        *([f"description = {_text(theme.description)}"] if theme.description else []),
        f"prompt = {_text(theme.prompt)}  # what is written below wins; take a table out and the prompt fills it in",
        f"strength = {_number(theme.strength)}  # 0 the game as it is, 1 the theme alone",
        f"detail = {_number(theme.detail)}  # 1 the game's own relief and edges, 0 the theme's pattern alone",
        f"relight = {_number(theme.relight)}  # 0 the game's own light and shadow, 1 the theme's sun",
        "",
        "[light]",
        "# azimuth 0 is straight ahead, 90 to the right; elevation 0 is the horizon; power 0 to 4",
        f"sun = {{ azimuth_deg = {_number(sun.azimuth_deg)}, elevation_deg = {_number(sun.elevation_deg)}, "
        f"color = {_text(sun.color)}, power = {_number(sun.power)} }}",
        f"ambient = {_text(theme.light.ambient)}  # the colour of the shade",
        f"fog = {{ color = {_text(fog.color)}, density = {_number(fog.density)} }}",
        "",
        "# Of every material: 1 to 4 colours from dark to light, and a pattern, one of",
        f"# {', '.join(PATTERNS)}",
    ]
    for name, material in theme.materials().items():
        lines += ["", f"[material.{name}]  # {_ABOUT_MATERIAL[name]}", *_material(material)]
    lines += ["", "[finish]"]
    lines += [f"{key} = {_number(getattr(theme.finish, key))}  # {about}" for key, about in _ABOUT_FINISH.items()]
    lines += ["", "[keep]  # what stays the game's own", f"hud = {_flag(keep.hud)}", f"text = {_flag(keep.text)}"]
    lines += [f"regions = {[list(region) for region in keep.regions]}"] if keep.regions else []
    return "\n".join(lines) + "\n"


def _material(material: Material) -> list[str]:
    colors = ", ".join(_text(color) for color in material.colors)
    return [
        f"colors = [{colors}]",
        f"pattern = {_text(material.pattern)}",
        f"scale = {_number(material.scale)}",
        *([f"glow = {_number(material.glow)}"] if material.glow else []),
    ]


def _number(value: float) -> str:
    return repr(round(value, 6)) if value != int(value) else str(int(value))


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _text(value: str) -> str:
    """A basic string of TOML; themes hold printable text only, so quotes and backslashes are all there is to escape."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
