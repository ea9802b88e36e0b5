"""A picture becomes a theme: its materials' own colours, its light, and clear words for what is no such picture."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from engine.config import MATERIALS
from reskin.cli import cli
from reskin.errors import VideoError
from reskin.palette import parse_hex, stops, to_oklch
from reskin.picture_file import picture_size_px
from reskin.theme_from_image import ramp_of_pixels, theme_from_picture, theme_of
from reskin.themes import parse_theme

H, W = 288, 512


def landscape(sky: tuple[int, int, int], ground: tuple[int, int, int], *, lit_right: bool = False) -> np.ndarray:
    """(h, w, 4) BGRA: a plain sky over grainy ground, colours RGB; what a Reader surely knows."""
    rng = np.random.default_rng(5)
    rgb = np.empty((H, W, 3), np.float32)
    rgb[:] = np.array(sky) + np.linspace(-12, 12, H)[:, None, None]
    rgb[H // 2 :] = (
        np.array(ground) + cv2.GaussianBlur(rng.normal(0, 60, (H // 2, W, 1)).astype(np.float32), (0, 0), 2)[..., None]
    )
    if lit_right:
        rgb[H // 2 :] *= np.linspace(0.5, 1.4, W)[None, :, None]
    bgra_u8 = np.full((H, W, 4), 255, np.uint8)
    bgra_u8[..., :3] = np.clip(rgb, 0, 255)[..., ::-1]
    return bgra_u8


def lightness(color: str) -> float:
    return to_oklch(parse_hex(color))[0]


@pytest.mark.parametrize(("sky", "ground"), [((110, 170, 235), (90, 130, 50)), ((250, 150, 70), (190, 140, 80))])
def test_what_is_seen_keeps_its_colour_and_the_rest_is_derived(
    sky: tuple[int, int, int], ground: tuple[int, int, int]
) -> None:
    found = theme_of(landscape(sky, ground), "Plain", "plain.png")
    assert found.theme.material.named().keys() == set(MATERIALS)
    for material, color in (("sky", sky), ("ground", ground)):
        assert "of the picture" in found.notes[f"material.{material}"]
        middle = np.array(stops(found.theme.materials()[material].ramp)[1])
        assert np.abs(middle - np.array(color) / 255).max() < 0.06
    assert found.notes["material.water"] == "not in the picture: derived"
    assert "sky" in found.notes[""]


def test_the_same_picture_gives_the_same_theme() -> None:
    picture = landscape((110, 170, 235), (90, 130, 50))
    assert theme_of(picture, "A", "a.png").theme == theme_of(picture, "A", "a.png").theme


def test_warmth_and_the_lit_side_are_the_pictures() -> None:
    warm = theme_of(landscape((255, 190, 110), (150, 110, 60), lit_right=True), "W", "w.png").theme.light
    cold = theme_of(landscape((150, 190, 255), (70, 90, 130)), "C", "c.png").theme.light
    red, _, blue = parse_hex(warm.sun.color)
    cold_red, _, cold_blue = parse_hex(cold.sun.color)
    assert red - blue > 0.05
    assert cold_red - cold_blue < -0.02
    assert warm.sun.azimuth_deg < 165 <= cold.sun.azimuth_deg <= 195


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_flat_material_gets_room_for_the_games_detail(level: float) -> None:
    ramp = ramp_of_pixels(np.full((40, 3), level), 0.4)
    lights = [to_oklch(rgb)[0] for rgb in ramp]
    assert lights == sorted(lights)
    assert lights[-1] - lights[0] == pytest.approx(0.4, abs=0.03)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_of_nothing_is_a_theme_all_the_same(level: int) -> None:
    found = theme_of(np.full((90, 160, 4), level, np.uint8), "Nothing", "nothing.png")
    assert np.isfinite(found.theme.style().per_material()).all()


def png_head(w: int, h: int) -> bytes:
    part = b"IHDR" + struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + part + struct.pack(">I", zlib.crc32(part))


def test_a_pictures_size_is_known_from_its_head() -> None:
    picture = np.zeros((70, 90, 3), np.uint8)
    for suffix in (".png", ".jpg", ".bmp", ".webp"):
        content = cv2.imencode(suffix, picture)[1].tobytes()
        assert picture_size_px(content) == (90, 70)
        assert picture_size_px(content[:12]) is None
    assert picture_size_px(b"") is picture_size_px(b"\xff\xd8\xff") is picture_size_px(b"text") is None


def test_what_is_no_fit_picture_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_picture, tiny, huge, heavy = (tmp_path / name for name in ("a.png", "tiny.png", "huge.png", "heavy.png"))
    no_picture.write_text("this is text")
    cv2.imwrite(str(tiny), np.zeros((8, 200, 3), np.uint8))
    huge.write_bytes(png_head(40_000, 30_000))
    with heavy.open("wb") as file:
        file.truncate(65 * 2**20)
    expected = {
        no_picture: "it is none; expected one of .png", tiny: "it is 200x8 pixels; expected at least 64",
        huge: "40000x30000 pixels; expected at most 100 million", heavy: "65 MiB; expected at most 64",
        tmp_path / "missing.png": "No such file or directory; check the path", tmp_path: "Is a directory",
    }  # fmt: skip
    for path, message in expected.items():
        with pytest.raises(VideoError) as caught:
            theme_from_picture(path)
        assert str(path) in str(caught.value)
        assert message in str(caught.value)


def test_a_pictures_name_may_hold_what_is_not_printable(tmp_path: Path) -> None:
    path = tmp_path / "Screenshot 3.04.05\u202fPM\x07.png"
    cv2.imwrite(str(path), landscape((110, 170, 235), (90, 130, 50))[::4, ::4])
    theme = theme_from_picture(path).theme
    assert (theme.name, theme.description) == (
        "Screenshot 3.04.05 Pm", "Colours and light of Screenshot 3.04.05 PM .png"
    )  # fmt: skip


def test_the_command_prints_a_theme_that_loads(tmp_path: Path) -> None:
    path = tmp_path / "my-evening_shot.png"
    cv2.imwrite(str(path), landscape((250, 150, 70), (190, 140, 80)))
    done = CliRunner().invoke(cli, ["theme", "from-image", str(path)])
    assert done.exit_code == 0
    theme = parse_theme(done.stdout)
    assert theme.name == "My Evening Shot"
    assert "# From my-evening_shot.png. Found: " in done.stdout
    out = tmp_path / "evening.toml"
    written = CliRunner().invoke(cli, ["theme", "from-image", str(path), "--out", str(out)])
    assert (written.exit_code, written.stdout) == (0, f"made: {out}\n")
    assert out.read_text(encoding="utf-8") == done.stdout
    assert (done.stderr, written.stderr) == ("", "")
    named = CliRunner().invoke(cli, ["theme", "from-image", str(path), "--name", "x" * 61])
    assert named.exit_code == 1
    assert "expected one line of text, 1 to 60 characters" in named.stderr


def test_a_black_picture_gives_a_theme_and_a_word_of_doubt(tmp_path: Path) -> None:
    path = tmp_path / "loading.png"
    cv2.imwrite(str(path), np.zeros((H, W, 3), np.uint8))
    done = CliRunner().invoke(cli, ["theme", "from-image", str(path)])
    assert done.exit_code == 0
    assert parse_theme(done.stdout).name == "Loading"
    assert done.stderr.startswith("reskin: loading.png is nearly one colour, so most of the theme is a guess;")
