"""A theme's file becomes a Theme, a Theme becomes a style, and both survive the way to another process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.config import MATERIALS, PATTERNS
from reskin.palette import lightness, to_oklch
from reskin.themes import Materials, Theme, find_theme, load_theme, parse_theme, shipped_themes, user_theme_folder

EIGHT_LINES = """
name = "Mint"
[material.sky]
colors = ["#0b2a3a", "#7fd8d0"]
[material.ground]
colors = ["#1c3a2a", "#9be0a0"]
[material.character]
colors = ["#5a1010", "#ff8a70"]
"""


def test_the_materials_of_a_theme_are_those_of_the_engine() -> None:
    assert tuple(Materials.model_fields) == MATERIALS


def test_eight_lines_are_a_whole_theme() -> None:
    theme = parse_theme(EIGHT_LINES)
    style = theme.style()
    assert style.per_material().shape == (len(MATERIALS), 11 + len(PATTERNS))
    assert style.light_vector().shape == (15,)
    assert theme.materials()["sky"].colors == ("#0b2a3a", "#7fd8d0")
    np.testing.assert_allclose(style.dark[0], np.array([0x0B, 0x2A, 0x3A]) / 255, atol=1e-6)
    np.testing.assert_allclose(style.light[1], np.array([0x9B, 0xE0, 0xA0]) / 255, atol=1e-6)
    assert all(colors.min() >= 0 and colors.max() <= 1 for colors in (style.dark, style.light))


@pytest.mark.parametrize("named", [(), ("sky",), ("structure",), ("ground", "water"), ("rock",), ("glow",)])
def test_what_is_not_named_is_derived_so_that_things_stand_apart(named: tuple[str, ...]) -> None:
    tables = "".join(f'[material.{name}]\ncolors = ["#203040", "#a0b0c0"]\n' for name in named)
    materials = parse_theme(f'name = "x"\n{tables}').materials()
    assert tuple(materials) == MATERIALS
    for name, material in materials.items():
        dark, light = (to_oklch(rgb)[0] for rgb in (material.ramp[0], material.ramp[-1]))
        assert light - dark > 0.2, f"{name} is flat"
    figure, floor = (materials[name].ramp[-1] for name in ("character", "ground"))
    assert sum((a - b) ** 2 for a, b in zip(figure, floor, strict=True)) > 0.05


def test_a_strength_alone_leaves_the_material_as_it_would_be_derived() -> None:
    plain, touched = (parse_theme(EIGHT_LINES + more) for more in ("", "[material.roof]\nstrength = 0.25\n"))
    expected = plain.materials()["roof"].model_copy(update={"strength": 0.25})
    assert touched.materials() == plain.materials() | {"roof": expected}
    np.testing.assert_array_equal(touched.style().strength, [0.25 if name == "roof" else 1.0 for name in MATERIALS])


def test_one_colour_is_widened_to_a_dark_and_a_light_end() -> None:
    style = parse_theme('name = "x"\n[material.sky]\ncolors = ["#808080"]').style()
    dark, light = (tuple(float(v) for v in row[0]) for row in (style.dark, style.light))
    assert lightness(light) - lightness(dark) == pytest.approx(0.36, abs=0.01)


def test_the_sun_stands_where_the_theme_says() -> None:
    def sun(azimuth_deg: float, elevation_deg: float) -> np.ndarray:
        light = f"[light]\nsun = {{ azimuth_deg = {azimuth_deg}, elevation_deg = {elevation_deg}, power = 2 }}"
        return parse_theme(f'name = "x"\n{light}').style().sun_direction

    np.testing.assert_allclose(sun(0, 0), [0, 0, 1], atol=1e-6)
    np.testing.assert_allclose(sun(90, 0), [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(sun(123, 90), [0, 1, 0], atol=1e-6)


def test_a_style_is_computed_once_and_cannot_be_written() -> None:
    theme = parse_theme(EIGHT_LINES)
    assert theme.style() is theme.style()
    with pytest.raises(ValueError, match="read-only"):
        theme.style().dark[0] = 0


def test_a_theme_cannot_be_changed_but_copied() -> None:
    theme = parse_theme(EIGHT_LINES)
    first = theme.style()
    weaker = theme.model_copy(update={"strength": 0.5})
    assert (weaker.strength, theme.strength) == (0.5, 1.0)
    np.testing.assert_array_equal(weaker.style().dark, first.dark)
    with pytest.raises(ValueError, match="frozen"):
        theme.strength = 0.5


@pytest.mark.parametrize("path", shipped_themes().values(), ids=shipped_themes())
def test_a_theme_crosses_to_another_process_as_json_and_comes_out_equal(path: Path) -> None:
    theme = load_theme(path)
    copy = Theme.model_validate_json(theme.model_dump_json(exclude_unset=True))
    assert copy == theme
    assert copy.model_dump_json() == theme.model_dump_json()
    np.testing.assert_array_equal(copy.style().per_material(), theme.style().per_material())
    np.testing.assert_array_equal(copy.style().light_vector(), theme.style().light_vector())


@pytest.mark.parametrize("exclude_unset", [True, False])
@pytest.mark.parametrize("said", ["strength = 0", 'pattern = "waves"', "glow = 0.5", "scale = 2"])
def test_a_material_without_colours_crosses_too_and_keeps_those_that_are_derived(
    said: str, exclude_unset: bool
) -> None:
    theme = parse_theme(f"{EIGHT_LINES}[material.glow]\n{said}\n[material.rock]\n{said}\n")
    copy = Theme.model_validate_json(theme.model_dump_json(exclude_unset=exclude_unset))
    for name, material in theme.materials().items():
        assert copy.materials()[name].colors == material.colors
    if exclude_unset:  # else what is derived besides, such as that light glows, counts as said
        np.testing.assert_array_equal(copy.style().strength, theme.style().strength)
        np.testing.assert_array_equal(copy.style().per_material(), theme.style().per_material())


def test_a_file_from_a_windows_editor_loads(tmp_path: Path) -> None:
    path = tmp_path / "crlf.toml"
    path.write_bytes(b"\xef\xbb\xbf" + EIGHT_LINES.replace("\n", "\r\n").encode())
    assert load_theme(path) == parse_theme(EIGHT_LINES)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_file_that_powershell_wrote_loads(tmp_path: Path, encoding: str) -> None:
    """`reskin theme bake ... > mine.toml` in Windows PowerShell 5.1 is UTF-16 with its byte order mark."""
    path = tmp_path / "piped.toml"
    path.write_bytes(("\ufeff" + EIGHT_LINES.replace("Mint", "Minze für alle").replace("\n", "\r\n")).encode(encoding))
    assert load_theme(path) == parse_theme(EIGHT_LINES.replace("Mint", "Minze für alle"))


@pytest.mark.parametrize("text", ["夕焼け\u3000の街", "soir\u202fd\u2019été", "a\u00a0b"])
def test_a_line_may_hold_the_spaces_of_any_script(text: str) -> None:
    theme = parse_theme(f'name = "{text}"\nprompt = "{text}"')
    assert (theme.name, theme.prompt) == (text, " ".join(text.split()))  # a prompt is read with plain ones


def test_themes_are_found_by_id_by_name_and_by_path(tmp_path: Path) -> None:
    shipped = shipped_themes()["neon-rain"]
    assert find_theme("neon-rain") == find_theme("Neon Rain") == find_theme("NEON_RAIN") == shipped
    own = tmp_path / "own.toml"
    assert find_theme(own) == find_theme(str(own)) == own


def test_a_users_theme_stands_before_the_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    assert user_theme_folder() == tmp_path / "themes"
    user_theme_folder().mkdir()
    own = user_theme_folder() / "neon-rain.toml"
    own.write_text(EIGHT_LINES)
    assert find_theme("neon-rain") == own


def test_an_own_theme_is_found_by_its_id_however_its_file_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    user_theme_folder().mkdir()
    for name in ("My_Dusk", "Neon Rain"):
        (user_theme_folder() / f"{name}.toml").write_text(EIGHT_LINES)
    for wanted in ("My_Dusk", "my dusk", "MY-DUSK"):
        assert find_theme(wanted) == user_theme_folder() / "My_Dusk.toml"
    assert find_theme("Neon Rain") == user_theme_folder() / "Neon Rain.toml"  # as it is written
    assert find_theme("neon-rain") == shipped_themes()["neon-rain"]


def test_importing_themes_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'numba', 'onnxruntime', 'cv2', 'pygame', 'pynput', 'xcffib', 'rich'}"
    code = f"import sys, reskin.themes, reskin.settings, reskin.theme_store; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
