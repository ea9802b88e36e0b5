"""The live picture beside the controls: a thread that paints the source's frames in the theme as it is being edited.

The newest text wins; pictures are handed over by a slot and never waited for. Parsing is here too, since a prompt can
take 0.3 s. A picture that stands still is painted until it has settled, then left alone. Knows nothing of pygame.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reskin.errors import ReskinError
from reskin.preview import FPS, source_frames
from reskin.renderer import Renderer, View
from reskin.slot import Slot
from reskin.themes import Theme, parse_theme

SETTLE_FRAMES = 8  # after which a picture that stands still no longer changes


@dataclass(frozen=True, kw_only=True, eq=False)
class Shot:
    """One painted frame. `theme` is that of the newest text that could be used; `error` tells why the newest cannot."""

    before: np.ndarray  # (h, w, 4) BGRA, read-only by agreement
    after: np.ndarray
    theme: Theme
    error: str


class Studio:
    """`put` texts, `take` shots; an error of the thread itself is raised by `take`. `text` is one that can be used."""

    def __init__(self, text: str, open_renderer: Callable[[], Renderer], source: Path | None = None) -> None:
        self._text = self._opening = text
        self._open_renderer = open_renderer
        self._source = source
        self._shots: Slot[Shot] = Slot()
        self._wake = threading.Event()
        self._closed = False
        self._failure: ReskinError | None = None
        self.paused = False
        self._thread = threading.Thread(target=self._run, name="reskin-studio", daemon=True)
        self._thread.start()

    def put(self, text: str) -> None:
        self._text = text
        self._wake.set()

    def take(self) -> Shot | None:
        if self._failure is not None:
            raise self._failure
        return self._shots.take()

    def close(self) -> None:
        self._closed = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            renderer = self._open_renderer()
            for shot in self._painted(renderer):
                self._shots.put(shot)
        except ReskinError as error:
            self._failure = error
        except Exception as error:  # noqa: BLE001 - a thread's own traceback would leave the window without a word
            self._failure = ReskinError(f"painting the preview: {type(error).__name__}: {error}")

    def _painted(self, renderer: Renderer) -> Iterator[Shot]:
        text, theme, error = "", parse_theme(self._opening), ""  # the newest may be no theme by now
        fresh = 0  # frames since anything changed
        frame: np.ndarray | None = None
        for moving in self._frames():
            due_s = time.monotonic() + 1 / FPS
            if moving is not None and not (self.paused and frame is not None):
                if frame is None or not np.array_equal(frame, moving):
                    fresh = 0
                frame = moving
            if self._text != text:
                text, fresh = self._text, 0
                theme, error = parsed(text, theme)
            if frame is not None and fresh <= SETTLE_FRAMES:
                fresh += 1
                out = np.empty_like(frame)
                renderer.render(frame, theme, View.THEME, 0, out)
                yield Shot(before=frame, after=out, theme=theme, error=error)
            if self._wake.wait(max(0.0, due_s - time.monotonic())):
                self._wake.clear()
            if self._closed:
                return

    def _frames(self) -> Iterator[np.ndarray | None]:
        """For ever: a clip begins again; None while paused, so that time stands still."""
        while True:
            stream, _, length = source_frames(self._source)
            for frame in stream:
                yield frame
                while self.paused and length != 1:
                    yield None


def parsed(text: str, last: Theme, source: str = "theme") -> tuple[Theme, str]:
    """The theme in a text and "", or the last theme and why the text cannot be used; never an error."""
    try:
        return parse_theme(text, source), ""
    except ReskinError as error:
        return last, str(error)
    except Exception as error:  # noqa: BLE001 - our own bug is no reason to lose what the player has edited
        return last, f"reading the theme: {type(error).__name__}: {error}"
