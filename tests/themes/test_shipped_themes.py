"""The shipped themes keep what makes a picture readable: wide ramps, and things that stand apart from each other."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import cv2
import pytest

from engine.config import MATERIALS, PATTERNS
from reskin.palette import Rgb, lightness, stops, to_oklch
from reskin.themes import Theme, load_theme, shipped_themes
from tools import theme_swatches

THEMES = {theme_id: load_theme(path) for theme_id, path in shipped_themes().items()}
each_theme = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


def distance(one: Rgb, other: Rgb) -> float:
    """Euclidean in Oklab; 0.1 is a clear difference, black to white is 1."""

    def lab(rgb: Rgb) -> tuple[float, float, float]:
        light, chroma, hue = to_oklch(rgb)
        return light, chroma * math.cos(hue), chroma * math.sin(hue)

    return math.dist(lab(one), lab(other))


def middle(theme: Theme, material: str) -> Rgb:
    return stops(theme.materials()[material].ramp)[1]


def test_there_are_at_least_twelve_and_the_promised_ones_are_among_them() -> None:
    promised = {"elden-dusk", "neon-rain", "paper-cutout", "frozen-north", "ember-wastes", "sakura-toon", "noir-ink",
                "pocket-pixel", "deep-sea", "wildwood", "dune-sea", "far-moon", "wheatfield"}  # fmt: skip
    assert len(THEMES) >= 12
    assert promised <= set(THEMES)


@each_theme
def test_every_material_is_designed_and_none_left_to_chance(theme: Theme) -> None:
    assert set(theme.material.named()) == set(MATERIALS)
    assert theme.description
    assert {material.pattern for material in theme.materials().values()} <= set(PATTERNS)


@each_theme
@pytest.mark.parametrize("material", ["ground", "foliage", "rock", "structure"])
def test_the_games_own_detail_has_room_between_dark_and_light(theme: Theme, material: str) -> None:
    ramp = theme.materials()[material].ramp
    steps = [lightness(rgb) for rgb in ramp]
    assert steps == sorted(steps), "colours go from dark to light"
    assert steps[-1] - steps[0] >= 0.35


@each_theme
def test_sky_ground_walls_and_figures_stand_apart(theme: Theme) -> None:
    figures = ("character", "prop")
    stages = ("sky", "ground", "structure")
    for one, other in [*itertools.combinations(stages, 2), *itertools.product(figures, stages)]:
        gap = distance(middle(theme, one), middle(theme, other))
        assert gap >= 0.1, f"{one} and {other} are {gap:.2f} apart in {theme.name}"


def test_no_two_themes_look_alike() -> None:
    for one, other in itertools.combinations(THEMES.values(), 2):
        gaps = [distance(middle(one, name), middle(other, name)) for name in ("sky", "ground", "structure", "foliage")]
        assert sum(gaps) / len(gaps) >= 0.08, f"{one.name} and {other.name}"


def test_the_swatches_tool_draws_every_theme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = tmp_path / "swatches.png"
    monkeypatch.setattr("sys.argv", ["theme_swatches.py", str(picture)])
    theme_swatches.main()
    assert cv2.imread(str(picture)).shape[0] == theme_swatches.ROW_PX * len(THEMES)
