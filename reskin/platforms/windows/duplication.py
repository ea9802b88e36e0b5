"""Grabs the screen under the game's window through dxcam (DXGI desktop duplication), cut to the window's inside.

It sees whatever lies on top there, so the overlay must be left out of captures, and a game that is not in front is
PAUSED: what covers it is nobody's business. dxcam runs in a thread of its own, asked for one picture at a time: when
access to the screen is lost (a mode change, the UAC prompt), its `grab` waits for as long as that lasts, and the loop
must not. Created there too, because in the main thread dxcam takes SIGTERM over and then ends its cameras under us.

Facts of dxcam 0.3.0 that this follows: `get_latest_frame` waits for the screen to change; `grab` gives None while it
does not; a region outside of the screen raises; one camera per screen, so another monitor means another camera;
`grab(copy=False)` is a buffer that the next grab overwrites. tools/windows_wheels.py checks the calls against a wheel.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from reskin.errors import CaptureError
from reskin.frame import Frame, Region
from reskin.platforms.base import CaptureState
from reskin.platforms.placing import part_on
from reskin.platforms.windows.desktop import Monitor
from reskin.platforms.windows.game_window import GameWindow
from reskin.remedies import install_command, pip

ANSWER_LIMIT_S = 0.02  # for one picture; a copy of 1080p takes about 2 ms
OPEN_LIMIT_S = 5.0  # dxcam sleeps for 0.1 s at each creation, and its import enumerates the GPUs
FAILURES_IN_A_ROW = 24  # one second of nothing but errors
RENEW_PAUSE_NS = 500_000_000
KEEP_NS = 200_000_000  # a picture is shown again for so long while the GPU is too busy to answer in time


_Box = tuple[int, int, int, int]  # left, top, right, bottom on one screen


class _Wish(NamedTuple):
    device: str
    box: _Box


class DuplicationCapture:
    """Capture of a window by what the screen shows there. `load` gives the module dxcam."""

    sees_overlay = True

    def __init__(self, game: GameWindow, load: Callable[[], Any]) -> None:
        self.window_id = game.window
        self.name = f'windows screen (dxcam) under "{game.title}"'
        self.title = game.title
        self._game = game
        self._state = CaptureState.PAUSED
        self._index = 0
        self._failures = 0
        self._last: _Picture | None = None
        self._camera = _CameraThread(load)
        try:
            self._camera.open(game.monitor().device)
        except CaptureError:
            self._camera.close()
            raise
        if (place := self._place()) is not None:
            answer = self._camera.ask(_wish(*place), OPEN_LIMIT_S)
            self._last = answer if isinstance(answer, tuple) else None

    @property
    def state(self) -> CaptureState:
        return self._state

    def locate(self) -> Region | None:
        """The part of the game's inside that its monitor shows."""
        place = self._place()
        return place[1] if place else None

    def _place(self) -> tuple[Monitor, Region] | None:
        if self._state is CaptureState.LOST:
            return None
        self._state, region = self._game.sample()
        if region is None:
            return None
        monitor = self._game.monitor()
        part = part_on(region, monitor.region)
        if part is None or not self._game.is_in_front():
            self._state = CaptureState.PAUSED
            return None
        return monitor, part

    def grab(self) -> Frame | None:
        """The window's newest picture, or the last again while the screen stands still; None while it cannot be had."""
        place = self._place()
        if place is None:
            return None
        wish = _wish(*place)
        answer = self._camera.ask(wish, ANSWER_LIMIT_S)
        if isinstance(answer, Exception):
            self._fail(answer)
        elif answer is not None:
            self._game.heard()
            self._failures = 0
            self._last = answer
        if self._last is None or self._last[2] != wish.box or time.monotonic_ns() - self._last[0] > KEEP_NS:
            self._game.silent()
            return None
        captured_ns, pixels, _ = self._last
        self._index += 1
        return Frame(self._index - 1, captured_ns, pixels)

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            raise CaptureError(
                f"capturing {self.name}: dxcam failed {self._failures} times in a row ({error}). Update the graphics "
                f"driver, or capture the window itself: {install_command('windows')}"
            ) from error

    def close(self) -> None:
        self._state = CaptureState.LOST
        self._camera.close()


_Picture = tuple[int, np.ndarray, _Box]
_Answer = _Picture | Exception | None


def _wish(monitor: Monitor, part: Region) -> _Wish:
    left, top = part.x - monitor.region.x, part.y - monitor.region.y
    return _Wish(monitor.device, (left, top, left + part.w, top + part.h))


