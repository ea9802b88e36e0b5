"""The box mode on fakes: what a drag keeps, where it is written, and that the mouse is always given back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reskin.box_mode import HELP, NOT_SEEN, REFUSED, SMALLEST_PX, BoxMode
from reskin.controls import Controls
from reskin.errors import ProfileError
from reskin.frame import Region
from reskin.panel import MARK_BGR, NEW_MARK_BGR, Panels
from reskin.platforms.base import IDLE_NS, InputState, KeyEvent
from reskin.platforms.fake import FakePointerInput
from reskin.profile_writer import glob_of, save_regions
from reskin.profiles import GameProfile, Profile, load_profile
from reskin.theme_model import MAX_REGIONS
from tests.loop.bench import Bench
from tests.loop.fakes import two_themes
from tests.loop.test_prompt_bar import Beside

WINDOW = Region(100, 50, 640, 360)
PRESS = KeyEvent("keep_box", True)


class Desk:
    def __init__(self, profile: GameProfile) -> None:
        self.mouse, self.loader, self.profile = FakePointerInput(), Beside(), profile
        self.boxes = BoxMode(self.mouse, profile, self.loader)
        self.controls = Controls(two_themes(), boxes=self.boxes)
        self.controls.window_moved(WINDOW)
        self.now_ns = 1
        self.controls.skin_shown(True, self.now_ns)

    def press_key(self) -> list[str]:
        notes = self.controls.hear([PRESS])
        self.tick()
        return notes

    def tick(self) -> list[str]:
        self.now_ns += 1
        return self.controls.follow(0, self.now_ns)

    def drag(self, start: tuple[int, int], end: tuple[int, int], *, release: bool = True) -> list[str]:
        self.mouse.drag(start, end, release=release)
        return self.tick()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    return Desk(GameProfile(title="Tux Racer"))


def test_a_box_that_is_dragged_is_kept_at_once_and_written_for_the_next_time(desk: Desk, tmp_path: Path) -> None:
    assert desk.press_key() == [HELP]
    assert desk.mouse.state is InputState.ACTIVE
    assert desk.drag((740, 410), (580, 320)) == ["1 box kept"]  # from its lower right corner: any will do
    assert desk.profile.regions == ((0.75, 0.75, 0.25, 0.25),)
    assert desk.profile.with_kept_regions(desk.controls.theme).keep.regions == desk.profile.regions
    desk.loader.work()
    assert desk.tick() == []
    path = tmp_path / "profiles" / "tux-racer.toml"
    assert GameProfile.of("Tux Racer").regions == desk.profile.regions
    assert desk.profile.path == path
    assert desk.press_key() == ["1 box kept"]
    assert desk.mouse.state is InputState.OFF


def test_a_box_ends_at_the_windows_edge_and_a_click_that_slipped_is_none(desk: Desk) -> None:
    desk.press_key()
    assert desk.drag((50, 20), (2000, 100)) == ["1 box kept"]
    assert desk.profile.regions == ((0.0, 0.0, 1.0, round(50 / 360, 4)),)
    assert desk.drag((300, 200), (300 + SMALLEST_PX - 1, 300)) == []
    assert len(desk.profile.regions) == 1


def test_the_right_button_takes_away_the_smallest_box_under_it(desk: Desk) -> None:
    desk.press_key()
    desk.drag((100, 50), (740, 410))
    desk.drag((200, 100), (300, 200))
    desk.mouse.click((250, 150), 3)
    assert desk.tick() == ["1 box kept"]
    assert desk.profile.regions == ((0.0, 0.0, 1.0, 1.0),)
    desk.mouse.click((250, 150), 3)
    desk.mouse.click((250, 150), 3)
    assert desk.tick() == ["0 boxes kept"]


def test_there_are_no_more_boxes_than_a_theme_can_keep(desk: Desk) -> None:
    desk.profile.regions = ((0.0, 0.0, 0.1, 0.1),) * MAX_REGIONS
    desk.press_key()
    assert f"{MAX_REGIONS} boxes already" in desk.drag((200, 100), (300, 200))[0]
    assert len(desk.profile.regions) == MAX_REGIONS


def test_the_mouse_is_the_games_again_whatever_ends_the_mode(desk: Desk) -> None:
    for end in ("window", "panic", "off", "quiet"):
        desk.controls.is_on = True
        desk.controls.window_moved(WINDOW)
        desk.press_key()
        assert desk.mouse.state is InputState.ACTIVE, end
        desk.drag((200, 100), (300, 200), release=False)
        if end == "window":
            desk.controls.window_moved(None)
        elif end == "quiet":
            desk.now_ns += IDLE_NS + 1
            desk.tick()
        else:
            desk.controls.hear([KeyEvent("panic" if end == "panic" else "toggle_overlay", True)])
        assert (desk.mouse.state, desk.boxes.is_open) == (InputState.OFF, False), end
        assert desk.profile.regions == ()
    assert desk.controls.hear([PRESS]) != []  # off no more
    desk.boxes.close()
    assert desk.mouse.closed


def test_it_does_not_begin_where_boxes_could_not_be_seen(desk: Desk) -> None:
    desk.controls.is_on = False
    assert desk.press_key() == [NOT_SEEN]
    desk.controls.is_on = True
    desk.controls.window_moved(None)
    assert desk.press_key() == [NOT_SEEN]
    assert desk.mouse.state is InputState.OFF


def test_a_painting_that_is_late_for_a_moment_ends_no_drag_and_one_that_stays_away_ends_the_mode(desk: Desk) -> None:
    desk.press_key()
    desk.controls.skin_shown(False, desk.now_ns + Controls.UNSEEN_NS // 2)
    assert desk.mouse.state is InputState.ACTIVE
    desk.controls.skin_shown(False, desk.now_ns + Controls.UNSEEN_NS)
    assert (desk.mouse.state, desk.boxes.is_open) == (InputState.OFF, False)
    assert desk.press_key() == [NOT_SEEN]


def test_in_the_loop_the_mouse_is_not_taken_before_the_first_painting_and_a_hung_engine_gives_it_back(
    desk: Desk,
) -> None:
    bench, states = Bench(), []
    bench.options["box_mode"] = desk.boxes

    def play(grabs: int) -> None:
        states.append(desk.mouse.state)
        if grabs in (0, 50):
            bench.keys.tap("keep_box")
        elif grabs == 60:
            bench.engine.cost_ms = 1e6

    bench.game.before_grab = play
    bench.run(120)
    assert set(states[:50]) == {InputState.OFF}
    assert states[60] is InputState.ACTIVE
    assert states[-1] is InputState.OFF


def test_another_window_of_the_game_has_its_own_boxes_and_what_was_being_written_goes_where_it_belongs(
    desk: Desk,
) -> None:
    desk.press_key()
    desk.drag((200, 100), (300, 200))
    menu = desk.profile
    level = menu.of_next("Level 1")
    desk.boxes.turn_to(level)
    assert level.regions == menu.regions  # no profile fits, so what is on the screen stays there
    desk.loader.work()
    desk.drag((400, 300), (500, 330))
    desk.loader.work()
    assert len(level.regions) == 2
    assert GameProfile.of("Level 1").regions == level.regions
    assert GameProfile.of("Tux Racer").regions == menu.regions == level.regions[:1]


def test_a_game_that_holds_the_mouse_keeps_it_and_the_player_is_told(desk: Desk) -> None:
    desk.mouse.refuses = True
    assert desk.controls.hear([PRESS]) == [HELP]
    assert desk.tick() == [REFUSED]
    assert (desk.mouse.state, desk.boxes.is_open) == (InputState.OFF, False)


def test_a_window_that_moves_ends_the_drag_and_not_the_mode(desk: Desk) -> None:
    desk.press_key()
    desk.drag((200, 100), (300, 200), release=False)
    desk.controls.window_moved(Region(0, 0, 640, 360))
    assert desk.drag((400, 300), (500, 330)) == ["1 box kept"]
    assert desk.profile.regions == ((0.625, 0.8333, 0.1562, 0.0833),)


def test_boxes_are_seen_while_they_are_dragged_and_leave_the_frame_as_it_was(desk: Desk) -> None:
    desk.press_key()
    desk.drag((200, 100), (300, 200))
    desk.drag((400, 200), (450, 240), release=False)
    frame = np.full((360, 640, 4), 77, np.uint8)
    with Panels(marks=desk.boxes.marks).over(frame, 0):
        assert tuple(frame[50, 150, :3]) == MARK_BGR
        assert tuple(frame[150, 320, :3]) == NEW_MARK_BGR
        assert (frame[60, 120] == 77).all()  # within a box nothing is covered
    assert (frame == 77).all()
    desk.press_key()
    with Panels(marks=desk.boxes.marks).over(frame, 0):
        assert (frame == 77).all()


def test_a_profile_that_is_there_keeps_its_words(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('# my game\ntitle = ["A*", "B"]  # both\nstrength = 0.5\n\n[keep]  # the bars\nregions = []\n')
    save_regions(path, "A 1", ((0.0, 0.5, 0.25, 0.5), (0.5, 0.5, 0.5, 0.5)))
    text = path.read_text()
    assert all(part in text for part in ("# my game", "# both", "# the bars"))
    assert load_profile(path).keep.regions == ((0.0, 0.5, 0.25, 0.5), (0.5, 0.5, 0.5, 0.5))
    save_regions(path, "A 1", ())
    assert load_profile(path).keep.regions == ()
    path.write_text("title = 3\n")
    with pytest.raises(ProfileError, match="reskin profile check"):
        save_regions(path, "A 1", ())
    assert path.read_text() == "title = 3\n"


@pytest.mark.parametrize("depth", [17, 99, 5_000])
def test_boxes_are_not_written_into_a_profile_of_brackets_in_brackets(depth: int, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = f'title = "A*"\nx = {"[" * depth}{"]" * depth}\n'
    path.write_text(text)
    with pytest.raises(ProfileError, match=r"(?s)saving the boxes into .*line 2"):
        save_regions(path, "A 1", ())
    assert path.read_text() == text


def test_a_profile_as_powershell_writes_it_takes_boxes(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes('# mein Spiel: größer\r\ntitle = "A*"\r\n'.encode("utf-16"))
    save_regions(path, "A 1", ((0.0, 0.5, 0.25, 0.5),))
    assert load_profile(path).keep.regions == ((0.0, 0.5, 0.25, 0.5),)
    assert "größer" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "title", ["plain", "level [1/3] *new* really?", "日本のゲーム", "x" * 300, "a\tb\n", "[", "..."]
)
def test_every_window_finds_the_profile_that_was_made_for_it(
    title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    assert Profile(title=glob_of(title)).fits(title)
    first, second = (save_regions(None, title, ((0.0, 0.0, 0.5, 0.5),)) for _ in range(2))
    assert first.parent == second.parent == tmp_path / "profiles"
    assert first != second
    assert GameProfile.of(title).regions == ((0.0, 0.0, 0.5, 0.5),)


def test_what_cannot_be_written_is_told_and_stays_for_this_run(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "profiles").write_text("a file where the folder should be")
    desk.press_key()
    desk.drag((200, 100), (300, 200))
    desk.loader.work()
    (note,) = desk.tick()
    assert note.startswith("saving")
    assert len(desk.profile.regions) == 1
    nameless = Desk(GameProfile())
    nameless.press_key()
    assert nameless.drag((200, 100), (300, 200))[0].startswith("1 box kept until the end")
    assert nameless.loader.waiting == []


def test_without_a_mouse_to_take_the_key_says_so() -> None:
    assert "no box mode" in Controls(two_themes()).hear([PRESS])[0]
