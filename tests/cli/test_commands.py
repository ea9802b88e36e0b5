"""Every command through click's runner: what it prints, what it exits with, and where its text goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

import reskin
from engine.config import MATERIALS
from reskin.app import RunOptions
from reskin.cli import cli
from reskin.cli_profile import profile
from reskin.cli_theme import theme
from reskin.frame import Region
from reskin.renderer import TintRenderer
from reskin.settings import Settings, parse_settings
from reskin.status import Status
from reskin.themes import load_theme, prompted_theme


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A RESKIN_HOME of the test's own."""
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    return tmp_path


def reskin_cli(*arguments: str | Path, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code == exit_code, result.output
    return result


def test_help_names_every_command_and_the_exit_codes() -> None:
    text = reskin_cli("--help").stdout
    for name in cli.commands:
        assert f"  {name} " in text
    assert "130  ended by Ctrl-C" in text


@pytest.mark.parametrize("group", ["", "theme", "profile"])
def test_no_help_is_cut_off_in_a_terminal_of_80_columns(group: str) -> None:
    text = CliRunner().invoke(cli, [*filter(None, [group]), "--help"], terminal_width=78).output
    assert not [line for line in text.splitlines() if line.startswith("  ") and line.endswith("...")]


@pytest.mark.parametrize(
    "command",
    [
        *(name for name in cli.commands if name not in ("theme", "profile")),
        *(f"theme {name}" for name in theme.commands),
        *(f"profile {name}" for name in profile.commands),
    ],
    ids=lambda command: command,
)
def test_every_command_explains_itself(command: str) -> None:
    assert "Usage: " in reskin_cli(*command.split(), "--help").stdout


def test_the_version_is_told() -> None:
    assert reskin_cli("--version").stdout == f"reskin {reskin.__version__}\n"


USAGE = {
    "no window": (
        ["run"],
        "give what to reskin: a WINDOW (`reskin windows` lists them), --region X,Y,W,H on Windows, or -- PROGRAM",
    ),
    "both": (["run", "x", "--region", "0,0,9,9"], "give only one of a WINDOW"),
    "region of three": (["run", "--region", "1,2,3"], "got '1,2,3', expected four whole numbers in pixels"),
    "empty region": (["run", "--region", "0,0,0,9"], "got a region of 0x9 pixels, expected a width and a height of at"),
    "size": (["demo", "--size", "big"], "got 'big', expected a width and a height from 16 to 8192"),
    "strength": (["run", "x", "--strength", "2"], "2.0 is not in the range 0<=x<=1"),
    "timeline without a name": (["run", "x", "--timeline", ""], "it is empty; expected the name of a file"),
    "split": (["run", "x", "--record-split"], "--record-split says how to record; give --record FILE too."),
    "preset": (["run", "x", "--preset", "giant"], "'giant' is not one of"),
    "read nothing": (["read", "x.png"], "give --out materials.npy, --png materials.png, or both."),
    "unknown": (["dance"], "No such command 'dance'"),
}


@pytest.mark.parametrize(("arguments", "message"), USAGE.values(), ids=USAGE)
def test_what_is_not_understood_exits_with_2(arguments: list[str], message: str) -> None:
    assert message in reskin_cli(*arguments, exit_code=2).stderr


@pytest.fixture
def asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[RunOptions]:
    """What the commands ask the app for; nothing is run."""
    options: list[RunOptions] = []

    def run(wanted: RunOptions) -> Status:
        options.append(wanted)
        return Status(ended_because="the player quit")

    monkeypatch.setattr("reskin.app.run", run)
    return options


def test_run_asks_for_the_window_with_the_settings_for_what_was_not_said(asked: list[RunOptions], home: Path) -> None:
    assert reskin_cli("run", "tux").stdout == "ended: the player quit\n"
    (home / "settings.toml").write_text('theme = "candy"\npreset = "lite"')
    reskin_cli("run", "tux", "--strength", "0.5", "--seconds", "2", "--shot", "a.png", "--record", "b.mp4")
    reskin_cli("run", "--region", "-5,0,640,360", "--theme", "neon-rain", "--preset", "nano")
    plain, full, region = asked
    assert (plain.window, plain.theme, plain.preset) == ("tux", "", Settings().preset)  # the game's profile comes first
    assert plain.settings == Settings()
    assert (plain.strength, plain.seconds, plain.shot, plain.record) == (None, None, None, None)
    assert (full.settings.theme, full.preset, full.strength, full.seconds) == ("candy", "lite", 0.5, 2.0)
    assert (full.shot, full.record) == (Path("a.png"), Path("b.mp4"))
    assert (region.window, region.region) == (None, Region(-5, 0, 640, 360))
    assert (region.theme, region.preset) == ("neon-rain", "nano")


def test_run_and_demo_serve_obs_when_asked_to(asked: list[RunOptions]) -> None:
    for arguments in (["run", "tux", "--obs"], ["demo", "--obs"], ["demo"]):
        reskin_cli(*arguments)
    assert [options.obs for options in asked] == [True, True, False]


def test_a_prompt_alone_stands_for_the_theme_and_with_a_theme_it_fills_that_in(
    asked: list[RunOptions], home: Path
) -> None:
    own = home / "own.toml"
    own.write_text('name = "Own"\n[material.sky]\ncolors = ["#102030"]')
    reskin_cli("run", "tux", "--prompt", "a foggy lake")
    reskin_cli("demo", "--prompt", "a foggy lake", "--theme", own)
    result = reskin_cli("run", "tux", "--prompt", "a foggy lake", "--theme", "candy")
    alone, both, shipped = asked
    assert (alone.theme, alone.prompt) == ("", "a foggy lake")
    assert (both.theme, both.prompt) == (str(own), "a foggy lake")
    assert (shipped.theme, shipped.prompt) == ("candy", "a foggy lake")
    assert "Candy Kingdom leaves nothing unsaid, so the prompt changes nothing" in result.stderr


@pytest.mark.parametrize("command", [["run", "x"], ["demo"], ["render", "a.png", "b.png"]], ids=lambda words: words[0])
def test_every_command_that_shows_a_theme_takes_a_prompt_and_says_what_wins(command: list[str]) -> None:
    text = " ".join(reskin_cli(command[0], "--help").stdout.split())
    assert "--prompt TEXT" in text
    assert "what a theme's file says wins" in text
    assert "it is empty; expected a look in a sentence" in reskin_cli(*command, "--prompt", "  ", exit_code=2).stderr


def test_a_baked_prompt_goes_into_a_new_file_and_never_over_another(tmp_path: Path) -> None:
    path = tmp_path / "sea.toml"
    printed = reskin_cli("theme", "bake", "a stormy sea at night").stdout
    assert reskin_cli("theme", "bake", "a stormy sea at night", "--out", path).stdout == f"made: {path}\n"
    assert path.read_text(encoding="utf-8") == printed
    path.write_text("mine")
    picture = tmp_path / "mine.png"
    told = reskin_cli("theme", "bake", "a foggy lake", "--out", picture, exit_code=1).stderr
    assert told == f"reskin: writing the theme {picture}: expected a name ending in .toml\n"
    assert not picture.exists()
    refused = reskin_cli("theme", "bake", "a foggy lake", "--out", path, exit_code=1).stderr
    assert f"there is one already, and it is kept. Edit it with `reskin theme edit {path}`" in refused
    assert path.read_text() == "mine"


def test_a_baked_prompt_is_a_theme_file_and_notes_stay_out_of_it(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(reskin_cli("theme", "bake", "a stormy sea at night").stdout)
    assert load_theme(path) == prompted_theme("a stormy sea at night")
    assert reskin_cli("theme", "check", path).stdout.startswith(f"{path}: a stormy sea at night, 11 materials named")
    nonsense = reskin_cli("theme", "bake", "?!?!")
    assert "nothing in the prompt was understood" in nonsense.stderr
    path.write_text(nonsense.stdout)
    assert load_theme(path).name == "?!?!"


def test_a_picture_is_rendered_in_what_a_prompt_says(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    cv2.imwrite(str(source), np.full((48, 64, 3), 128, np.uint8))
    monkeypatch.setattr("reskin.engine_renderer.create", lambda preset: TintRenderer())
    text = reskin_cli("render", source, target, "--prompt", "a red desert").stdout
    assert text == f"{target}: 1 picture of 64x48 in a red desert\n"
    assert target.exists()


def test_demo_starts_its_game_on_a_screen_of_its_own_where_there_is_none(
    asked: list[RunOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":7")
    reskin_cli("demo", "--size", "640x360")
    reskin_cli("demo", "--headless")
    monkeypatch.delenv("DISPLAY")
    reskin_cli("demo")
    seen, hidden, none = asked
    assert seen.command[1:] == ("-m", "reskin.demo.game", "--size", "640x360")
    assert [options.headless for options in asked] == [False, True, True]
    assert none.headless_size_px == hidden.headless_size_px == (1280, 720)


def test_demo_says_where_nobody_sees_it_how_to_see_it(asked: list[RunOptions], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":7")
    said = [reskin_cli("demo").stderr, reskin_cli("demo", "--headless").stderr]
    monkeypatch.delenv("DISPLAY")
    said.append(reskin_cli("demo").stderr)
    assert ["virtual screen that nobody sees" in text for text in said] == [False, True, True]
    assert "--shot FILE.png" in said[2]


def test_where_compiled_kernels_cannot_be_kept_it_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    def read_materials(picture: np.ndarray) -> None:
        raise RuntimeError(said)

    picture = home / "shot.png"
    cv2.imwrite(str(picture), np.zeros((8, 8, 3), np.uint8))
    monkeypatch.setattr("reskin.engine_renderer.read_materials", read_materials)
    said = "cannot cache function 'f': no locator available for file 'f.py'"
    told = reskin_cli("read", picture, "--out", home / "seen.npy", exit_code=1)
    assert told.stderr == f"reskin: {said}; set NUMBA_CACHE_DIR to a folder that can be written\n"
    said = "a bug"
    told = CliRunner().invoke(cli, ["read", str(picture), "--out", str(home / "seen.npy")])
    assert isinstance(told.exception, RuntimeError)


def test_a_run_that_ctrl_c_ended_exits_with_130(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr("reskin.app.run", lambda options: Status(ended_because="stopped"))
    assert reskin_cli("run", "tux", exit_code=130).stdout == "ended: stopped\n"


def test_the_sentence_about_flashes_comes_until_a_run_has_shown_it_and_always_while_the_limiter_is_off(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    shown = iter((0, 1, 1, 1, 1))  # pictures, in each run
    monkeypatch.setattr("reskin.app.run", lambda options: Status(ended_because="the player quit", shown=next(shown)))
    said = [reskin_cli("run", "tux").stderr for _ in range(3)]
    assert ["certificate" in text for text in said] == [True, True, False]
    home.mkdir(exist_ok=True)
    (home / "settings.toml").write_text('[safety]\nflash_limiter = "off"\n')
    assert all("limiter is off" in reskin_cli("run", "tux").stderr for _ in range(2))


def test_an_unknown_theme_is_told_before_anything_starts() -> None:
    for arguments in (["run", "game"], ["demo"], ["render", "in.mp4", "out.mp4"]):
        result = reskin_cli(*arguments, "--theme", "neon-rian", exit_code=1)
        assert 'no theme of that name (did you mean "neon-rain"?)' in result.stderr
        assert result.stdout == ""


def test_themes_are_listed_with_the_broken_ones_marked(home: Path) -> None:
    (home / "themes").mkdir()
    (home / "themes" / "mine.toml").write_text('name = "Mine"\ndescription = "All my own"')
    (home / "themes" / "sad.toml").write_text("name = ")
    lines = reskin_cli("themes").stdout.splitlines()
    assert "mine          All my own" in lines
    assert f"sad           cannot be used: `reskin theme check {home / 'themes' / 'sad.toml'}` says why" in lines
    assert any(line.startswith("neon-rain ") for line in lines)


def test_themes_as_json_hold_every_material_and_every_error(home: Path) -> None:
    (home / "themes").mkdir()
    (home / "themes" / "sad.toml").write_text("name = ")
    found = {theme["id"]: theme for theme in json.loads(reskin_cli("themes", "--json").stdout)}
    assert list(found["neon-rain"]["material"]) == list(MATERIALS)
    assert "is not valid TOML" in found["sad"]["error"]
    assert json.loads(reskin_cli("themes", "neon-rain", "--json").stdout) == found["neon-rain"]


def test_one_theme_is_shown_with_what_was_derived(home: Path) -> None:
    path = home / "small.toml"
    path.write_text('name = "Small"\n[material.sky]\ncolors = ["#102030", "#a0b0c0"]\nglow = 0.5')
    lines = reskin_cli("themes", path).stdout.splitlines()
    assert lines[:2] == ["Small", str(path)]
    assert "  sky         #102030 #a0b0c0                 plain, glow 0.5" in lines
    assert sum(line.endswith("(derived)") for line in lines) == len(MATERIALS) - 1


def test_colours_go_to_a_terminal_unless_no_color_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[48;2;10;3;32m" in reskin_cli("themes", "neon-rain").stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in reskin_cli("themes", "neon-rain").stdout


def test_checking_themes_tells_all_and_fails_if_one_is_broken(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text('name = "Good"\n[material.sky]\ncolors = ["#fff"]')
    bad.write_text('name = "Bad"\nstrength = 2')
    assert reskin_cli("theme", "check", good).stdout == f"{good}: Good, 1 materials named, the others derived\n"
    result = reskin_cli("theme", "check", bad, good, exit_code=1)
    assert "line 2, strength: got 2, expected a number from 0 to 1" in result.stderr
    assert str(good) in result.stdout


def test_settings_are_shown_and_written_once(home: Path) -> None:
    path = home / "settings.toml"
    shown = reskin_cli("settings").stdout
    assert shown.startswith(f"# {path} (not there; these are the defaults)\n")
    assert parse_settings(shown) == Settings()
    assert reskin_cli("settings", "--write").stdout.startswith(f"# written: {path}\n")
    path.write_text('theme = "candy"')
    kept = reskin_cli("settings", "--write").stdout
    assert kept.startswith(f"# {path}\n")
    assert 'theme = "candy"' in kept
    assert path.read_text() == 'theme = "candy"'


def test_broken_settings_are_told_with_their_line(home: Path) -> None:
    (home / "settings.toml").write_text("[hotkeys]\nqit = 1")
    result = reskin_cli("settings", exit_code=1)
    assert 'line 2, hotkeys.qit: unknown key (did you mean "quit"?)' in result.stderr
    assert "Traceback" not in result.output


def test_settings_that_cannot_be_written_are_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("RESKIN_HOME", str(home / "file" / "below"))
    assert "Not a directory; give RESKIN_HOME a folder" in reskin_cli("settings", "--write", exit_code=1).stderr


def test_paths_follow_reskin_home(home: Path) -> None:
    text = reskin_cli("paths").stdout
    assert f"settings        {home / 'settings.toml'} (not there yet)" in text
    assert f"own themes      {home / 'themes'} (not there yet)" in text
    assert f"typed prompts   {home / 'prompts.txt'} (not there yet)" in text
    own = {"profiles", "games.toml", "stream-key", "serve-secret", "known-servers.json", "weights"}
    assert all(f"{home / name} (not there yet)" in text for name in own)


def test_without_a_display_windows_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    for arguments in (["windows"], ["windows", "--json"], ["run", "game"]):
        assert "$DISPLAY is not set" in reskin_cli(*arguments, exit_code=1).stderr


def test_ctrl_c_ends_quietly_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(path: Path) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("reskin.themes.load_theme", interrupted)
    result = reskin_cli("themes", exit_code=130)
    assert result.output == ""
