"""The gallery in the repository is complete, and the measure of the themes' colours measures what it says."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.train.labels import COLUMNS, ROWS, LabelledFrame
from reskin.palette import to_oklch
from reskin.themes import load_theme, parse_theme, shipped_themes
from tools.theme_distances import (
    CLEAR_CELLS,
    Reach,
    distance_matrix,
    fogged,
    game_ramp,
    nearest,
    oklab,
    pixels_of,
    summary,
    theme_ramp,
)
from tools.theme_frames import SIZE, demo_frames, games
from tools.theme_gallery import FOLDER, MOST_BYTES, PICTURE, readme, strip_name

THEMES = {theme_id: load_theme(path) for theme_id, path in shipped_themes().items()}
GALLERY = Path(__file__).resolve().parents[2] / "themes"


def test_the_gallery_shows_every_theme_and_fits_the_repository() -> None:
    assert (GALLERY / "README.md").read_text(encoding="utf-8") == readme(THEMES, "nano")
    strips = {strip_name(theme_id) for theme_id in [*THEMES, "none"]}
    assert {path.name for path in (GALLERY / FOLDER).glob(strip_name("*"))} == strips
    assert sum((GALLERY / FOLDER / name).stat().st_size for name in strips) <= MOST_BYTES
    w, h = PICTURE
    assert all(cv2.imread(str(GALLERY / FOLDER / name)).shape == (h, 3 * w, 3) for name in strips)


def test_the_demo_walks_the_same_way_every_time() -> None:
    one, other = demo_frames(), demo_frames()
    for _ in range(3):
        frame = next(one)
        assert np.array_equal(frame, next(other))
    assert frame.shape == (*SIZE, 4)
    assert frame[..., :3].std() > 20


def test_at_least_six_frames_are_labelled_and_the_demo_among_them(tmp_path: Path) -> None:
    (demo,) = games(tmp_path)  # no clips here
    assert len(demo.labelled()) >= 6


def test_oklab_is_that_of_the_palette() -> None:
    light, chroma, hue = to_oklch((0.2, 0.5, 0.9))
    np.testing.assert_allclose(
        oklab(np.array([[0.2, 0.5, 0.9]])), [[light, chroma * np.cos(hue), chroma * np.sin(hue)]]
    )


def test_a_game_is_no_distance_from_itself_and_a_theme_none_from_its_colours() -> None:
    theme = parse_theme('name = "x"\n[material.sky]\ncolors = ["#102030", "#8090a0", "#e0f0ff"]')
    ramp = theme_ramp(theme, "s")
    assert nearest(oklab(np.array([[0x80, 0x90, 0xA0]]) / 255), ramp) == pytest.approx(0, abs=1e-9)
    gray = oklab(np.linspace(0.2, 0.8, 50)[:, None] * np.ones(3))
    assert nearest(np.median(gray, axis=0)[None], game_ramp(gray)) == pytest.approx(0, abs=1e-9)
    assert nearest(oklab(np.array([[1.0, 0, 0]])), game_ramp(gray)) > 0.2


def test_fog_is_a_themes_own_colour_only_in_the_second_count() -> None:
    theme = parse_theme('name = "x"\n[light]\nfog = { color = "#00ff00" }\n[material.rock]\ncolors = ["#400000"]')
    ramp, fog = theme_ramp(theme, "r"), oklab(np.array([[0.0, 1.0, 0.0]]))
    half_way = (ramp[len(ramp) // 2] + fog) / 2
    assert nearest(half_way, fogged(ramp, theme)) < 0.01 < nearest(half_way, ramp)
    assert nearest(fog, fogged(ramp, theme)) > 0.03, "fog never covers a thing wholly"


def test_only_what_is_clearly_visible_counts_and_never_the_hud() -> None:
    rows = ["." * COLUMNS for _ in range(ROWS)]
    rows[0] = "s" * CLEAR_CELLS + "h" * CLEAR_CELLS + "p" * (CLEAR_CELLS - 1) + "." * (COLUMNS - 3 * CLEAR_CELLS + 1)
    frame = np.zeros((*SIZE, 4), np.uint8)
    frame[..., 2] = 255  # red
    found = pixels_of([(frame, LabelledFrame(index=0, cells=tuple(rows)))])
    assert found.keys() == {"s"}
    np.testing.assert_allclose(found["s"], np.broadcast_to(oklab(np.array([[1.0, 0, 0]])), found["s"].shape))


def test_misses_and_the_closest_themes_are_told() -> None:
    def reach(theme: str, median: float, to_theme: float) -> Reach:
        return Reach(theme=theme, game="demo", material="sky", median=np.array([median, 0, 0]), to_theme=to_theme,
                     to_fogged=0.09, to_game=0.1, read=float(theme != "b"), between=0.2)  # fmt: skip

    reaches = [reach("a", 0.1, 0.05), reach("b", 0.8, 0.15), reach("c", 0.3, 0.1)]
    matrix = distance_matrix(reaches, ["a", "b", "c"])
    np.testing.assert_allclose(matrix, [[0, 0.7, 0.2], [0.7, 0, 0.5], [0.2, 0.5, 0]], atol=1e-9)
    told = summary(reaches, matrix, ["a", "b", "c"])
    assert told["medians_nearer_to_theme"] == 1
    assert told["medians_nearer_to_game"] == ["b demo sky", "c demo sky"]
    assert told["medians_nearer_to_theme_or_its_fog"] == 3
    assert (told["medians_where_the_reader_is_right"], told["of_those_nearer_to_theme"]) == (2, 1)
    assert told["closest_themes"] == ["a", "c"]
    assert told["closest_themes_distance"] == 0.2
