"""The store follows its files, keeps the last good theme through every accident, and says each thing once."""

from __future__ import annotations

import os
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from reskin.errors import ThemeError
from reskin.theme_store import POLL_INTERVAL_S, ThemeNews, ThemeStore
from reskin.themes import parse_theme
from tests.themes.stores import names_of


class FakeClock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Desk:
    """A store on a folder of two themes, and a clock that moves by one poll at each `poll`."""

    def __init__(self, folder: Path, loader: Executor | None = None) -> None:
        self.folder = folder
        self.clock = FakeClock()
        for name in ("one", "two"):
            self.write(name)
        files = [folder / "one.toml", folder / "two.toml"]
        self.store = ThemeStore(files, folder=folder, clock=self.clock, loader=loader)

    def write(self, name: str, text: str | None = None) -> Path:
        path = self.folder / f"{name}.toml"
        path.write_text(text if text is not None else f'name = "{name.title()}"')
        return path

    def poll(self) -> ThemeNews | None:
        self.clock.now_s += POLL_INTERVAL_S + 0.001
        return self.store.poll()

    def two_polls(self) -> list[ThemeNews]:
        return [news for _ in range(2) if (news := self.poll())]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_themes_are_stepped_through_in_a_ring(desk: Desk) -> None:
    store = desk.store
    assert (names_of(store), store.current.name) == (["One", "Two"], "One")
    assert [store.next().message for _ in range(3)] == ["Two", "One", "Two"]
    assert [store.previous().message for _ in range(3)] == ["One", "Two", "One"]
    assert store.select(1) == ThemeNews(theme=store.current, message="Two")
    assert store.select(6) == ThemeNews(theme=None, message="no theme 7: there are 2")
    assert store.current.name == "Two"


def test_nothing_is_told_while_nothing_happens(desk: Desk) -> None:
    assert [desk.poll() for _ in range(5)] == [None] * 5


def test_a_saved_file_changes_the_picture_at_the_next_poll(desk: Desk) -> None:
    desk.write("one", 'name = "Dawn"')
    assert desk.store.poll() is None, "not before 100 ms have gone by"
    news = desk.poll()
    assert news is not None
    assert (news.theme, news.message) == (desk.store.current, "Dawn is reloaded")
    assert desk.store.current.name == "Dawn"
    assert desk.poll() is None


