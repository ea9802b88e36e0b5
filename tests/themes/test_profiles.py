"""Profiles of games: read and refused like themes, chosen by the window's title, and what they do to a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from reskin.cli import cli
from reskin.errors import ProfileError, ThemeError
from reskin.profile_writer import LONGEST_TYPED, new_profile, save_regions
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
        ('title = ""', 'line 1, title[0]: got the text "": is empty'),
        ('title = ["a", 5]', "1 mistake:\n  line 1, title[1]: got 5, expected a glob of the window's title"),
        ("title = 5", "line 1, title: got 5, expected a glob"),
        ("title = []", "line 1, title: got a list of 0, expected a glob"),
        ('title = "a"\nregion = []', "region"),
        ('title = "a"\n[keep]\nregions = [[0, 0, 2, 1]]', "keep.regions[0][2]"),
        ('title = "a"\nstrength = 1.5', "strength"),
        ('title = "a"\n[keep]\ntext = 0', "keep.text: got 0, expected true or false"),
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


def test_a_profile_says_of_hud_and_text_what_no_theme_says_otherwise(folder: Path) -> None:
    write(folder, "supertux", 'title = "SuperTux*"\n[keep]\ntext = false\n')
    profile = GameProfile.of("SuperTux 0.6")
    one, other = Theme(name="One"), Theme.model_validate({"name": "Other", "keep": {"hud": False, "text": True}})
    assert profile.with_kept_regions(one).keep == one.keep.model_copy(update={"text": False})
    assert profile.with_kept_regions(one) is profile.with_kept_regions(one)
    assert profile.with_kept_regions(other).keep == other.keep.model_copy(update={"text": False})
    assert profile.notes() == ["Profile supertux: 0 places of the screen kept, text left to the theme"]
    assert profile.of_next("Menu").with_kept_regions(one).keep.text is False, "another window of the same game"
    write(folder, "supertux", 'title = "SuperTux*"\n[keep]\nhud = true\n')
    assert GameProfile.of("SuperTux 0.6").with_kept_regions(other).keep.hud is True


def test_a_box_leaves_what_the_profile_says_of_hud_and_text(folder: Path) -> None:
    path = write(folder, "supertux", 'title = "SuperTux*"\n[keep]\ntext = false  # its bricks look like letters\n')
    save_regions(path, "SuperTux 0.6", (REGION,))
    assert "its bricks" in path.read_text(encoding="utf-8")
    assert load_profile(path).keep.model_dump() == {"hud": None, "text": False, "regions": (REGION,)}


def test_a_title_may_hold_the_spaces_of_any_script(folder: Path) -> None:
    write(folder, "dragon", 'title = "ドラゴン\u3000クエスト*"')
    assert GameProfile.of("ドラゴン\u3000クエスト XI").path == folder / "dragon.toml"


def test_a_game_without_a_profile_changes_nothing(folder: Path) -> None:
    write(folder, "supertux")
    profile, theme = GameProfile.of("Doom"), Theme(name="One")
    assert profile.with_kept_regions(theme) is theme
    assert (profile.theme, profile.strength, profile.notes()) == ("", None, [])
    assert Profile(title="x").fits("") == 0


def test_a_broken_profile_of_another_game_is_a_note_and_stops_no_run(folder: Path) -> None:
    write(folder, "broken", "titel = 1")
    fine = write(folder, "fine", 'title = "SuperTux*"')
    game = GameProfile.of("SuperTux 0.6")
    assert game.path == fine
    assert any("broken.toml" in note for note in game.notes())
    with pytest.raises(ProfileError, match=r"broken\.toml"):
        profile_for("SuperTux 0.6")


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
    assert "text      as the theme has it" in shown
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


@pytest.mark.parametrize(
    ("typed", "window"),
    [
        ("SuperTux", "supertux 0.6.3"),
        ("Super*x", "SuperTux"),
        ("Doom [demo]?", "My Doom [demo]? 2"),
        ("ドラゴン", "ドラゴン\u3000クエスト XI"),
        ("?" * LONGEST_TYPED, "?" * LONGEST_TYPED),
    ],
)
def test_a_new_profile_is_found_by_its_windows_title_and_takes_boxes(folder: Path, typed: str, window: str) -> None:
    path = new_profile(typed, "candy")
    game = GameProfile.of(window)
    assert (game.path, game.theme, game.regions) == (path, "candy", ())
    assert profile_for("Notepad") is None
    save_regions(path, window, (REGION,))
    assert GameProfile.of(window).regions == (REGION,)
    assert "# text = false" in path.read_text(encoding="utf-8")


def test_a_new_profile_hides_no_other_and_says_what_it_cannot_be_of(folder: Path, tmp_path: Path) -> None:
    path = new_profile("SuperTux")
    with pytest.raises(ProfileError, match="is one already, and it is kept"):
        new_profile("supertux")
    assert new_profile("SuperTux *").name == "supertux-2.toml"
    for typed in ("", " ", "**", "a\nb", "x" * (LONGEST_TYPED + 1)):
        with pytest.raises(ProfileError, match="expected a part of its window's title"):
            new_profile(typed)
    with pytest.raises(ThemeError, match="no theme of that name"):
        new_profile("Doom", "cnady")
    assert all_profiles().keys() == {"supertux", "supertux-2"}
    assert load_profile(path).keep.model_dump() == {"hud": None, "text": None, "regions": ()}


def test_a_theme_file_of_a_new_profile_is_found_from_every_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.toml").write_text('name = "Mine"', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_profile(new_profile("Doom", "mine.toml")).theme == str(tmp_path / "mine.toml")


def test_the_command_new_says_where_and_what_comes_next(folder: Path) -> None:
    run = CliRunner().invoke
    made = run(cli, ["profile", "new", "SuperTux", "--theme", "candy"])
    assert made.exit_code == 0
    assert made.stdout.startswith(f"made: {folder / 'supertux.toml'}\n")
    assert "reskin profile check supertux" in made.stdout
    assert run(cli, ["profile", "check", "supertux"]).exit_code == 0
    assert run(cli, ["profile", "show", ""]).stderr.startswith('reskin: no profile ""; `reskin profile list` shows')


def test_a_window_whose_title_makes_no_profile_is_told_with_what_makes_one(folder: Path) -> None:
    with pytest.raises(ProfileError, match=r"(?s)a profile for the window ' ': .*`reskin profile new TITLE`"):
        save_regions(None, " ", (REGION,))
