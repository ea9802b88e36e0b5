"""Which keys of a theme the Painter alone heeds: in the preset `lite`, the default, they change no pixel.

`tests/themes/test_keys_by_preset.py` holds the table against what `lite` and `nano` paint. Knows nothing of files.
"""

from __future__ import annotations

from reskin.theme_model import Theme

Location = tuple[str, ...]
ANY = "*"  # material
PAINTERS: tuple[Location, ...] = (
    ("detail",),
    ("relight",),
    ("light", "sun", "azimuth_deg"),
    ("light", "sun", "elevation_deg"),
    ("light", "sun", "power"),  # but near 0, where there is no sun's colour
    ("material", ANY, "pattern"),
    ("material", ANY, "scale"),
)
NOTE = "The Painter's: seen in nano, not in lite"


def is_painters(location: Location) -> bool:
    """Whether a key such as ("material", "sky", "scale") changes nothing without the Painter."""
    named = (location[0], ANY, *location[2:]) if location[0] == "material" else location
    return named in PAINTERS


def painters_hint(theme: Theme) -> str:
    """One line on the keys that a theme says to the Painter alone; "" where there are none."""
    sun = theme.light.sun.model_fields_set if "sun" in theme.light.model_fields_set else set()
    said = {("light", "sun", name) for name in sun} | {(name,) for name in theme.model_fields_set}
    for part in theme.material.written().values():
        said |= {("material", ANY, name) for name in part.said()}
    keys = [".".join(location) for location in PAINTERS if location in said]
    if not keys:
        return ""
    return f"without the Painter, as in the preset lite, no change comes of {', '.join(keys)}"