def test_a_theme_that_takes_long_to_load_holds_up_no_poll(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as loader:
        desk, may_load = Desk(tmp_path, loader), Event()
        loader.submit(may_load.wait)
        desk.write("one", 'name = "Dawn"')
        assert desk.two_polls() == []
        desk.write("one", 'name = "Dusk"')  # saved again while the first is being loaded
        desk.write("two", "name = 2")
        assert desk.two_polls() == []
        may_load.set()
        loader.submit(int).result()  # what was asked for before is done
        told = [news for _ in range(6) if (news := desk.poll())]
        loader.submit(int).result()
        told += [news for _ in range(6) if (news := desk.poll())]
    assert [news.message.split(":")[0] for news in told if news.theme] == ["Dusk is reloaded"]
    assert desk.store.current.name == "Dusk"
    assert sum("two.toml" in news.message for news in told) == 1
    assert names_of(desk.store) == ["Dusk", "Two"]


def test_an_editor_that_writes_aside_and_renames_is_followed(desk: Desk) -> None:
    aside = desk.folder / ".one.toml.swp"
    path = desk.folder / "one.toml"
    before = path.stat()
    aside.write_text('name = "Two"')  # as long as the old text
    os.utime(aside, ns=(before.st_atime_ns, before.st_mtime_ns))
    aside.rename(path)
    news = desk.poll()
    assert news is not None
    assert news.message == "Two is reloaded"


def test_a_half_written_file_is_given_one_poll_of_time(desk: Desk) -> None:
    desk.write("one", "")
    assert desk.poll() is None
    desk.write("one", 'name = "Whole"')
    news = desk.poll()
    assert news is not None
    assert news.message == "Whole is reloaded"


def test_a_broken_file_keeps_the_last_look_and_is_told_once(desk: Desk) -> None:
    before = desk.store.current
    path = desk.write("one", 'name = "One"\nstrength = 7')
    (news,) = desk.two_polls()
    assert news.theme is None
    assert news.message == (
        f"theme {path} cannot be used, 1 mistake:\n  line 2, strength: got 7, expected a number from 0 to 1; "
        "its last look stays"
    )
    assert desk.store.current is before
    assert desk.two_polls() == []
    desk.write("one", 'name = "One"\nstrength = 0.7')
    assert [news.message for news in desk.two_polls()] == ["One is reloaded"]
    assert desk.store.current.strength == 0.7


def test_a_deleted_file_keeps_the_theme_and_is_told_once(desk: Desk) -> None:
    before = desk.store.current
    path = desk.folder / "one.toml"
    path.unlink()
    (news,) = desk.two_polls()
    assert news == ThemeNews(theme=None, message=f"the file of One is gone ({path}); its last look stays")
    assert desk.store.current is before
    assert desk.two_polls() == []
    assert (desk.store.next().message, desk.store.next().message) == ("Two", "One")
    desk.write("one", 'name = "Back"')
    assert [news.message for news in desk.two_polls()] == ["Back is reloaded"]


def test_another_theme_than_the_shown_one_may_change_without_changing_the_picture(desk: Desk) -> None:
    desk.write("two", 'name = "Zwei"')
    assert desk.two_polls() == [ThemeNews(theme=None, message="Zwei is loaded")]
    assert desk.store.current.name == "One"
    assert names_of(desk.store) == ["One", "Zwei"]


def test_a_new_file_in_the_users_folder_becomes_the_last_theme(desk: Desk) -> None:
    desk.write("a-new-one")
    desk.write(".hidden")
    (desk.folder / "4913").write_text("an editor's trial")
    assert [news.message for news in desk.two_polls()] == ["A-New-One is loaded"]
    assert names_of(desk.store) == ["One", "Two", "A-New-One"]


def test_a_new_file_that_is_broken_is_told_and_passed_over(desk: Desk) -> None:
    path = desk.write("worse", "name = ")
    (news,) = desk.two_polls()
    assert f"theme {path} is not valid TOML: line 1: Invalid value" in news.message
    assert [desk.store.next().message for _ in range(2)] == ["Two", "One"]
    assert desk.store.select(2) == ThemeNews(
        theme=None, message=f"worse cannot be used: see `reskin theme check {path}`"
    )


def test_a_users_copy_takes_the_place_of_the_shipped_theme(tmp_path: Path) -> None:
    shipped, own, clock = tmp_path / "shipped", tmp_path / "own", FakeClock()
    for folder in (shipped, own):
        folder.mkdir()
    (shipped / "moss.toml").write_text('name = "Moss"')
    store = ThemeStore([shipped / "moss.toml"], folder=own, clock=clock)
    (own / "moss.toml").write_text('name = "My Moss"')
    clock.now_s += 1
    news = store.poll()
    assert news is not None
    assert (news.message, names_of(store)) == ("My Moss is reloaded", ["My Moss"])


def test_a_first_theme_that_is_broken_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("name = 3")
    with pytest.raises(ThemeError, match="line 1, name: got 3"):
        ThemeStore([path])


def test_a_store_of_themes_without_files_just_switches() -> None:
    store = ThemeStore([parse_theme('name = "A"'), parse_theme('name = "B"')], 1)
    assert (store.current.name, store.next().message, store.poll()) == ("B", "A", None)


def test_opening_gives_every_theme_there_is_at_the_one_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    assert ThemeStore.open("neon-rain").current.name == "Neon Rain"
    own = tmp_path / "elsewhere.toml"
    own.write_text('name = "Elsewhere"')
    store = ThemeStore.open(str(own))
    assert (store.current.name, names_of(store)[0]) == ("Elsewhere", "Elsewhere")
    assert "Neon Rain" in names_of(store)


def test_a_strength_of_the_players_own_holds_for_every_theme(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('name = "A"\nstrength = 0.9')
    clock = FakeClock()
    store = ThemeStore([tmp_path / "a.toml", parse_theme('name = "B"')], strength=0.4, clock=clock)
    first, other = store.current, store.select(1).theme
    assert other is not None
    assert (first.strength, other.strength) == (0.4, 0.4)


def test_a_theme_from_elsewhere_stays_among_the_others_until_the_next_one(desk: Desk) -> None:
    store = desk.store
    first, second = (parse_theme(f'name = "Typed {n}"') for n in (1, 2))
    assert store.show(first, fade_frames=7) == ThemeNews(theme=first, message="Typed 1", fade_frames=7)
    assert (store.current, names_of(store)) == (first, ["One", "Two", "Typed 1"])
    desk.write("one", 'name = "One"\ndetail = 0.5')
    assert desk.poll() == ThemeNews(theme=None, message="One is loaded")  # and it takes nothing from the screen
    assert [store.next().message for _ in range(3)] == ["One", "Two", "Typed 1"]
    store.show(second)
    assert (store.current, names_of(store)) == (second, ["One", "Two", "Typed 2"])


def test_a_theme_from_elsewhere_that_is_here_already_is_that_one(desk: Desk) -> None:
    assert desk.store.show(parse_theme('name = "Two"')).message == "Two"
    assert names_of(desk.store) == ["One", "Two"]
    assert desk.store.next().message == "One"


def test_a_theme_from_elsewhere_has_the_players_strength() -> None:
    store = ThemeStore([parse_theme('name = "One"')], strength=0.4)
    assert store.show(parse_theme('name = "Typed"')).theme == parse_theme('name = "Typed"\nstrength = 0.4')
