"""Capturing a rectangle of the screen: its true pixels, cut where the screen ends."""

from __future__ import annotations

import pytest

from reskin import platforms
from reskin.errors import CaptureError
from reskin.frame import Region
from reskin.platforms import region_capture
from reskin.platforms.base import CaptureState
from reskin.platforms.region_capture import RegionCapture
from tests.conftest import SCREEN_PX
from tests.games import QUADRANTS_BGR, Game
from tests.platforms.looking import settled_frame


def test_a_region_over_the_game_reads_its_true_pixels(game: Game) -> None:
    capture = RegionCapture(game.window.region)
    frame = settled_frame(capture, (640, 360))
    capture.close()
    assert tuple(frame.bgra_u8[-1, -1, :3]) == QUADRANTS_BGR[3]


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        (Region(-50, -40, 200, 100), Region(0, 0, 150, 60)),
        (Region(1200, 700, 200, 100), Region(1200, 700, 80, 20)),
        (Region(-10, -10, 5000, 5000), Region(0, 0, *SCREEN_PX)),
    ],
)
def test_a_region_is_cut_at_the_screens_edges(display: str, wanted: Region, part: Region) -> None:
    capture = RegionCapture(wanted)
    frame = capture.grab()
    assert capture.locate() == part
    assert frame is not None
    assert frame.bgra_u8.shape == (part.h, part.w, 4)
    capture.close()


def test_a_region_wholly_off_the_screen_is_paused(display: str) -> None:
    capture = RegionCapture(Region(2000, 0, 100, 100))
    assert [capture.locate() for _ in range(30)] == [None] * 30
    assert capture.state is CaptureState.PAUSED
    capture.close()


def test_a_region_is_back_when_its_screen_is(display: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a monitor that was off. The loop asks only where it is while there is nothing to grab."""
    wanted = Region(0, 0, 100, 100)
    with monkeypatch.context() as off:
        off.setattr(region_capture, "part_on", lambda *_: None)
        capture = RegionCapture(wanted)
    assert capture.state is CaptureState.PAUSED
    assert wanted in [capture.locate() for _ in range(30)]
    capture.close()


def test_an_empty_region_is_refused(display: str) -> None:
    with pytest.raises(CaptureError, match="got 0x100 pixels"):
        RegionCapture(Region(0, 0, 0, 100))


def test_on_x11_a_region_is_refused_at_once_for_reskin_would_film_itself(display: str) -> None:
    with pytest.raises(CaptureError, match=r"X11 cannot leave the overlay out.*`reskin windows`"):
        platforms.open_region(Region(0, 0, 64, 64))
