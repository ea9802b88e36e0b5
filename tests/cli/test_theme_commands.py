"""`reskin theme new | show | preview | check` through click's runner, without the network and without a game."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from engine.config import MATERIALS
from reskin.cli import cli
from reskin.errors import ThemeError, VideoError
from reskin.frame import Frame
from reskin.preview import GAP_PX, write_preview
from reskin.renderer import TintRenderer
from reskin.theme_advice import ALIKE, advice, contrast, distance
from reskin.theme_check import checked
from reskin.theme_origins import origins_of
from reskin.theme_start import START, new_theme, theme_id
from reskin.themes import Theme, find_theme, load_theme, parse_theme, prompted_theme, shipped_themes
from reskin.video import VideoReader, VideoWriter
from tests.reskin.flash_rule import judge


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def reskin_theme(*arguments: str | Path, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["theme", *map(str, arguments)])
    assert result.exit_code == exit_code, result.output
    return result


def test_new_writes_a_theme_that_loads_says_where_and_never_overwrites(home: Path) -> None:
    text = reskin_theme("new", "My Dusk").stdout
    path = home / "themes" / "my-dusk.toml"
    assert text.startswith(f"made: {path}\n")
    for command in ("reskin theme edit my-dusk", "reskin theme preview my-dusk", "reskin demo --theme my-dusk"):
        assert command in text
    assert load_theme(find_theme("my dusk")).name == "My Dusk"
    assert reskin_theme("check", "--strict", "my-dusk").stderr == ""
    path.write_text("mine", encoding="utf-8")
    assert "there is one already, and it is kept" in reskin_theme("new", "my dusk", exit_code=1).stderr
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_new_theme_that_could_not_be_written_whole_does_not_stand_in_the_way_of_the_next_try(
    home: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    def half(path: Path, text: str, **_: object) -> int:
        path.write_bytes(text[:20].encode())
        raise failure

    with monkeypatch.context() as broken:
        broken.setattr(Path, "write_text", half)
        with pytest.raises((ThemeError, KeyboardInterrupt)):
            new_theme("Mine")
    assert load_theme(new_theme("Mine")).name == "Mine"


def test_the_starting_file_says_what_is_true_of_the_model(home: Path) -> None:
    """What it gives as the default of a key is the default, so that taking the line out changes nothing."""
    theme, bare = load_theme(new_theme("x")), Theme(name="x")
    for key in ("strength", "detail", "relight"):
        assert getattr(theme, key) == getattr(bare, key)
    assert all(name in START.format(name="x", materials=", ".join(MATERIALS), patterns="") for name in MATERIALS)


def test_new_from_a_theme_keeps_its_comments_and_from_a_prompt_says_all(home: Path, tmp_path: Path) -> None:
    source = tmp_path / "source.toml"
    source.write_text('# wet streets\nname = "Old"\n[material.sky] # above\ncolors = ["#101020"]\n', encoding="utf-8")
    copied = new_theme("New One", start=str(source)).read_text(encoding="utf-8")
    assert copied == source.read_text(encoding="utf-8").replace('"Old"', '"New One"')
    source.write_text('"name" = "Old"\nprompt = """\nname = 1"""', encoding="utf-8")
    assert load_theme(new_theme("Other", start=str(source))).prompt == "name = 1"
    source.write_text('"name" = "Old"\n[material.sky]\ncolors = ["#102030"]', encoding="utf-8")
    assert load_theme(new_theme("Quoted", start=str(source))).material.named()["sky"].colors == ("#102030",)
    prompted = load_theme(new_theme("Lake", prompt="a foggy lake"))
    assert prompted.materials() == prompted_theme("a foggy lake").materials()
    both = load_theme(new_theme("Both", start=str(source), prompt="a foggy lake"))
    assert both.materials()["sky"].colors == ("#102030",)
    assert both.materials()["water"] == prompted.materials()["water"]


def test_names_that_make_no_file_are_told(home: Path) -> None:
    assert theme_id("Été, 2026!") == "ete-2026"
    for name, message in {
        "": "1 to 60",
        "x" * 61: "1 to 60",
        "a\nb": "one line",
        "../..": "at least one letter",
    }.items():
        with pytest.raises(ThemeError, match=message):
            new_theme(name)
    assert theme_id("../../etc/passwd") == "etc-passwd"
    assert not home.exists()


def test_show_prints_the_whole_theme_with_origins_and_it_gives_the_same_look(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "M"\nprompt = "a foggy lake"\n[light]\nfog.density = 0.3\n[material.water]\nglow = 0.2\n'
                    '[material.sky]\ncolors = ["#abc"]\n', encoding="utf-8")  # fmt: skip
    text = reskin_theme("show", path).stdout
    origins = {tuple(value.location): value.origin for value in origins_of(path).values}
    assert origins[("light", "fog", "density")] == "line 4"
    assert origins[("light", "fog", "color")] == "prompt"
    assert origins[("material", "sky", "colors")] == "line 8"
    assert origins[("material", "sky", "glow")] == "default"
    assert origins[("material", "water", "glow")] == "line 6"
    assert origins[("material", "water", "colors")] == "prompt"
    assert origins[("material", "roof", "colors")] == "prompt"
    assert origins[("keep", "hud")] == "default"
    assert f"# {path}\n" in text
    shown = parse_theme(text)
    assert shown.materials() == load_theme(path).materials()
    np.testing.assert_array_equal(shown.style().light_vector(), load_theme(path).style().light_vector())


def test_on_a_terminal_each_colour_stands_beside_a_patch_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in {"FORCE_COLOR": "1", "COLORTERM": "truecolor", "TERM": "xterm-256color"}.items():
        monkeypatch.setenv(name, value)
    assert '\x1b[48;2;10;3;32m  \x1b[0m "#0a0320"' in reskin_theme("show", "neon-rain").stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in reskin_theme("show", "neon-rain").stdout


@pytest.mark.parametrize("theme_id", shipped_themes())
def test_no_shipped_theme_has_a_warning_and_every_value_is_its_own(theme_id: str) -> None:
    path, _, warnings, _ = checked(theme_id)
    assert warnings == []
    assert origins_of(path).count().keys() <= {"file", "default"}


WARNINGS = {
    "alike": ('[material.ground]\ncolors = ["#203040", "#90a0b0"]\n[material.sky]\ncolors = ["#213141", "#8f9fb0"]',
              "line 5, material.sky.colors: hardly to be told from ground"),
    "wrong way": ('[material.rock]\ncolors = ["#eee", "#111"]', "line 3, material.rock.colors: not from dark to light"),
    "flat": ('[material.rock]\ncolors = ["#444", "#484848"]', "line 3, material.rock.colors: nearly as light"),
    "hud": ('[keep]\nhud = false\n[material.hud]\ncolors = ["#555", "#777"]', "line 5, material.hud.colors: its dark"),
    "no strength": ("strength = 0", "line 2, strength: at 0 the theme changes nothing"),
    "no fog": ('[light]\nfog = { density = 0, color = "#fff" }', "line 3, light.fog.color: changes nothing"),
    "left alone": ('[material.sky]\nstrength = 0\nglow = 1', "line 4, material.sky.glow: changes nothing"),
    "plain": ('[material.sky]\npattern = "plain"\nscale = 2', "line 4, material.sky.scale: changes nothing"),
    "outside": ("[keep]\nregions = [[0.5, 0, 0.6, 1]]", "line 3, keep.regions: the region [0.5, 0, 0.6, 1] reaches"),
    "no size": ("[keep]\nregions = [[0.5, 0, 0, 1]]", "line 3, keep.regions: the region [0.5, 0, 0, 1] has no size"),
    "nothing left": ("detail = 0\nrelight = 1", "line 2, detail: 0 with relight = 1 leaves nothing"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "warning"), WARNINGS.values(), ids=WARNINGS)
def test_check_warns_of_what_can_be_used_but_hardly_meant(text: str, warning: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'name = "x"\n{text}\n', encoding="utf-8")
    assert f"warning: {warning}" in reskin_theme("check", path).stderr
    assert f"warning: {warning}" in reskin_theme("check", "--strict", path, exit_code=1).stderr


def test_check_hints_at_keys_that_only_the_painter_heeds_and_does_not_fail_for_them(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "x"\nrelight = 1\n', encoding="utf-8")
    told = reskin_theme("check", "--strict", path)
    assert "  hint: without the Painter, as in the preset lite, no change comes of relight\n" in told.stdout
    path.write_text('name = "x"\n', encoding="utf-8")
    assert "hint:" not in reskin_theme("check", path).output


def test_distances_and_contrasts_are_those_of_their_definitions() -> None:
    black, white = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    assert contrast(black, white) == pytest.approx(21)
    assert distance((black, black), (white, white)) == pytest.approx(1, abs=1e-3)
    assert distance((black, white), (black, white)) == 0 < ALIKE
    assert advice(Theme(name="nothing said")) == []


def test_a_still_shows_before_and_after_beside_each_other(home: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("reskin.engine_renderer.create", lambda preset: TintRenderer())
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    cv2.imwrite(str(source), np.full((180, 320, 3), 100, np.uint8))
    text = reskin_theme("preview", "candy", "--on", source, "--out", target).stdout
    assert text == f"{target}: 1 picture of {640 + GAP_PX}x180, before and after, in Candy Kingdom\n"
    picture = cv2.imread(str(target))
    assert (picture[:100, :320] == 100).all()
    assert not (picture[:100, 320 + GAP_PX :] == 100).all(axis=2).any()
    with pytest.raises(VideoError, match="a picture gives a picture"):
        write_preview(tmp_path / "x.mp4", Theme(name="x"), TintRenderer(), nothing, source=source)
    with pytest.raises(VideoError, match=r"expected a name ending in \.png"):
        write_preview(tmp_path / "x.gif", Theme(name="x"), TintRenderer(), nothing, source=source)
    with pytest.raises(VideoError, match="the target is the same file"):
        write_preview(source, Theme(name="x"), TintRenderer(), nothing, source=source)


def test_a_clip_has_the_frames_that_were_asked_for_and_a_still_of_it_the_one(tmp_path: Path) -> None:
    source, target = tmp_path / "in.mp4", tmp_path / "out.mp4"
    with VideoWriter(source, (64, 48), 24) as writer:
        for index in range(12):
            writer.write(Frame(index, index * 41_666_667, np.full((48, 64, 4), 20 * index, np.uint8)))
    told: list[tuple[int, int | None]] = []
    done = write_preview(target, Theme(name="x"), TintRenderer(), lambda *n: told.append(n), source=source, frames=5)
    assert (done.frames, done.size_px, told[-1]) == (5, (128 + GAP_PX, 48), (5, 5))
    with VideoReader(target) as reader:
        assert len(list(reader)) == 5
    still = tmp_path / "still.png"
    write_preview(still, Theme(name="x"), TintRenderer(), nothing, source=source, frames=3)
    assert cv2.imread(str(still))[:, :64].mean() == pytest.approx(20 * 8, abs=3)  # after the lead-in of six


@pytest.mark.parametrize("profile", ["broadcast", "off"])
def test_a_clip_passes_the_flash_limiter_unless_it_is_off(tmp_path: Path, profile: Any) -> None:
    source, target = tmp_path / "in.mp4", tmp_path / "out.mp4"
    with VideoWriter(source, (64, 48), 24) as writer:
        for index in range(36):
            level = 255 if index // 2 % 2 else 0
            writer.write(Frame(index, index * 41_666_667, np.full((48, 64, 4), level, np.uint8)))
    write_preview(target, Theme(name="x"), TintRenderer(), nothing, source=source, flash_limiter=profile)
    with VideoReader(target) as reader:
        assert judge([frame.bgra_u8 for frame in reader]).passes is (profile == "broadcast")


def nothing(done: int, total: int | None) -> None:
    """Progress that nobody looks at."""
