"""What the editor shows of a theme: every key that has a control, its label, and its limits as the model says them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from engine.config import MATERIALS, PATTERNS
from reskin.painter_keys import is_painters
from reskin.theme_model import Finish, Fog, Sun, Theme, WrittenMaterial

Location = tuple[str, ...]
Kind = Literal["slider", "log", "count", "switch", "text", "choice", "color", "ramp"]  # a count: 0, or from 2 on
PAGES = ("Material", "Light", "Finish", "Theme")


@dataclass(frozen=True, kw_only=True)
class Control:
    location: Location
    label: str  # with a star where the key is the Painter's alone
    kind: Kind = "slider"
    low: float = 0.0
    high: float = 1.0
    choices: tuple[str, ...] = ()

    def value(self, theme: Theme) -> Any:
        """As it is in the theme in effect."""
        node: Any = theme
        if self.location[0] == "material":
            return getattr(theme.materials()[self.location[1]], self.location[2])
        for key in self.location:
            node = getattr(node, key)
        return node

    def shown(self, value: float) -> str:
        digits = 0 if self.kind == "count" or self.high > 100 or self.low < -80 else 3 if self.high < 0.1 else 2
        return f"{value:.{digits}f}"

    def nearest(self, value: float) -> float:
        """What the key may be."""
        inside = min(max(value, self.low), self.high)
        return inside if self.kind != "count" else round(inside) if inside >= 1.5 else 0


def _number(model: type[BaseModel], at: Location, label: str, kind: Kind = "slider") -> Control:
    bounds: dict[str, float] = {}
    for rule in model.model_fields[at[-1]].metadata:
        for name in ("ge", "le"):
            if getattr(rule, name, None) is not None:
                bounds[name] = float(getattr(rule, name))
    return Control(location=at, label=_starred(at, label), kind=kind, low=bounds["ge"], high=bounds["le"])


def _starred(at: Location, label: str) -> str:
    return f"{label} *" if is_painters(at) else label


def _color(at: Location, label: str) -> Control:
    return Control(location=at, label=label, kind="color")


LIGHT = (
    _color(("light", "sun", "color"), "Sun"),
    _color(("light", "ambient"), "Shade"),
    _color(("light", "fog", "color"), "Fog"),
    _number(Sun, ("light", "sun", "azimuth_deg"), "Sun from"),
    _number(Sun, ("light", "sun", "elevation_deg"), "Sun height"),
    _number(Sun, ("light", "sun", "power"), "Sun power"),
    _number(Fog, ("light", "fog", "density"), "Fog density"),
    _number(Theme, ("relight",), "Relight"),
)
FINISH = tuple(
    _number(Finish, ("finish", name), name.capitalize(), "count" if name == "levels" else "slider")
    for name in Finish.model_fields
)
THEME = (
    Control(location=("name",), label="Name", kind="text"),
    Control(location=("description",), label="About", kind="text"),
    Control(location=("prompt",), label="Prompt", kind="text"),
    _number(Theme, ("strength",), "Strength"),
    _number(Theme, ("detail",), "Detail"),
    _number(Theme, ("relight",), "Relight"),
    *(Control(location=("keep", name), label=f"Keep {name}", kind="switch") for name in ("hud", "text")),
)


def material_controls(name: str) -> tuple[Control, ...]:
    assert name in MATERIALS
    at = ("material", name)
    return (
        Control(location=(*at, "colors"), label="Colours", kind="ramp"),
        Control(
            location=(*at, "pattern"), label=_starred((*at, "pattern"), "Pattern"), kind="choice", choices=PATTERNS
        ),
        _number(WrittenMaterial, (*at, "scale"), "Scale", "log"),
        _number(WrittenMaterial, (*at, "glow"), "Glow"),
        _number(WrittenMaterial, (*at, "strength"), "Strength"),
    )


def controls_of(page: str, material: str) -> tuple[Control, ...]:
    return {"Material": material_controls(material), "Light": LIGHT, "Finish": FINISH, "Theme": THEME}[page]
