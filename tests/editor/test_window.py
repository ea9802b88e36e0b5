"""The editor's window on a screen of its own, driven by a mouse and a keyboard (xdotool); the tint is the model."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from reskin.editor.open import edit_theme, target_of
from reskin.errors import DisplayError, ReskinError, VideoError
from reskin.renderer import TintRenderer
from reskin.themes import Theme, find_theme, load_theme, shipped_themes

pytest.importorskip("pygame_gui")

import pygame

from reskin.editor.panel import Edit
from reskin.editor.window import Editor

TEXT = """\
# mine
name = "Mine"

[material.sky] # above
colors = ["#203040", "#a0b0c0"]

[finish]
bloom = 0.1 # spills
"""
LIMIT_S = 10.0


class Hands:
    """An editor with somebody at the mouse and the keys."""

    def __init__(self, editor: Editor) -> None:
        self.editor = editor
        self.until(lambda: not editor._stage.is_empty)
        self.window = pygame.display.get_wm_info()["window"]

    def until(self, done: Callable[[], bool]) -> None:
        end_s = time.monotonic() + LIMIT_S
        while not done():
            assert time.monotonic() < end_s
            self.editor.step(1 / 30)

    def steps(self, count: int = 3) -> None:
        for _ in range(count):
            self.editor.step(1 / 30)

    def xdotool(self, *words: object) -> None:
        subprocess.run(["xdotool", *map(str, words)], check=True)
        self.steps()

    def move(self, at: tuple[int, int]) -> None:
        self.xdotool("mousemove", "--sync", "--window", self.window, *at)

    def click(self, at: tuple[int, int]) -> None:
        self.move(at)
        self.xdotool("click", 1)

    def drag(self, start: tuple[int, int], *others: tuple[int, int]) -> None:
        self.move(start)
        self.xdotool("mousedown", 1)
        for at in others:
            self.move(at)
        self.xdotool("mouseup", 1)

    def key(self, chord: str) -> None:
        self.xdotool("key", chord)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def hands(mine: Path, display: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hands]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
    monkeypatch.setenv("SDL_FRAMEBUFFER_ACCELERATION", "0")
    picture = tmp_path / "game.png"
    cv2.imwrite(str(picture), np.full((90, 160, 3), 100, np.uint8))
    editor = Editor(mine, mine, TintRenderer, picture)
    try:
        yield Hands(editor)
    finally:
        editor.close()


def test_a_theme_is_changed_by_hand_seen_at_once_undone_and_saved_with_its_comments(hands: Hands, mine: Path) -> None:
    editor = hands.editor
    light = editor._page._colors._sliders[0].sliding_button.rect  # type: ignore[union-attr]
    before = editor._stage._shot.after.copy()  # type: ignore[union-attr]
    hands.drag(light.center, (light.centerx + 40, light.centery), (light.centerx + 80, light.centery))
    dark, pale = editor.document.get(("material", "sky", "colors"))
    assert (dark != "#203040", pale) == (True, "#a0b0c0")
    hands.until(lambda: editor.theme.materials()["sky"].colors[0] == dark)
    hands.key("ctrl+z")
    assert editor.document.text == TEXT  # the whole drag at once
    hands.key("ctrl+y")
    assert editor.document.get(("material", "sky", "colors"))[0] == dark

    hands.click(editor._page._colors._swatches[1].rect.center)  # type: ignore[union-attr]
    entry = editor._page._colors._hex  # type: ignore[union-attr]
    hands.click(entry.rect.center)
    hands.key("ctrl+a")
    hands.xdotool("type", "--delay", "0", "#ff0000")
    hands.key("Return")
    assert editor.document.get(("material", "sky", "colors")) == [dark, "#ff0000"]
    hands.until(lambda: editor._stage._shot.after[0, 0, 2] > before[0, 0, 2] + 20)  # type: ignore[union-attr]

    hands.click(editor._chips["rock"].rect.center)
    assert (editor.page, editor.material) == ("Material", "rock")
    hands.click(editor._tabs["Finish"].rect.center)
    hands.click(editor._page._resets[("finish", "bloom")].rect.center)
    assert editor.document.get(("finish", "bloom")) is None
    hands.key("ctrl+z")
    hands.key("ctrl+s")
    assert not editor.document.is_dirty
    assert mine.read_text(encoding="utf-8") == TEXT.replace("#203040", dark).replace("#a0b0c0", "#ff0000")
    assert load_theme(mine).materials()["sky"].colors == (dark, "#ff0000")


def test_what_is_typed_counts_without_enter_and_a_text_is_undone_as_one(hands: Hands, mine: Path) -> None:
    editor = hands.editor
    hands.click(editor._tabs["Theme"].rect.center)
    entries = {control.location: entry for control, entry in editor._page._others.items()}
    hands.click(entries[("name",)].rect.center)
    hands.key("ctrl+a")
    hands.xdotool("type", "--delay", "0", "Yours")
    assert editor.document.get(("name",)) == "Yours"  # with the entry still in use
    hands.key("ctrl+z")
    assert editor.document.text == TEXT
    hands.key("ctrl+y")
    assert editor.document.get(("name",)) == "Yours"

    detail = next(e for control, (_, e) in editor._page._sliders.items() if control.location == ("detail",))
    hands.click(detail.rect.center)
    hands.key("ctrl+a")
    hands.xdotool("type", "--delay", "0", "0.25")
    assert editor.document.get(("detail",)) is None  # half a number is none
    hands.click(editor._chips["sky"].rect.center)
    assert (editor.page, editor.document.get(("detail",))) == ("Material", 0.25)

    hands.click(editor._page._colors._hex.rect.center)  # type: ignore[union-attr]
    hands.key("ctrl+a")
    hands.xdotool("type", "--delay", "0", "#00ff00")
    hands.key("ctrl+s")
    assert not editor.document.is_dirty
    saved = load_theme(mine)
    assert (saved.name, saved.detail, saved.materials()["sky"].colors) == ("Yours", 0.25, ("#00ff00", "#a0b0c0"))


def test_the_menu_of_patterns_shows_the_derived_one_once_the_written_one_is_taken_out(hands: Hands) -> None:
    editor, at = hands.editor, ("material", "sky", "pattern")
    derived = editor.theme.materials()["sky"].pattern
    written = "dots" if derived == "bricks" else "bricks"
    editor.apply(Edit(at, written))
    hands.until(lambda: editor.theme.materials()["sky"].pattern == written)
    hands.click(editor._page._resets[at].rect.center)
    assert editor.document.get(at) is None
    menu = next(other for control, other in editor._page._others.items() if control.location == at)
    assert menu.selected_option[0] == derived


def test_closing_with_unsaved_changes_asks_and_a_mistake_is_told(hands: Hands, mine: Path) -> None:
    editor = hands.editor
    hands.click(editor._tabs["Theme"].rect.center)
    name = next(entry for control, entry in editor._page._others.items() if control.location == ("name",))
    hands.click(name.rect.center)
    hands.key("ctrl+a")
    hands.key("BackSpace")
    hands.key("Return")
    hands.until(lambda: "name: got the text" in editor.error)
    hands.key("ctrl+s")
    assert "1 to 60 characters" in editor._note
    assert mine.read_text(encoding="utf-8") == TEXT
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    hands.steps()
    assert not editor.is_done
    assert editor._question is not None
    answers = {button.text: button for button in editor._question.answers}
    hands.click(answers["Keep on"].rect.center)
    assert (editor.is_done, editor._question) == (False, None)
    hands.key("ctrl+z")
    hands.until(lambda: not editor.error)
    hands.key("ctrl+y")
    hands.until(lambda: "name: got the text" in editor.error)
    hands.key("ctrl+z")
    hands.until(lambda: not editor.error)
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    hands.steps()
    assert editor.is_done


def test_a_file_that_another_program_has_changed_is_not_written_over_at_once(hands: Hands, mine: Path) -> None:
    editor = hands.editor
    editor.document.set(("finish", "bloom"), 0.5)
    mine.write_text('name = "Other"\n', encoding="utf-8")
    assert not editor.save()
    assert "Another program has changed the file" in editor._note
    assert mine.read_text(encoding="utf-8") == 'name = "Other"\n'
    assert editor.save()
    assert "bloom = 0.5 # spills" in mine.read_text(encoding="utf-8")
    hands.drag((editor._stage.picture.left + 3, 300), (editor._stage.picture.centerx, 300))
    assert editor._stage.split == pytest.approx(0.5, abs=0.02)


def breaks(*_: object) -> Theme:
    """A bug of our own, where a theme is read."""
    raise KeyError("place")


def test_a_preview_that_fails_is_told_and_the_theme_can_still_be_saved(
    mine: Path, display: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"no video")
    editor = Editor(mine, mine, TintRenderer, clip)
    try:
        end_s = time.monotonic() + LIMIT_S
        while not editor.error and time.monotonic() < end_s:
            editor.step(1 / 30)
        assert "it is not a video that can be read" in editor.error
        assert editor._loading is None, "nothing is loading any more"
        editor.apply(Edit(("finish", "bloom"), 0.75))
        editor.step(1 / 30)
        assert editor.theme.finish.bloom == 0.75
        with monkeypatch.context() as broken:
            broken.setattr("reskin.editor.studio.parse_theme", breaks)
            editor.apply(Edit(("finish", "bloom"), 0.5))
            assert not editor.save()
        assert "KeyError: 'place'" in editor._note
        editor.apply(Edit(("finish", "bloom"), 0.75))
        assert editor.save()
    finally:
        editor.close()
    assert "bloom = 0.75 # spills" in mine.read_text(encoding="utf-8")
    with pytest.raises(VideoError, match="there is no such file"):
        edit_theme(str(mine), TintRenderer, tmp_path / "none.mp4")
    for name, message in {"shot.png": "reading the picture .*: it is none", "clip.mp4": "it is not a video"}.items():
        (tmp_path / name).write_text("no picture", encoding="utf-8")
        with pytest.raises(VideoError, match=message):
            edit_theme(str(mine), TintRenderer, tmp_path / name)


def test_a_shipped_theme_is_saved_as_a_copy_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    assert target_of(find_theme("candy")) == tmp_path / "themes" / "candy.toml"
    own = tmp_path / "own.toml"
    assert target_of(own) == own


def test_a_shipped_file_that_is_edited_again_by_its_path_opens_ones_own_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    monkeypatch.setenv("DISPLAY", ":99")
    opened: list[tuple[Path, Path]] = []

    class Opened:
        def __init__(self, path: Path, target: Path, *others: object) -> None:
            opened.append((path, target))

        def run(self) -> None:
            """Closed at once."""

    monkeypatch.setattr("reskin.editor.window.Editor", Opened)
    shipped, own = shipped_themes()["candy"], tmp_path / "themes" / "candy.toml"
    edit_theme(str(shipped), TintRenderer)
    own.parent.mkdir()
    own.write_text(TEXT, encoding="utf-8")
    edit_theme(str(shipped), TintRenderer)
    assert opened == [(shipped, own), (own, own)]


def test_what_is_missing_is_told_in_words(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DisplayError, match="there is no screen"):
        edit_theme(str(mine), TintRenderer)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ReskinError, match='-m pip install "pygame_gui'):
        edit_theme(str(mine), TintRenderer)
