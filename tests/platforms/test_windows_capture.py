"""The Windows captures over the fake system: one test for each trap of dxcam, windows-capture and the desktop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from reskin.errors import CaptureError
from reskin.frame import Frame, Region
from reskin.platforms.base import Capture, CaptureState
from reskin.platforms.windows import duplication, game_window
from reskin.platforms.windows.duplication import DuplicationCapture
from reskin.platforms.windows.fake.toolkit import FakeSystem
from reskin.platforms.windows.game_window import GameWindow
from reskin.platforms.windows.overlay import WindowsOverlay
from reskin.platforms.windows.window_capture import WindowCapture
from tests.platforms.looking import eventually, plain_frame

Open = Callable[..., tuple[FakeSystem, Capture]]
MS = 1_000_000


def _screen(here: FakeSystem) -> DuplicationCapture:
    return DuplicationCapture(GameWindow(here.system.desktop, here.game.handle), here.system.dxcam)


def _window(here: FakeSystem) -> WindowCapture:
    return WindowCapture(GameWindow(here.system.desktop, here.game.handle), here.system.windows_capture)


@pytest.fixture
def opened() -> Iterator[Callable[[Capture], Capture]]:
    captures: list[Capture] = []

    def keep(capture: Capture) -> Capture:
        captures.append(capture)
        return capture

    yield keep
    for capture in captures:
        capture.close()


@pytest.fixture(params=[_screen, _window], ids=["screen", "window"])
def either(request: pytest.FixtureRequest, opened: Callable[[Capture], Capture]) -> Open:
    def make(**how: object) -> tuple[FakeSystem, Capture]:
        here = FakeSystem(**how)  # type: ignore[arg-type]
        return here, opened(request.param(here))

    return make


def _shows(capture: Capture, wanted: np.ndarray) -> bool:
    frame = capture.grab()
    return frame is not None and frame.bgra_u8.shape == wanted.shape and bool((frame.bgra_u8 == wanted).all())


def test_the_inside_of_the_window_is_grabbed_without_its_title_bar(either: Open) -> None:
    here, capture = either()
    picture = here.play(7)
    eventually(lambda: _shows(capture, picture))
    assert capture.locate() == here.game.client


def test_a_still_screen_gives_its_picture_again_and_never_blocks(either: Open) -> None:
    here, capture = either()
    picture = here.play(3)
    eventually(lambda: _shows(capture, picture))
    ages_ns = []
    done = threading.Event()

    def grab_often() -> None:
        for _ in range(20):
            frame = capture.grab()
            assert frame is not None
            ages_ns.append(time.monotonic_ns() - frame.captured_ns)
        done.set()

    threading.Thread(target=grab_often, daemon=True).start()
    assert done.wait(5), "grab waits for the screen to change"
    assert min(ages_ns) < 100 * MS  # the picture is as true now as it was: it must not look old


def test_the_callers_picture_is_not_overwritten_before_its_next_grab(either: Open) -> None:
    """windows-capture's buffer ends with the callback, dxcam's with the next grab."""
    here, capture = either()
    picture = here.play(1)
    eventually(lambda: _shows(capture, picture))
    frame = capture.grab()
    assert frame is not None
    here.play(2)
    time.sleep(0.02)
    assert (frame.bgra_u8 == picture).all()


def test_a_picture_that_is_shown_again_is_not_overwritten_by_the_late_one(
    opened: Callable[[Capture], Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = FakeSystem()
    capture = opened(_screen(here))
    picture = here.play(1)
    eventually(lambda: _shows(capture, picture))
    monkeypatch.setattr(duplication, "ANSWER_LIMIT_S", 0)
    here.play(2)
    frame = capture.grab()  # the old one again: the new one is being grabbed
    time.sleep(0.05)
    assert frame is not None
    assert (frame.bgra_u8 == picture).all()


def test_a_moved_window_is_found_again_though_nothing_else_changes(either: Open) -> None:
    here, capture = either()
    picture = here.play(1)
    eventually(lambda: _shows(capture, picture))
    here.desktop.move(here.game, Region(900, 500, 640, 360))
    eventually(lambda: _shows(capture, picture))
    assert capture.locate() == Region(900, 500, 640, 360)


def test_dxcam_tells_a_still_screen_from_one_that_it_has_not_seen_yet(opened: Callable[[Capture], Capture]) -> None:
    """It gives None for both. The window moved, was grabbed at its old place, and nothing has changed since."""
    here = FakeSystem()
    capture = opened(_screen(here))
    picture = here.play(1)
    eventually(lambda: _shows(capture, picture))
    began_s = time.monotonic()
    while time.monotonic() - began_s < 0.4:
        assert _shows(capture, picture)
    assert len(here.dxcam.created) == 1  # no camera was made anew for a screen that stands still
    here.game.client = Region(900, 500, 640, 360)
    eventually(lambda: _shows(capture, picture))


def test_a_resized_window_is_grabbed_at_its_new_size(either: Open) -> None:
    here, capture = either()
    here.desktop.move(here.game, Region(30, 40, 800, 450), np.zeros((450, 800, 4), np.uint8))
    picture = here.play(9)
    eventually(lambda: _shows(capture, picture))


def test_half_off_the_screen_dxcam_grabs_the_part_that_is_there(opened: Callable[[Capture], Capture]) -> None:
    """It raises for a region that leaves the screen."""
    here = FakeSystem(client=Region(-200, 900, 640, 360))
    capture = opened(_screen(here))
    picture = here.play(4)
    eventually(lambda: _shows(capture, picture[:180, 200:]))
    assert capture.locate() == Region(0, 900, 440, 180)


def test_wholly_off_the_screen_is_paused(opened: Callable[[Capture], Capture]) -> None:
    here = FakeSystem()
    capture = opened(_screen(here))
    here.desktop.move(here.game, Region(5000, 5000, 640, 360))
    assert capture.grab() is None
    assert capture.state is CaptureState.PAUSED


def test_on_another_monitor_its_own_camera_is_used(opened: Callable[[Capture], Capture]) -> None:
    here = FakeSystem(screens=(Region(0, 0, 1920, 1080), Region(-1280, 100, 1280, 720)))
    capture = opened(_screen(here))
    here.desktop.move(here.game, Region(-1000, 200, 640, 360))
    picture = here.play(5)
    eventually(lambda: _shows(capture, picture))
    assert here.dxcam.created[-1] == (1, 0)


def test_lost_access_does_not_hold_up_the_loop_and_comes_back(opened: Callable[[Capture], Capture]) -> None:
    here = FakeSystem()
    capture = opened(_screen(here))
    here.play(1)
    eventually(lambda: capture.grab())
    here.dxcam.access.clear()
    here.play(2)
    started_s = time.monotonic()
    eventually(lambda: capture.grab() is None)  # a picture that is too old is not shown for a new one
    grabs = [capture.grab() for _ in range(3)]
    assert time.monotonic() - started_s < 3
    assert grabs == [None] * 3
    assert capture.state is CaptureState.ACTIVE
    here.dxcam.access.set()
    picture = here.play(3)
    eventually(lambda: _shows(capture, picture))


def test_dxcam_is_made_outside_of_the_main_thread_so_that_sigterm_stays_ours(
    opened: Callable[[Capture], Capture],
) -> None:
    here = FakeSystem()
    opened(_screen(here))
    assert here.dxcam.created
    assert not here.dxcam.sigterm_taken


def test_a_failing_dxcam_gets_a_new_camera_and_in_the_end_an_error(opened: Callable[[Capture], Capture]) -> None:
    here = FakeSystem()
    capture = opened(_screen(here))
    here.dxcam.failure = OSError("device removed")
    here.play(1)
    for _ in range(3):
        capture.grab()
    here.dxcam.failure = None
    picture = here.play(2)
    eventually(lambda: _shows(capture, picture))
    assert len(here.dxcam.created) > 1
    here.dxcam.failure = OSError("device removed")
    with pytest.raises(CaptureError, match=r"dxcam failed 24 times in a row \(device removed\)"):
        eventually(lambda: capture.grab() and False)


def test_behind_another_window_the_screen_is_not_grabbed(opened: Callable[[Capture], Capture]) -> None:
    """What lies over the game is the player's own business."""
    here = FakeSystem()
    capture = opened(_screen(here))
    eventually(lambda: capture.grab())
    mail = here.desktop.add("Mail", Region(50, 50, 900, 700))
    here.desktop.activate(mail)
    assert capture.grab() is None
    assert capture.state is CaptureState.PAUSED
    here.desktop.activate(here.game)
    picture = here.play(6)
    eventually(lambda: _shows(capture, picture))


