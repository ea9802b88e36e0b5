"""A clock that jumps, a game that is a counter, an overlay that remembers: what the loop's tests play with."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from reskin.frame import Frame, Region
from reskin.platforms.base import CaptureState
from reskin.theme_store import ThemeStore
from reskin.themes import Theme


class JumpingClock:
    """Time passes only by sleeping, and by a microsecond with each look, so that no loop waits for ever."""

    def __init__(self, start_ns: int = 1_000_000_000) -> None:
        self.time_ns = start_ns

    def now_ns(self) -> int:
        self.time_ns += 1_000
        return self.time_ns

    def sleep_until(self, deadline_ns: int) -> None:
        self.time_ns = max(self.time_ns, deadline_ns)


@dataclass
class CountingGame:
    """A capture whose every picture is filled with its index modulo 200."""

    clock: Callable[[], int] = time.monotonic_ns
    region: Region = field(default=Region(10, 20, 64, 48))
    state: CaptureState = CaptureState.ACTIVE
    name: str = "counting game"
    grabs: int = 0
    before_grab: Callable[[int], None] = lambda grabs: None
    _pixels: np.ndarray = field(default_factory=lambda: np.empty((0, 0, 4), np.uint8))

    def locate(self) -> Region | None:
        self.before_grab(self.grabs)
        return self.region if self.state is CaptureState.ACTIVE else None

    def grab(self) -> Frame | None:
        if self.state is not CaptureState.ACTIVE:
            return None
        self.grabs += 1
        if self._pixels.shape[:2] != (self.region.h, self.region.w):
            self._pixels = np.empty((self.region.h, self.region.w, 4), np.uint8)
        self._pixels[:] = self.grabs % 200
        return Frame(index=self.grabs, captured_ns=self.clock(), bgra_u8=self._pixels)

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Shown:
    time_ns: int
    index: int
    size: tuple[int, int]
    region: Region
    pixel: tuple[int, ...]  # of the upper left corner


class RememberingOverlay:
    """Remembers what was shown and hidden, newest last; `is_untouched` is what a player would say."""

    name = "remembering overlay"

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns, keep: int = 10_000) -> None:
        self.shown: list[Shown] = []
        self.hidden_ns: list[int] = []
        self.is_visible = False
        self._clock = clock
        self._keep = keep

    def show(self, frame: Frame, region: Region) -> None:
        h, w = frame.bgra_u8.shape[:2]
        assert (h, w) == (region.h, region.w), "a picture of another size than its place"
        pixel = tuple(int(value) for value in frame.bgra_u8[0, 0])
        self.shown.append(Shown(self._clock(), frame.index, (h, w), region, pixel))
        self.is_visible = True
        if len(self.shown) > self._keep:
            del self.shown[: self._keep // 2]

    def hide(self) -> None:
        self.hidden_ns.append(self._clock())
        self.is_visible = False

    def rest(self) -> None:
        pass

    def close(self) -> None:
        pass


def theme(name: str, sky: str, strength: float = 1.0) -> Theme:
    return Theme.model_validate({"name": name, "strength": strength, "material": {"sky": {"colors": [sky]}}})


def two_themes() -> ThemeStore:
    return ThemeStore([theme("Red", "#ff0000"), theme("Blue", "#0000ff")])
