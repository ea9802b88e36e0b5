"""Profiles of games: read and refused like themes, chosen by the window's title, and what they do to a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from reskin.cli import cli
from reskin.errors import ProfileError
from reskin.profiles import GameProfile, Profile, all_profiles, load_profile, profile_folder, profile_for
from reskin.themes import Theme

REGION = (0.0, 0.9, 1.0, 0.1)
GOOD = 'title = "SuperTux*"\ntheme = "candy"\nstrength = 0.5\n[keep]\nregions = [[0.0, 0.9, 1.0, 0.1]]\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    profile_folder().mkdir()
    return profile_folder()


def write(folder: Path, name: str, text: str = GOOD) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_profile_is_chosen_by_title_in_any_case_and_the_more_exact_one_wins(folder: Path) -> None:
    write(folder, "any", 'title = ["super*", "*ux*"]')
    exact = write(folder, "supertux")
    found = profile_for("SUPERTUX 0.6.3")
    assert found is not None
    assert found[0] == exact
    assert profile_for("Tux Racer") is not None
    assert profile_for("Notepad") is None
    assert list(all_profiles()) == ["any", "supertux"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "title"),
        ('title = ""', "title"),
        ('title = "a"\nregion = []', "region"),
        ('title = "a"\n[keep]\nregions = [[0, 0, 2, 1]]', "keep.regions[0][2]"),
        ('title = "a"\nstrength = 1.5', "strength"),
        ("title = [", "line 1"),
        ('title = "a"\n#' + "x" * 70_000, "64"),
    ],
)
def test_a_mistake_is_told_with_its_key_and_its_file(folder: Path, text: str, said: str) -> None:
    path = write(folder, "broken", text)
    with pytest.raises(ProfileError) as error:
        load_profile(path)
    assert said in str(error.value)
    assert str(path) in str(error.value)


def test_the_regions_stay_under_every_theme_and_the_note_comes_once(folder: Path) -> None:
    write(folder, "supertux")
    profile = GameProfile.of("SuperTux 0.6")
    one, other = Theme(name="One"), Theme.model_validate({"name": "Other", "keep": {"regions": [[0, 0, 0.1, 0.1]]}})
    assert profile.with_kept_regions(one).keep.regions == (REGION,)
    assert profile.with_kept_regions(one) is profile.with_kept_regions(one)
    assert profile.with_kept_regions(other).keep.regions == ((0, 0, 0.1, 0.1), REGION)
    assert (profile.theme, profile.strength) == ("candy", 0.5)
    assert profile.notes() == ["Profile supertux: 1 place of the screen kept"]
    assert profile.notes() == []


def test_a_title_may_hold_the_spaces_of_any_script(folder: Path) -> None:
    write(folder, "dragon", 'title = "ドラゴン\u3000クエスト*"')
    assert GameProfile.of("ドラゴン\u3000クエスト XI").path == folder / "dragon.toml"


def test_a_game_without_a_profile_changes_nothing(folder: Path) -> None:
    write(folder, "supertux")
    profile, theme = GameProfile.of("Doom"), Theme(name="One")
    assert profile.with_kept_regions(theme) is theme
    assert (profile.theme, profile.strength, profile.notes()) == ("", None, [])
    assert Profile(title="x").fits("") == 0


def test_the_next_window_of_a_game_has_its_own_profile_and_a_broken_one_is_a_note(folder: Path) -> None:
    write(folder, "supertux")
    splash = GameProfile.of("Launching")
    splash.regions = ((0.0, 0.0, 0.5, 0.5),)
    game = splash.of_next("SuperTux 0.6")
    assert (game.title, game.path, game.regions) == ("SuperTux 0.6", folder / "supertux.toml", (REGION,))
    assert game.notes() == ["Profile supertux: 1 place of the screen kept"]
    write(folder, "broken", "titel = 1")
    menu = game.of_next("Menu")
    assert (menu.title, menu.path, menu.regions) == ("Menu", None, (REGION,))
    (note,) = menu.notes()
    assert "broken.toml" in note


def test_the_commands_list_show_and_check(folder: Path) -> None:
    write(folder, "supertux")
    run = CliRunner().invoke
    assert "SuperTux*" in run(cli, ["profile", "list"]).output
    assert "supertux" in run(cli, ["profile", "list", "supertux 1"]).output
    shown = run(cli, ["profile", "show", "supertux"]).output
    assert "candy" in shown
    assert "90.0% from the top" in shown
    assert run(cli, ["profile", "check"]).exit_code == 0
    write(folder, "broken", "titel = 1")
    checked = run(cli, ["profile", "check"])
    assert checked.exit_code == 1
    assert 'did you mean "title"' in checked.output
    assert run(cli, ["profile", "show", "supertix"]).exit_code == 1


def test_check_looks_into_the_theme_and_goes_on_after_an_unknown_name(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("nonsense = 1", encoding="utf-8")
    for name, theme in (("gone", tmp_path / "gone.toml"), ("odd", tmp_path / "broken.toml"), ("fine", "candy")):
        write(folder, name, f'title = "{name}"\ntheme = "{theme}"')
    too_long = "x" * 300  # for a file's name
    checked = CliRunner().invoke(cli, ["profile", "check", "nobody", too_long, "gone", "odd", "fine"])
    assert checked.exit_code == 1
    assert checked.stdout == f"{folder / 'fine.toml'}: fine\n"
    assert 'no profile "nobody"' in checked.stderr
    assert f'no profile "{too_long}"' in checked.stderr
    assert f"profile {folder / 'gone.toml'} cannot be used: theme: theme {tmp_path / 'gone.toml'} cannot be read" in (
        checked.stderr
    )
    assert "line 1, nonsense: unknown key" in checked.stderr