def test_a_covered_window_is_grabbed_by_itself(opened: Callable[[Capture], Capture]) -> None:
    here = FakeSystem()
    capture = opened(_window(here))
    here.desktop.activate(here.desktop.add("Mail", Region(50, 50, 900, 700)))
    picture = here.play(6)
    eventually(lambda: _shows(capture, picture))


def test_minimised_is_paused_and_comes_back(either: Open) -> None:
    here, capture = either()
    here.game.is_minimised = True
    assert capture.grab() is None
    assert capture.state is CaptureState.PAUSED
    here.game.is_minimised = False
    picture = here.play(8)
    eventually(lambda: _shows(capture, picture))


def test_on_another_virtual_desktop_it_is_paused(either: Open) -> None:
    here, capture = either()
    here.game.is_cloaked = True
    assert capture.grab() is None
    assert capture.state is CaptureState.PAUSED


def test_a_closed_window_is_lost(either: Open) -> None:
    here, capture = either()
    here.desktop.remove(here.game)
    assert capture.grab() is None
    assert capture.state is CaptureState.LOST


@pytest.mark.parametrize(
    ("build", "cursor", "border", "interval"),
    [(18362, None, None, None), (19041, False, None, None), (22000, False, False, None), (26100, False, False, 1)],
)
def test_only_options_that_this_windows_has_are_asked_for(
    opened: Callable[[Capture], Capture], build: int, cursor: bool | None, border: bool | None, interval: int | None
) -> None:
    here = FakeSystem(build)
    capture = opened(_window(here))
    eventually(lambda: capture.grab())
    assert len(here.windows_capture.sessions) == 1
    (options,) = here.windows_capture.sessions
    assert (options["draw_border"], options["minimum_update_interval"]) == (border, interval)
    assert options["cursor_capture"] is cursor


