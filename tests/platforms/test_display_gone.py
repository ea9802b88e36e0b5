"""The display ends while Reskin works on it: every part says so in an error, and none hangs or ends the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from reskin.errors import DisplayError
from reskin.frame import Region
from reskin.platforms.pynput_hotkeys import PynputHotkeys
from reskin.platforms.region_capture import RegionCapture
from reskin.platforms.x11.capture import X11WindowCapture
from reskin.platforms.x11.overlay import X11Overlay
from reskin.virtual_display import VirtualDisplay
from tests.games import Game
from tests.platforms.looking import eventually, plain_frame


@pytest.fixture
def doomed(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualDisplay]:
    with VirtualDisplay((640, 480)) as display:
        monkeypatch.setenv("DISPLAY", display.name)
        yield display


def test_every_part_reports_a_display_that_went_away_and_can_be_closed(doomed: VirtualDisplay) -> None:
    region = Region(0, 0, 320, 240)
    with Game("Doomed", size_px=(320, 240)) as game:
        capture, screen, overlay = X11WindowCapture(game.window.id), RegionCapture(region), X11Overlay()
        hotkeys = PynputHotkeys({"quit": "<f9>"})
        assert capture.grab() is not None
        overlay.show(plain_frame((320, 240), (1, 2, 3)), region)
        server = doomed._processes[0]
        server.kill()  # a server that ends in peace destroys the window first, and then the capture is LOST
        server.wait()
        for call in (capture.grab, capture.locate, overlay.hide, screen.grab):
            with pytest.raises(DisplayError, match=r"went away|cannot be read"):
                call()
        with pytest.raises(DisplayError, match=r"showing a frame on the overlay: the display .* went away"):
            overlay.show(plain_frame((320, 240), (1, 2, 3)), region)
        with pytest.raises(DisplayError, match="listening for hotkeys"):
            eventually(lambda: hotkeys.poll())
        for part in (capture, screen, overlay, hotkeys):
            part.close()


def test_a_virtual_display_gives_its_name_and_leaves_nothing_behind() -> None:
    before = os.environ.get("DISPLAY")
    with VirtualDisplay((320, 200)) as display:
        number = display.name.removeprefix(":")
        assert int(number) >= 0
        assert display.environment()["DISPLAY"] == display.name
        pids = [process.pid for process in display._processes]
        assert len(pids) == 2
    assert os.environ.get("DISPLAY") == before
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)
    assert not os.path.exists(f"/tmp/.X11-unix/X{number}")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_virtual_display_ends_with_its_program_however_that_ends(how: signal.Signals) -> None:
    program = (
        "import time; from reskin.virtual_display import VirtualDisplay\n"
        "with VirtualDisplay((320, 200)) as display:\n"
        "    print(*(process.pid for process in display._processes), flush=True); time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert child.stdout is not None
    pids = child.stdout.readline().split()
    assert len(pids) == 2
    child.send_signal(how)
    child.wait(10)
    child.stdout.close()
    eventually(lambda: not any(_runs(pid) for pid in pids))


def _runs(pid: str) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().split()[2] != "Z"  # ended, and only waits for init to notice
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(("program", "package"), [("Xvfb", "xvfb"), ("openbox", "openbox")])
def test_a_missing_program_is_named_with_its_debian_package(
    monkeypatch: pytest.MonkeyPatch, program: str, package: str
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None if name == program else f"/usr/bin/{name}")
    with pytest.raises(DisplayError, match=f"apt-get install {package}"):
        VirtualDisplay().__enter__()


def test_two_virtual_displays_run_beside_each_other() -> None:
    start_s = time.monotonic()
    with VirtualDisplay((320, 200)) as one, VirtualDisplay((320, 200)) as two:
        assert one.name != two.name
    assert time.monotonic() - start_s < 30
