"""Which key of a theme changes pixels in which preset, each key in turn on the bundled game; what a reader is told."""

from __future__ import annotations

import copy
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import pytest

from engine.config import MATERIALS
from reskin.demo.stream import demo_frames
from reskin.editor.fields import PAGES, controls_of
from reskin.engine_renderer import EngineRenderer, create
from reskin.painter_keys import ANY, PAINTERS, is_painters, painters_hint
from reskin.prompts.bake import bake
from reskin.renderer import View
from reskin.theme_model import Finish, Fog, Keep, Sun, Theme, WrittenMaterial
from reskin.theme_start import START
from reskin.themes import find_theme, load_theme, parse_theme

BOTH, NANO = ("lite", "nano"), ("nano",)
# key: another value than the theme's, and the presets in which that changes pixels
KEYS: dict[tuple[str, ...], tuple[Any, tuple[str, ...]]] = {
    ("strength",): (0.5, BOTH),
    ("detail",): (0.1, NANO),
    ("relight",): (0.95, NANO),
    ("light", "ambient"): ("#ff4000", BOTH),
    ("light", "sun", "color"): ("#40ff40", BOTH),
    ("light", "sun", "azimuth_deg"): (20.0, NANO),
    ("light", "sun", "elevation_deg"): (80.0, NANO),
    ("light", "sun", "power"): (3.5, NANO),
    ("light", "fog", "color"): ("#ff0000", BOTH),
    ("light", "fog", "density"): (0.8, BOTH),
    ("material", ANY, "colors"): (["#100000", "#f0f000"], BOTH),
    ("material", ANY, "pattern"): ("dots", NANO),
    ("material", ANY, "scale"): (4.0, NANO),
    ("material", ANY, "glow"): (1.0, BOTH),
    ("material", ANY, "strength"): (0.3, BOTH),
    ("finish", "outline"): (0.9, BOTH),
    ("finish", "saturation"): (0.2, BOTH),
    ("finish", "contrast"): (1.7, BOTH),
    ("finish", "grain"): (0.8, BOTH),
    ("finish", "bloom"): (0.9, BOTH),
    ("finish", "vignette"): (0.9, BOTH),
    ("finish", "pixel"): (0.03, BOTH),
    ("finish", "levels"): (3, BOTH),
    ("keep", "hud"): (False, BOTH),
    ("keep", "text"): (False, BOTH),
    ("keep", "regions"): ([[0.3, 0.3, 0.3, 0.3]], BOTH),
}
BASE = load_theme(find_theme("neon-rain")).model_dump(mode="json", exclude_unset=True)


def with_key(location: tuple[str, ...], value: Any) -> Theme:
    tree = copy.deepcopy(BASE)
    if location[0] == "material":
        for name in MATERIALS:
            tree["material"][name][location[2]] = value
    else:
        node = tree
        for part in location[:-1]:
            node = node.setdefault(part, {})
        node[location[-1]] = value
    return Theme.model_validate(tree)


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    return list(islice(demo_frames((360, 640), 1 / 12, start_s=5.5), 4))


def played(renderer: EngineRenderer, frames: list[np.ndarray], theme: Theme) -> np.ndarray:
    renderer.reset()
    renderer._frame = 0  # of the grain
    out = np.empty_like(frames[0])
    for bgra_u8 in frames:
        renderer.render(bgra_u8, theme, View.THEME, 0, out)
    return out


@pytest.mark.parametrize("preset", BOTH)
def test_each_key_changes_pixels_where_the_table_says_so_and_nowhere_else(
    preset: str, frames: list[np.ndarray]
) -> None:
    renderer = create(preset)
    assert isinstance(renderer, EngineRenderer)
    play = partial(played, renderer, frames)
    before = play(Theme.model_validate(BASE))
    assert np.array_equal(play(Theme.model_validate(BASE)), before)
    changes = {at for at, (value, _) in KEYS.items() if not np.array_equal(play(with_key(at, value)), before)}
    assert changes == {at for at, (_, presets) in KEYS.items() if preset in presets}


def test_the_table_has_every_key_and_what_is_told_is_the_table() -> None:
    parts = {("finish",): Finish, ("keep",): Keep, ("light", "sun"): Sun, ("light", "fog"): Fog}
    keys = {(*at, name) for at, part in parts.items() for name in part.model_fields}
    keys |= {("material", ANY, name) for name in WrittenMaterial.model_fields} | {("light", "ambient")}
    keys |= {("strength",), ("detail",), ("relight",)}
    assert set(KEYS) == keys
    assert set(PAINTERS) == {at for at, (_, presets) in KEYS.items() if presets == NANO}


def test_the_editor_marks_the_painters_keys_and_no_others() -> None:
    for page in PAGES:
        for control in controls_of(page, "sky"):
            assert control.label.endswith(" *") == is_painters(control.location)


@pytest.mark.parametrize("text", [START, bake(parse_theme('name = "x"'))], ids=["new", "bake"])
def test_a_commented_file_names_the_painters_keys(text: str) -> None:
    comments = " ".join(line.partition("#")[2] for line in text.splitlines() if "#" in line)
    assert "lite" in comments
    said = comments[comments.index("The Painter's alone:") :].partition(".")[0]
    assert {word.strip(",") for word in said.split()} >= {at[-1].removesuffix("_deg") for at in PAINTERS}


def test_the_hint_names_what_is_said_once_and_nothing_that_is_not() -> None:
    assert painters_hint(parse_theme('name = "x"\n[light]\nsun = { color = "#fff" }\n[material.sky]\nglow = 1')) == ""
    sky_and_rock = '[material.sky]\npattern = "clouds"\n[material.rock]\npattern = "cracks"'
    hint = painters_hint(parse_theme(f'name = "x"\nrelight = 0.5\n[light.sun]\npower = 2\n{sky_and_rock}'))
    assert hint.endswith("no change comes of relight, light.sun.power, material.*.pattern")
