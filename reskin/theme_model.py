"""What a theme is: the checked, frozen form of a theme's TOML, and the style tensor that it becomes.

Knows nothing of files; `reskin.themes` reads them. A field's `description` is what error texts say was expected.
A theme holds exactly what its author wrote, so it crosses a process boundary as JSON and comes out equal.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field

from engine.config import MATERIALS, PATTERNS
from engine.style import Style
from reskin.palette import Ramp, Rgb, derive, parse_hex, stops, to_hex
from reskin.plain_text import is_line
from reskin.prompts import LONGEST_PROMPT
from reskin.strict_model import StrictModel
from reskin.toml_reader import hint


def _checked_color(text: str) -> str:
    parse_hex(text)
    return text.lower()


def _checked_pattern(text: str) -> str:
    if text not in PATTERNS:
        raise ValueError(f"no such pattern{hint(text, PATTERNS)}")
    return text


def _checked_line(text: str) -> str:
    if not is_line(text):
        raise ValueError("holds a line break or another control character")
    return text


Color = Annotated[str, AfterValidator(_checked_color), Field(description='a colour such as "#ff9ad5" or "#fff"')]
Line = Annotated[
    str,
    AfterValidator(_checked_line),
    Field(max_length=LONGEST_PROMPT, description=f"one line of text, at most {LONGEST_PROMPT}"),
]
PromptText = Annotated[str, Field(min_length=1, max_length=LONGEST_PROMPT, pattern=r"\S")]  # of a message
Unit = Annotated[float, Field(ge=0, le=1, description="a number from 0 to 1")]
COLORS = 'a list of 1 to 4 colours, dark to light: ["#112", "#eef"]'


class WrittenMaterial(StrictModel):
    """What an author says of one kind of thing; without `colors` they are derived, as for a material unsaid."""

    colors: tuple[Color, ...] | None = Field(default=None, strict=False, min_length=1, max_length=4, description=COLORS)
    pattern: Annotated[str, AfterValidator(_checked_pattern)] = Field(
        default="plain", description="one of " + ", ".join(PATTERNS)
    )
    scale: float = Field(default=1.0, ge=0.05, le=8, description="a number from 0.05 to 8")
    glow: Unit = 0.0
    strength: Unit = 1.0  # 0 leaves it as the game shows it

    def said(self) -> dict[str, Any]:
        """What was written, in the order of the fields; not the `colors: null` of JSON that holds every field."""
        return {name: value for name, value in self if name in self.model_fields_set and value is not None}


class Material(WrittenMaterial):
    """What one kind of thing looks like."""

    colors: tuple[Color, ...] = Field(strict=False, min_length=1, max_length=4, description=COLORS)

    @property
    def ramp(self) -> Ramp:
        return tuple(parse_hex(color) for color in self.colors)


class Materials(StrictModel):
    """The materials that the author wrote of; the others are derived. One field for each of engine.config.MATERIALS."""

    sky: WrittenMaterial | None = Field(default=None, description="a table")
    ground: WrittenMaterial | None = Field(default=None, description="a table")
    foliage: WrittenMaterial | None = Field(default=None, description="a table")
    rock: WrittenMaterial | None = Field(default=None, description="a table")
    structure: WrittenMaterial | None = Field(default=None, description="a table")
    roof: WrittenMaterial | None = Field(default=None, description="a table")
    water: WrittenMaterial | None = Field(default=None, description="a table")
    character: WrittenMaterial | None = Field(default=None, description="a table")
    prop: WrittenMaterial | None = Field(default=None, description="a table")
    glow: WrittenMaterial | None = Field(default=None, description="a table")
    hud: WrittenMaterial | None = Field(default=None, description="a table")

    def written(self) -> dict[str, WrittenMaterial]:
        return {name: part for name in MATERIALS if (part := getattr(self, name)) is not None}

    def named(self) -> dict[str, Material]:
        """Those whose colours were written."""
        return {name: Material(**dict(part)) for name, part in self.written().items() if part.colors is not None}


class Sun(StrictModel):
    """Azimuth 0 is straight ahead, 90 to the right, 180 behind the viewer; elevation 0 is the horizon."""

    azimuth_deg: float = Field(default=220.0, ge=-360, le=360, description="a number from -360 to 360")
    elevation_deg: float = Field(default=35.0, ge=-90, le=90, description="a number from -90 to 90")
    color: Color = "#fff4e0"
    power: float = Field(default=1.0, ge=0, le=4, description="a number from 0 to 4")

    def direction(self) -> tuple[float, float, float]:
        """Unit vector towards the sun; x right, y up, z into the picture."""
        azimuth, elevation = math.radians(self.azimuth_deg), math.radians(self.elevation_deg)
        flat = math.cos(elevation)
        return flat * math.sin(azimuth), math.sin(elevation), flat * math.cos(azimuth)


class Fog(StrictModel):
    color: Color = "#b8c0cc"
    density: Unit = 0.1


class Light(StrictModel):
    sun: Sun = Field(default=Sun(), description='a table: { azimuth_deg = 210, elevation_deg = 12, color = "#fff" }')
    ambient: Color = "#5a6478"
    fog: Fog = Field(default=Fog(), description='a table: { color = "#2a0f3d", density = 0.35 }')


MOST_LEVELS = 32
LEVELS = f"a whole number: 0, or 2 to {MOST_LEVELS}"


def _checked_levels(count: int) -> int:
    if count == 1:
        raise ValueError("is no picture: one tone")
    return count


class Finish(StrictModel):
    """Exact steps after the model."""

    outline: Unit = 0.0
    saturation: float = Field(default=1.0, ge=0, le=2, description="a number from 0 to 2")
    contrast: float = Field(default=1.0, ge=0.5, le=2, description="a number from 0.5 to 2")
    grain: Unit = 0.0
    bloom: Unit = 0.0
    vignette: Unit = 0.0
    pixel: float = Field(default=0.0, ge=0, le=0.05, description="a number from 0 to 0.05, of the picture's height")
    levels: Annotated[int, AfterValidator(_checked_levels)] = Field(default=0, ge=0, le=MOST_LEVELS, description=LEVELS)


MAX_REGIONS = 64
REGIONS = (
    f"at most {MAX_REGIONS} regions [x, y, width, height] in fractions of the window, 0 to 1: [[0.0, 0.9, 1.0, 0.1]]"
)
KeptRegion = Annotated[tuple[Unit, Unit, Unit, Unit], Field(strict=False)]


class Keep(StrictModel):
    """What stays the game's own."""

    hud: bool = Field(default=True, description="true or false")
    text: bool = Field(default=True, description="true or false")
    regions: tuple[KeptRegion, ...] = Field(default=(), strict=False, max_length=MAX_REGIONS, description=REGIONS)


