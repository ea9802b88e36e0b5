"""The launcher's live pictures, made in threads of their own: the windows' thumbnails, and the looks on one of them.

The loop starts `WindowPreviews` and gives `LookPreviews.use` a frame, then reads their `windows`, `frames` and
`pictures`; nothing here waits for it. Each picture is (h, w, 3) RGB of a thumbnail's size.
"""

from __future__ import annotations

import os
import pkgutil
import threading
from collections.abc import Callable, Mapping

import cv2
import numpy as np

from reskin import platforms
from reskin.errors import ReskinError
from reskin.platforms.base import Capture, CaptureState
from reskin.platforms.window_info import WindowInfo
from reskin.renderer import Renderer, View
from reskin.themes import Theme

THUMBNAIL_PX = (176, 99)  # (w, h)
REFRESH_EVERY_S = 1.0
MOST_WINDOWS = 12  # with live pictures; each keeps a capture open
_RENDER_W_PX = 384  # the width at which looks are tried; the thumbnail is smaller


class WindowPreviews:
    """Lists the windows once a second and takes a picture of each."""

    def __init__(
        self, list_windows: Callable[[], list[WindowInfo]] = platforms.list_windows,
        open_window: Callable[[str], Capture] = platforms.open_window,
    ) -> None:  # fmt: skip
        self.windows: list[WindowInfo] = []
        self.frames: dict[int, np.ndarray] = {}  # window id to its last frame, (h, w, 4), of full size
        self.pictures: dict[int, np.ndarray] = {}
        self.error = ""
        self._list_windows, self._open_window = list_windows, open_window
        self._captures: dict[int, Capture] = {}
        self._refused: dict[int, str] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reskin-thumbnails", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def reason(self, window: WindowInfo) -> str:
        """Why a window cannot be reskinned; empty when it can."""
        if window.obstacle:
            return window.obstacle
        return "it is minimised" if window.minimised else self._refused.get(window.id, "")

    def close(self) -> None:
        self._end.set()
        self._thread.join(5)

    def _run(self) -> None:
        try:
            while not self._end.is_set():
                self.refresh()
                self._end.wait(REFRESH_EVERY_S)
        finally:
            for capture in self._captures.values():
                capture.close()

    def refresh(self) -> None:
        """One round: the list, and a picture of each window that gives one."""
        try:
            found = [window for window in self._list_windows() if window.pid != os.getpid()]
        except ReskinError as error:
            self.error = str(error)
            return
        self.error = ""
        self.windows = sorted(found, key=lambda window: window.title.lower())
        gone = set(self._captures) - {window.id for window in found}
        for number in gone:
            self._captures.pop(number).close()
        for window in self.windows[:MOST_WINDOWS]:
            if not (window.obstacle or window.minimised):
                self._picture(window)

    def _picture(self, window: WindowInfo) -> None:
        try:
            if window.id not in self._captures:
                self._captures[window.id] = self._open_window(str(window.id))
            frame = self._captures[window.id].grab()
        except ReskinError as error:
            self._refused[window.id] = str(error).splitlines()[0]
            return
        self._refused.pop(window.id, None)
        if frame is not None:
            self.frames[window.id] = frame.bgra_u8.copy()
            self.pictures[window.id] = thumbnail(frame.bgra_u8)
        elif self._captures[window.id].state is CaptureState.LOST:
            self._captures.pop(window.id).close()


class LookPreviews:
    """Every theme on the frame that was given last. `engine` is "module:function" of a renderer, made when needed."""

    def __init__(self, themes: Mapping[str, Theme], engine: str) -> None:
        self.pictures: dict[str, np.ndarray] = {}
        self.error = ""
        self._themes = dict(themes)
        self._engine = engine
        self._order: np.ndarray | None = None
        self._wake = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="reskin-looks", daemon=True)
        self._thread.start()

    def use(self, bgra_u8: np.ndarray) -> None:
        """Try all looks on this frame; what was being made of another one is left."""
        with self._wake:
            self._order = bgra_u8
            self._wake.notify()

    def close(self) -> None:
        with self._wake:
            self._ended = True
            self._wake.notify()
        self._thread.join(30)  # one look at most; the first loads the engine

    def _run(self) -> None:
        renderer: Renderer | None = None
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._ended or self._order is not None)
                if self._ended:
                    return
                frame, self._order = self._order, None
            assert frame is not None
            try:
                if renderer is None:
                    renderer = pkgutil.resolve_name(self._engine)("lite")
                assert renderer is not None
                self._paint_all(renderer, frame)
            except Exception as error:  # noqa: BLE001  the launcher works without pictures of looks
                self.error = f"looks cannot be shown here: {error}"

    def _paint_all(self, renderer: Renderer, frame: np.ndarray) -> None:
        h, w = frame.shape[:2]
        size_px = (_RENDER_W_PX, max(16, round(h * _RENDER_W_PX / w)))
        game = np.ascontiguousarray(cv2.resize(frame, size_px, interpolation=cv2.INTER_AREA))
        out = np.empty_like(game)
        for name, theme in self._themes.items():
            if self._ended or self._order is not None:
                return
            renderer.reset()
            renderer.render(game, theme, View.THEME, 0, out)
            self.pictures[name] = thumbnail(out)


def thumbnail(bgra_u8: np.ndarray) -> np.ndarray:
    """(h, w, 3) RGB, the whole picture within the thumbnail's size, bars where it is of another shape."""
    w, h = THUMBNAIL_PX
    rows, columns = bgra_u8.shape[:2]
    shrink = min(w / columns, h / rows)
    small = cv2.resize(
        bgra_u8, (max(1, round(columns * shrink)), max(1, round(rows * shrink))), interpolation=cv2.INTER_AREA
    )
    picture = np.zeros((h, w, 3), np.uint8)
    top, left = (h - small.shape[0]) // 2, (w - small.shape[1]) // 2
    picture[top : top + small.shape[0], left : left + small.shape[1]] = small[..., 2::-1]
    return picture
