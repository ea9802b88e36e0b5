"""One contract for each protocol of reskin.platforms.base, held by every implementation, real or fake."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from reskin.frame import Frame, Region
from reskin.platforms.base import Capture, CaptureState, Hotkeys, KeyEvent, Overlay, Sink
from reskin.platforms.fake import FakeCapture, FakeHotkeys, FakeOverlay, FakeSink
from reskin.platforms.placing import fill, part_on
from reskin.platforms.windows import parts
from reskin.platforms.windows.fake.toolkit import FakeSystem
from reskin.platforms.windows.hotkeys import WindowsHotkeys
from reskin.platforms.windows.overlay import WindowsOverlay
from reskin.video import VideoWriter
from reskin.video_capture import VideoCapture
from tests.conftest import SCREEN_PX
from tests.games import xdotool
from tests.platforms.looking import eventually, plain_frame, screen_pixels

SIZE_PX = (640, 360)
F8 = 0x77  # as Windows numbers keys


@pytest.fixture(
    params=["x11 window", "screen region", "video", "fake", "windows window", "windows screen", "windows region"]
)
def capture(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Capture]:
    made = _make_capture(request, tmp_path)
    yield made
    made.close()


def _make_capture(request: pytest.FixtureRequest, tmp_path: Path) -> Capture:
    if request.param == "x11 window":
        from reskin.platforms.x11.capture import X11WindowCapture

        return X11WindowCapture(request.getfixturevalue("lasting_game").window.id)
    if request.param == "screen region":
        from reskin.platforms.region_capture import RegionCapture

        request.getfixturevalue("display")
        return RegionCapture(Region(10, 20, *SIZE_PX))
    if request.param.startswith("windows"):
        monkeypatch = request.getfixturevalue("monkeypatch")
        monkeypatch.setenv(parts.BACKEND_VARIABLE, request.param.removeprefix("windows "))
        monkeypatch.setattr(parts, "_system", [FakeSystem().system])
        return parts.open_window("Fake Game")
    if request.param == "video":
        with VideoWriter(tmp_path / "clip.mp4", SIZE_PX, 24) as writer:
            for index in range(48):
                writer.write(Frame(index, index * 41_666_667, plain_frame(SIZE_PX, (index, 100, 200)).bgra_u8))
        return VideoCapture(tmp_path / "clip.mp4")
    return FakeCapture(SIZE_PX)


def test_a_capture_gives_whole_frames_that_lie_where_it_says(capture: Capture) -> None:
    frame, region = capture.grab(), capture.locate()
    assert capture.name
    assert capture.state is CaptureState.ACTIVE
    assert frame is not None
    assert region is not None
    assert frame.bgra_u8.shape == (region.h, region.w, 4) == (SIZE_PX[1], SIZE_PX[0], 4)
    assert frame.bgra_u8.dtype == np.uint8
    assert frame.bgra_u8.flags.c_contiguous


def test_a_capture_numbers_its_frames_and_never_goes_back_in_time(capture: Capture) -> None:
    before_ns = time.monotonic_ns()
    frames = [capture.grab() for _ in range(5)]
    after_ns = time.monotonic_ns()
    assert [frame.index for frame in frames if frame] == [0, 1, 2, 3, 4]
    times = [frame.captured_ns for frame in frames if frame]
    assert times == sorted(times)
    assert before_ns - 100_000_000 <= times[0] <= times[-1] <= after_ns


def test_a_closed_capture_is_lost_and_closing_again_is_fine(capture: Capture) -> None:
    capture.grab()
    capture.close()
    capture.close()
    assert capture.state is CaptureState.LOST
    assert capture.grab() is None
    assert capture.locate() is None


Seen = Callable[[Region], np.ndarray]  # (h, w, 3) of what a player sees there, all of it on the screen
OVERLAYS = ["x11 overlay", "fake overlay", "windows overlay", "windows overlay, excluded"]


@pytest.fixture(params=[*OVERLAYS, "fake sink"])
def sink_and_screen(request: pytest.FixtureRequest) -> Iterator[tuple[Sink, Seen, Region]]:
    """A sink, what is seen of it, and the screen."""
    made: Sink
    seen: Seen
    screen = Region(0, 0, *SCREEN_PX)
    if request.param == "x11 overlay":
        from reskin.platforms.x11.overlay import X11Overlay

        request.getfixturevalue("display")
        made, seen = X11Overlay(), screen_pixels
    elif request.param.startswith("windows"):
        here = FakeSystem()
        made = WindowsOverlay(
            here.system.desktop, here.system.pygame, game=lambda: here.game.handle, excluded="excluded" in request.param
        )
        seen, screen = lambda area: here.desktop.seen(area)[..., :3], here.desktop.monitors[0].region
    else:
        fake = FakeOverlay() if request.param == "fake overlay" else FakeSink()
        made, seen = fake, partial(_seen_of_fake, fake)
    yield made, seen, screen
    made.close()


def _seen_of_fake(fake: FakeSink, area: Region) -> np.ndarray:
    """The last frame where it was to be shown, over a game of one colour."""
    around = np.full((area.h, area.w, 3), 77, np.uint8)
    if fake.last is None or fake.region is None or getattr(fake, "hidden", False):
        return around
    part = part_on(fake.region, area)
    if part is not None:
        whole = np.empty((fake.region.h, fake.region.w, 4), np.uint8)
        fill(whole, fake.last.bgra_u8)
        y, x = part.y - fake.region.y, part.x - fake.region.x
        top, left = part.y - area.y, part.x - area.x
        around[top : top + part.h, left : left + part.w] = whole[y : y + part.h, x : x + part.w, :3]
    return around


@pytest.mark.parametrize(
    "region",
    [
        Region(100, 100, 320, 180), Region(-160, -90, 320, 180), Region(5000, 5000, 320, 180), Region(0, 0, 1, 1),
        Region(100, 100, 333, 77), Region(-40_000, 100, 320, 180),
    ],
    ids=str,
)  # fmt: skip
def test_a_sink_shows_a_frame_wherever_the_game_lies(
    sink_and_screen: tuple[Sink, Seen, Region], region: Region
) -> None:
    sink, seen, screen = sink_and_screen
    assert sink.name
    frame = plain_frame((320, 180), (10, 20, 30))
    sink.show(frame, region)
    frame.bgra_u8[:] = 200  # the caller may overwrite it now
    part = part_on(region, screen)
    if part is not None:
        eventually(lambda: (seen(part) == (10, 20, 30)).all())
    sink.show(frame, region)
    if part is not None:
        eventually(lambda: (seen(part) == 200).all())


def test_a_sink_shows_the_picture_the_right_way_round(sink_and_screen: tuple[Sink, Seen, Region]) -> None:
    sink, seen, _ = sink_and_screen
    region, frame = Region(60, 40, 64, 48), plain_frame((64, 48), (0, 0, 0))
    frame.bgra_u8[..., :3] = np.random.default_rng(1).integers(0, 256, (48, 64, 3))
    sink.show(frame, region)
    eventually(lambda: np.array_equal(seen(region), frame.bgra_u8[..., :3]))


@pytest.mark.parametrize("sink_and_screen", OVERLAYS, indirect=True)
def test_an_overlay_can_be_hidden_and_shown_again_and_again(sink_and_screen: tuple[Overlay, Seen, Region]) -> None:
    overlay, seen, _ = sink_and_screen
    region = Region(0, 0, 64, 64)
    game = seen(region).copy()
    assert not (game == (1, 2, 3)).all()
    overlay.hide()
    for _ in range(3):
        overlay.show(plain_frame((64, 64), (1, 2, 3)), region)
        eventually(lambda: (seen(region) == (1, 2, 3)).all())
        overlay.hide()
        eventually(lambda: np.array_equal(seen(region), game))
        overlay.hide()
        overlay.rest()
        assert np.array_equal(seen(region), game)


def test_closing_a_sink_twice_is_fine(sink_and_screen: tuple[Sink, Seen, Region]) -> None:
    sink, _, _ = sink_and_screen
    sink.show(plain_frame((64, 64), (1, 2, 3)), Region(0, 0, 64, 64))
    sink.close()
    sink.close()


Hands = Callable[[bool], object]  # presses or releases the key of the action "compare"


@pytest.fixture(params=["pynput", "fake", "windows"])
def keys_and_hands(request: pytest.FixtureRequest) -> Iterator[tuple[Hotkeys, Hands]]:
    if request.param == "fake":
        fake = FakeHotkeys()
        yield fake, lambda down: (fake.press if down else fake.release)("compare")
        return
    if request.param == "windows":
        here = FakeSystem()
        windows_hotkeys = WindowsHotkeys(
            here.system.desktop, {"compare": "<f8>", "unused": ""}, here.system.fallback_hotkeys
        )
        yield windows_hotkeys, lambda down: here.desktop.press(0, F8) if down else here.desktop.release(F8)
        windows_hotkeys.close()
        return
    from reskin.platforms.pynput_hotkeys import PynputHotkeys

    request.getfixturevalue("display")
    hotkeys = PynputHotkeys({"compare": "<f8>", "unused": ""})
    time.sleep(0.3)  # the server starts recording a moment after the listener says that it is ready
    yield hotkeys, lambda down: xdotool("keydown" if down else "keyup", "F8")
    hotkeys.close()


def test_hotkeys_report_a_press_and_then_a_release(keys_and_hands: tuple[Hotkeys, Hands]) -> None:
    hotkeys, move = keys_and_hands
    assert hotkeys.name
    assert hotkeys.poll() == []
    heard: list[KeyEvent] = []
    for down in (True, False):
        move(down)
        eventually(lambda: heard.extend(hotkeys.poll()) or KeyEvent("compare", pressed=down) in heard)  # noqa: B023
    assert heard == [KeyEvent("compare", pressed=True), KeyEvent("compare", pressed=False)]
    assert hotkeys.poll() == []


def test_closing_hotkeys_twice_is_fine(keys_and_hands: tuple[Hotkeys, Hands]) -> None:
    hotkeys, _ = keys_and_hands
    hotkeys.close()
    hotkeys.close()