class Theme(StrictModel):
    """One look of the world. Colours are sRGB; everything not said is derived from what is."""

    name: Annotated[str, AfterValidator(_checked_line)] = Field(
        min_length=1, max_length=60, description="one line of text, 1 to 60 characters"
    )
    author: Line = ""
    description: Line = ""
    prompt: Line = ""
    strength: Unit = 1.0
    detail: Unit = 0.8
    relight: Unit = 0.2
    light: Light = Field(default=Light(), description="a table")
    material: Materials = Field(default=Materials(), description="a table of materials")
    finish: Finish = Field(default=Finish(), description="a table")
    keep: Keep = Field(default=Keep(), description="a table")

    def materials(self) -> dict[str, Material]:
        """All of engine.config.MATERIALS in their order, the unnamed ones derived."""
        return self._materials

    def style(self) -> Style:
        """The tensor form, computed once: the loop asks for it at every frame."""
        return self._style

    @cached_property
    def _materials(self) -> dict[str, Material]:
        named, written = self.material.named(), self.material.written()
        light = self.light
        ramps = derive(
            {name: part.ramp for name, part in named.items()},
            sun=parse_hex(light.sun.color),
            ambient=parse_hex(light.ambient),
            fog=parse_hex(light.fog.color),
        )
        found = {name: named.get(name) or _derived(name, ramps[name], named) for name in MATERIALS}
        for name in written.keys() - named.keys():
            found[name] = found[name].model_copy(update=written[name].said())
        return found

    @cached_property
    def _style(self) -> Style:
        parts = list(self.materials().values())
        ends = [stops(part.ramp) for part in parts]
        sun, fog = self.light.sun, self.light.fog
        return Style(
            dark=_floats([dark for dark, _, _ in ends]),
            middle=_floats([middle for _, middle, _ in ends]),
            light=_floats([light for _, _, light in ends]),
            pattern=np.array([PATTERNS.index(part.pattern) for part in parts], dtype=np.int64),
            scale=_floats([part.scale for part in parts]),
            glow=_floats([part.glow for part in parts]),
            sun_direction=_floats(sun.direction()),
            sun_color=_floats(parse_hex(sun.color)) * np.float32(sun.power),
            ambient=_floats(parse_hex(self.light.ambient)),
            fog_color=_floats(parse_hex(fog.color)),
            fog_density=fog.density,
            detail=self.detail,
            relight=self.relight,
            strength=_floats([part.strength for part in parts]),
        )


# A material that nobody named borrows the pattern of the relative that its colours come from.
_KIN = {"rock": "structure", "roof": "structure", "structure": "rock", "ground": "rock"}


def _derived(name: str, ramp: tuple[Rgb, ...], named: dict[str, Material]) -> Material:
    kin = named.get(_KIN.get(name, ""))
    colors = tuple(to_hex(rgb) for rgb in ramp)
    glow = 1.0 if name == "glow" else 0.0
    return Material(colors=colors, pattern=kin.pattern if kin else "plain", scale=kin.scale if kin else 1.0, glow=glow)


def _floats(values: Any) -> np.ndarray:
    """Read-only float32: the style is shared by every frame."""
    array = np.array(values, dtype=np.float32)
    array.setflags(write=False)
    return array
