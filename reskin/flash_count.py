"""Counts general and red flashes on a grid of cells over the last second, by the published rules.

A transition is a change of a cell's relative luminance by 0.10 or more against its last turning point, the darker state
below 0.80 (WCAG 2.3.1, ITU-R BT.1702); for red, a change of R - G - B (linear light) by 20/320 or more where one of the
states is saturated, R / (R + G + B) >= 0.8. A flash is two opposing transitions, so three flashes are six of them.

A frame is an *event* where more than the allowed area turns, and the same cells have turned together before within the
second, either all in the same direction as now or all in the other: that is what "concurrent" means here. It tells a
strobe, or a checkerboard that swaps its fields, from a camera that turns, in which as many cells change at once but
never twice the same. Area is counted in windows of the screen:
`broadcast` has one, the whole (BT.1702, Ofcom, EA's IRIS); `strict` has WCAG's, a third of the screen in both
directions, wherever it may lie.

Idle 0.02 ms: what each cell does is compiled, and of past frames a cell is one bit. Knows nothing of pixels' positions
or of what is done about a flash. Two rows in every array: general, red; n cells, n / 64 words; w windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from reskin.flash_cells import GENERAL, RED, follow, turned

GRID = (36, 64)  # cells down and across; a row is a word of bits
LIMIT = 6  # transitions in any second: three flashes


@dataclass(frozen=True, kw_only=True)
class Profile:
    window: tuple[int, int]  # cells down and across
    stride: int  # cells from window to window
    area: float  # share of a window that may flash; below the rule's 0.25 by what sampling may miss


PROFILES = {
    "broadcast": Profile(window=GRID, stride=1, area=0.22),
    "strict": Profile(window=(GRID[0] // 3, GRID[1] // 3), stride=3, area=0.19),
}


class Light(NamedTuple):
    """What the rules look at."""

    measure: np.ndarray  # (2, n) float32: relative luminance; R - G - B, not below 0
    eligible: np.ndarray  # (2, n) bool: every cell; the saturated red ones


class Turns(NamedTuple):
    """What a picture does to the cells; `events` and `together` are None almost always."""

    rose: np.ndarray  # (2, n) bool
    fell: np.ndarray
    events: np.ndarray | None  # (2, w) bool: windows of which too large a part flashed
    together: np.ndarray | None  # (2, n) bool: the cells that did
    earlier: np.ndarray | None  # (slots, 2, w) bool: the frames that they did it with, which were events too


class FlashCount:
    """`turns` says what a picture would do, `add` makes it so. `slots` frames are remembered: a second and a bit."""

    def __init__(self, profile: Profile, slots: int) -> None:
        n = GRID[0] * GRID[1]
        windows = _shares(profile, np.zeros((1, n), bool)).shape[1]
        self.quiet_slots = slots  # since the last event
        self._profile = profile
        self._slot = 0
        self._rose = np.zeros((slots, 2, n // 64), np.uint64)  # a bit for each cell
        self._fell = np.zeros((slots, 2, n // 64), np.uint64)
        self._together = np.zeros((slots, 2, n), bool)
        self._events = np.zeros((slots, 2, windows), bool)
        self._event_count = np.zeros((2, windows), np.int16)
        self._low = self._high = np.zeros((2, 0), np.float32)  # since the last turn
        self._eligible = np.zeros((2, 0), bool)  # at any time since the last turn
        self._may_rise = np.ones((2, n), bool)  # transitions oppose each other; before the first, any will do
        self._may_fall = np.ones((2, n), bool)

    def advance(self, slots: int) -> None:
        """Time passes: forget what lies more than a second back."""
        self.quiet_slots += slots
        for _ in range(min(slots, len(self._rose))):
            self._slot = (self._slot + 1) % len(self._rose)
            self._rose[self._slot] = self._fell[self._slot] = 0
            if self._event_count.any():
                self._event_count -= self._events[self._slot]
                self._events[self._slot] = False
                self._together[self._slot] = False

    def turns(self, light: Light) -> Turns:
        measure, eligible = light
        if self._low.shape != measure.shape:
            self._low, self._high, self._eligible = measure.copy(), measure.copy(), eligible.copy()
        rose, fell = turned(measure, eligible, self._low, self._high, self._eligible, self._may_rise, self._may_fall)
        return Turns(rose, fell, *self._flashes(rose, fell))

    def add(self, light: Light, turns: Turns) -> None:
        """The picture is seen; `turns` is what `turns` said of it."""
        measure, eligible = light
        rose, fell = turns.rose, turns.fell
        follow(measure, eligible, rose, fell, self._low, self._high, self._eligible, self._may_rise, self._may_fall)
        self._rose[self._slot], self._fell[self._slot] = _packed(rose), _packed(fell)
        if turns.events is not None and turns.together is not None and turns.earlier is not None:
            self.quiet_slots = 0
            self._events |= turns.earlier
            self._events[self._slot] = turns.events
            self._event_count = self._events.sum(axis=0, dtype=np.int16)
            self._together[self._slot] = turns.together

    @property
    def transitions(self) -> int:
        """Within the last second, of the window that has most."""
        return int(self._event_count.max())

    def excess(self, turns: Turns) -> np.ndarray | None:
        """(n,) bool: the cells that must not turn now, or the limits would be passed; None when there are none."""
        if turns.events is None or turns.together is None or turns.earlier is None:
            return None
        before = (self._events | turns.earlier).sum(axis=0)
        over = (turns.events & (before >= LIMIT)).any(axis=1)
        return np.asarray(turns.together[over].any(axis=0)) if over.any() else None

    def flashing(self) -> np.ndarray:
        """(2, n) bool: the cells in a third of the last second's events, and in two; chance brings others into one."""
        part = self._together.sum(axis=0, dtype=np.min_scalar_type(len(self._together)))
        third = -(-self._together.any(axis=2).sum(axis=0)[:, None] // 3)
        return np.asarray(part >= np.maximum(third, 2).astype(part.dtype))

    def restless(self) -> np.ndarray:
        """(2, n) bool: the cells that turned twice or more within the last second."""
        turned = (self._rose | self._fell).view(np.uint8).reshape(len(self._rose), -1)
        times = np.unpackbits(turned, axis=1).sum(axis=0, dtype=np.uint8)
        return np.asarray(times.reshape(2, -1) > 1)

    def _flashes(self, rose: np.ndarray, fell: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """The windows of which too large a part has turned now and together before; those cells; and when before."""
        area, (h, w) = self._profile.area, self._profile.window
        turned = rose | fell
        if np.count_nonzero(turned) <= area * h * w:
            return None, None, None
        earlier, together = np.zeros_like(self._events), np.zeros_like(turned)
        rise, fall = _packed(rose), _packed(fell)
        for kind in (GENERAL, RED):
            if not (_shares(self._profile, turned[kind : kind + 1]) > area).any():
                continue
            before_rose, before_fell = self._rose[:, kind], self._fell[:, kind]  # (slots, n / 64)
            as_before = (before_rose & rise[kind]) | (before_fell & fall[kind])
            opposed = (before_rose & fall[kind]) | (before_fell & rise[kind])
            for both in (as_before, opposed):
                slots = np.flatnonzero(np.bitwise_count(both).sum(axis=1) > area * h * w)
                if len(slots):
                    cells = _unpacked(both[slots])
                    full = _shares(self._profile, cells) > area
                    earlier[slots, kind] |= full
                    together[kind] |= cells[full.any(axis=1)].any(axis=0)
        return (np.asarray(earlier.any(axis=0)), together, earlier) if earlier.any() else (None, None, None)


def _packed(cells: np.ndarray) -> np.ndarray:
    """(k, n) bool to (k, n / 64) uint64."""
    return np.packbits(cells, axis=1).view(np.uint64)


def _unpacked(words: np.ndarray) -> np.ndarray:
    """(k, n / 64) uint64 to (k, n) bool."""
    return np.unpackbits(words.view(np.uint8), axis=1).view(bool)


def _shares(profile: Profile, cells: np.ndarray) -> np.ndarray:
    """(k, n) bool to (k, w): the part of each window that is set."""
    h, w = profile.window
    k = len(cells)
    if (h, w) == GRID:
        return cells.mean(axis=1, keepdims=True)
    total = np.zeros((k, GRID[0] + 1, GRID[1] + 1), np.int32)
    np.cumsum(np.cumsum(cells.reshape(k, *GRID), axis=1, dtype=np.int32), axis=2, out=total[:, 1:, 1:])
    step = profile.stride
    top, bottom = total[:, : GRID[0] + 1 - h : step], total[:, h::step]
    sums = bottom[..., w::step] - bottom[..., : GRID[1] + 1 - w : step]
    sums = sums - top[..., w::step] + top[..., : GRID[1] + 1 - w : step]
    return sums.reshape(k, -1) / (h * w)