class _CameraThread:
    """Owns dxcam's cameras. One wish at a time; an answer that comes too late is taken up by the next question."""

    def __init__(self, load: Callable[[], Any]) -> None:
        self._load = load
        self._wishes: queue.Queue[_Wish | str | None] = queue.Queue(2)  # one wish, and the end
        self._answers: queue.Queue[_Answer] = queue.Queue(2)
        self._waiting = False  # for an answer to a wish that was already asked
        self._module: Any = None
        self._camera: Any = None
        self._device = ""
        self._box: _Box | None = None  # of the picture that is kept
        self._renewed_ns = 0
        self._kept: list[np.ndarray] = []  # two, so that the loop's picture is not the one being written
        self._turn = 0
        self._thread = threading.Thread(target=self._serve, name="reskin-dxcam", daemon=True)
        self._thread.start()

    def open(self, device: str) -> None:
        """Load dxcam and its camera of this screen; CaptureError says why it cannot."""
        self._wishes.put(device)
        try:
            answer = self._answers.get(timeout=OPEN_LIMIT_S)
        except queue.Empty:
            answer = TimeoutError(f"no answer in {OPEN_LIMIT_S:.0f} s")
        if isinstance(answer, Exception):
            raise CaptureError(
                f"opening dxcam on the screen {device}: {type(answer).__name__}: {answer}. Reinstall it "
                f"({pip('install --no-deps --force-reinstall dxcam')}) and update the graphics driver."
            ) from answer

    def ask(self, wish: _Wish, limit_s: float) -> _Answer:
        """The picture, an error, or None when there is none in time."""
        if not self._waiting:
            self._wishes.put(wish)
            self._waiting = True
        try:
            answer = self._answers.get(timeout=limit_s)
        except queue.Empty:
            return None
        self._waiting = False
        if isinstance(answer, tuple) and answer[2] != wish.box:
            return None  # it was asked for before the window moved
        return answer

    def close(self) -> None:
        """Does not wait for a dxcam that waits for its screen; the thread ends with it."""
        with contextlib.suppress(queue.Full):
            self._wishes.put_nowait(None)
        self._thread.join(1.0)

    def _serve(self) -> None:
        while (wish := self._wishes.get()) is not None:
            try:
                if isinstance(wish, str):
                    self._use(wish)
                    self._answers.put(None)
                else:
                    self._answers.put(self._picture(wish))
            except Exception as error:  # noqa: BLE001  whatever dxcam or COM raise, the loop is told
                self._drop()  # a new camera may do better
                self._answers.put(error)
        self._drop()

    def _picture(self, wish: _Wish) -> _Answer:
        self._use(wish.device)
        seen = self._camera.grab(region=wish.box, copy=False, new_frame_only=True)
        now_ns = time.monotonic_ns()
        if seen is None and self._box == wish.box:  # nothing changed on this screen: what is kept is still true
            return now_ns, self._kept[self._turn], wish.box
        if seen is None:
            self._renew(now_ns)
            return None
        self._turn = 1 - self._turn
        if len(self._kept) != 2 or self._kept[self._turn].shape != seen.shape:
            self._kept = [np.empty(seen.shape, np.uint8) for _ in range(2)]
        np.copyto(self._kept[self._turn], seen)
        self._box = wish.box
        return now_ns, self._kept[self._turn], wish.box

    def _renew(self, now_ns: int) -> None:
        """The window moved and stands still now: only a fresh duplication tells a still screen's pixels again."""
        if now_ns >= self._renewed_ns + RENEW_PAUSE_NS:
            self._renewed_ns = now_ns
            self._drop()

    def _use(self, device: str) -> None:
        """The camera of this screen; the one before is released, since dxcam gives a living one out again as it was."""
        if self._camera is not None and self._device == device:
            return
        self._drop()
        if self._module is None:
            self._module = self._load()
        gpu, output = _find(self._module, device)
        self._camera = self._module.create(
            device_idx=gpu, output_idx=output, output_color="BGRA", backend="dxgi", processor_backend="cv2"
        )
        self._device = device

    def _drop(self) -> None:
        self._box = None
        camera, self._camera = self._camera, None
        if camera is not None:
            with contextlib.suppress(Exception):  # it may be the reason why we are here
                camera.release()


def _find(dxcam: Any, device: str) -> tuple[int, int]:
    """Which GPU and which output of it show this screen. dxcam has no public way to ask; its factory knows."""
    for gpu, outputs in enumerate(getattr(dxcam, "__factory").outputs):
        for number, output in enumerate(outputs):
            output.update_desc()
            if output.devicename == device:
                return gpu, number
    raise LookupError(f"dxcam does not know the screen {device}; if it was just plugged in, start Reskin again")