def test_options_that_are_refused_all_the_same_are_left_out(opened: Callable[[Capture], Capture]) -> None:
    here = FakeSystem(26100)
    here.windows_capture.lacking = {"cursor_capture", "draw_border", "minimum_update_interval"}
    capture = opened(_window(here))
    eventually(lambda: capture.grab())
    assert here.windows_capture.sessions[-1]["minimum_update_interval"] is None


def test_a_session_that_ends_is_begun_again(opened: Callable[[Capture], Capture]) -> None:
    here = FakeSystem()
    capture = opened(_window(here))
    eventually(lambda: capture.grab())
    capture._control.stop()  # type: ignore[attr-defined]
    picture = here.play(2)
    eventually(lambda: _shows(capture, picture))
    assert len(here.windows_capture.sessions) == 2


def test_a_scaled_screen_is_read_in_true_pixels(either: Open) -> None:
    here, capture = either(scale=1.5)
    picture = here.play(1)
    eventually(lambda: _shows(capture, picture))
    assert capture.locate() == here.game.client


def test_exclusive_fullscreen_is_answered_with_what_to_click(either: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(game_window, "SILENCE_LIMIT_NS", 50 * MS)
    here, capture = either()
    eventually(lambda: capture.grab())
    here.dxcam.access.clear()
    here.desktop.exclusive = True
    if isinstance(capture, WindowCapture):
        capture._frames = type(capture._frames)()  # nothing new has come since it took the screen
    with pytest.raises(CaptureError, match=r'exclusive fullscreen.*choose "Borderless"'):
        eventually(lambda: capture.grab() and False)
    here.dxcam.access.set()


def test_the_overlay_is_not_in_what_dxcam_grabs(opened: Callable[[Capture], Capture]) -> None:
    here = FakeSystem()
    overlay = WindowsOverlay(here.system.desktop, here.system.pygame, game=lambda: here.game.handle, excluded=True)
    capture = opened(_screen(here))
    for number in range(3):
        picture = here.play(number)
        region = capture.locate()
        assert region is not None
        overlay.show(plain_frame((640, 360), (0, 0, 255)), region)
        assert (here.desktop.seen(region)[..., 2] == 255).all()  # the player sees the overlay
        eventually(lambda picture=picture: _shows(capture, picture))
        overlay.hide()  # and Windows forgets that it is left out of captures
    overlay.close()


def test_frames_are_whole_copies_in_order(either: Open) -> None:
    here, capture = either()
    frames: list[Frame] = []
    for number in range(5):
        picture = here.play(number)
        eventually(lambda picture=picture: _shows(capture, picture))
        frame = capture.grab()
        assert frame is not None
        frames.append(frame)
    assert [frame.captured_ns for frame in frames] == sorted(frame.captured_ns for frame in frames)
