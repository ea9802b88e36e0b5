"""The flash limiter: what leaves Reskin never flashes more than three times a second over the allowed area.

The last step before the screen and every sink. It counts what comes in and what goes out: what flashes together
(reskin.flash_count), and how often each field does by itself (reskin.flash_fields). Calm pictures pass as they are, the
same array. From four transitions a second on, two flashes, the cells that flash are blended towards their own past, the
more the faster and the stronger they flash; where even that would pass the limits, the cells that would turn stand
still for the frame. So both counts keep the limits for any input, by construction.

A cell is one pixel of it, at a place of its own drawn once. So the share of cells that flash estimates the share of
pixels that do, however fine the pattern is: within 0.9 % of the screen, 2.7 % of a third by third. A mean cancels
fields that swap: one of four pixels near each other saw a sixth of a checkerboard of 5 px at 720p. Patterns finer than
0.1 degree, which the rules let pass, are limited too. Reading every pixel would cost ten times as much.

It reduces a risk; it is no medical device, and nobody has certified it. Knows nothing of windows, themes or engines.
Sources: WCAG 2.2 criterion 2.3.1, ITU-R BT.1702-3, EA's IRIS (its limits).
"""

from __future__ import annotations

import copy
import functools
import math
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from reskin.flash_cells import light_of
from reskin.flash_count import GRID, LIMIT, PROFILES, FlashCount, Light, Profile, Turns
from reskin.flash_fade import WHOLE, fade, faded
from reskin.flash_fields import FieldCount, FieldTurns

KEEP_AT = 2  # transitions a second over the allowed area: from now on the last picture is remembered
ACT_AT = 4  # IRIS warns here
SWING = np.array([0.06, 0.035], np.float32)  # what blending leaves of a swing: below a transition, with room
QUIET_S = 0.35  # without an event: it has stopped; flashes that are acted on come at least each 0.25 s
RISE = 1.3  # a tick: a cell that was blended comes back to life in half a second
SPARE_SLOTS = 2  # a second is 24 ticks, or 25 when they jitter
_CELLS = GRID[0] * GRID[1]


@dataclass(frozen=True, kw_only=True)
class _Places:
    """Where a picture (h, w) is looked at: (n,) each, a pixel at a random place in each cell."""

    size: tuple[int, int]
    y: np.ndarray
    x: np.ndarray
    flat: np.ndarray  # y * w + x

    @classmethod
    def of(cls, size: tuple[int, int]) -> _Places:
        h, w = size
        draw = np.random.default_rng(5)
        cell_y, cell_x = np.divmod(np.arange(_CELLS), GRID[1])
        y = ((cell_y + draw.random(_CELLS)) * h / GRID[0]).astype(np.uint32)
        x = ((cell_x + draw.random(_CELLS)) * w / GRID[1]).astype(np.uint32)
        return cls(size=size, y=y, x=x, flat=y.astype(np.intp) * w + x)

    def pixels(self, bgra_u8: np.ndarray) -> np.ndarray:
        """(n,) uint32."""
        return bgra_u8.view(np.uint32).reshape(-1).take(self.flat)


class _Turns(NamedTuple):
    """What a picture does: to its cells, and to the fields that they make."""

    light: Light
    cells: Turns
    fields: FieldTurns


class _Counts:
    """All counts of one stream of pictures: of what comes in, or of what goes out."""

    def __init__(self, profile: Profile, slots: int) -> None:
        self.cells = FlashCount(profile, slots)
        self.fields = FieldCount(slots)

    def advance(self, slots: int) -> None:
        self.cells.advance(slots)
        self.fields.advance(slots)

    def turns(self, light: Light) -> _Turns:
        cells = self.cells.turns(light)
        return _Turns(light, cells, self.fields.turns(light, cells))

    def add(self, turns: _Turns) -> None:
        self.cells.add(turns.light, turns.cells)
        self.fields.add(turns.fields)

    def excess(self, turns: _Turns) -> np.ndarray | None:
        """(n,) bool: the cells that must not turn now; None when there are none."""
        found = (self.cells.excess(turns.cells), self.fields.excess(turns.fields))
        cells = [each for each in found if each is not None]
        return np.logical_or.reduce(cells) if cells else None

    @property
    def is_calm(self) -> bool:
        """Nothing is near to what is acted on, so the last picture need not be remembered."""
        return self.cells.transitions < KEEP_AT and self.fields.is_calm


class FlashLimiter:
    """`apply` every picture in the order in which they are seen; one thread. `fps` is how often that is, at most.

    The first that is made compiles what all need, unless `compiled` is False: then the first that acts does.
    """

    def __init__(self, profile: str = "broadcast", *, fps: float = 24, compiled: bool = True) -> None:
        self.is_acting = False  # the last picture was changed
        self._fps = fps
        slots = math.ceil(fps) + SPARE_SLOTS
        self._seen = _Counts(PROFILES[profile], slots)  # of what comes in
        self._shown: _Counts | None = None  # of what goes out; None while that is the same
        self._measures = np.zeros((slots, 2, _CELLS), np.float32)  # of what came in: how strong it flashes
        self._time = -1  # in slots
        self._share = np.ones(_CELLS, np.float32)  # of the new picture in each cell
        self._places = _Places.of((0, 0))
        self._pixels = np.zeros(_CELLS, np.uint32)  # of the last picture shown, at those places
        self._kept: np.ndarray = np.empty((0, 0, 4), np.uint8)  # that picture, while it may be needed
        if compiled:
            _compile()

    def apply(self, bgra_u8: np.ndarray, now_ns: int) -> np.ndarray:
        """(h, w, 4) uint8: the picture itself while all is well, else one of ours, valid until the next call."""
        if self._places.size != bgra_u8.shape[:2]:
            self._resize(bgra_u8.shape[:2])
        pixels = self._places.pixels(bgra_u8)
        light = Light(*light_of(pixels))
        self._advance(now_ns, light.measure)
        self._seen.add(self._seen.turns(light))
        self.is_acting = False
        if self._shown is not None:
            bgra_u8, pixels = self._limited(self._shown, bgra_u8, pixels)
        self._pixels = pixels
        self._keep(bgra_u8)
        return bgra_u8

    def _limited(self, shown: _Counts, bgra_u8: np.ndarray, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is shown for a picture and its pixels at our places, and that it was."""
        share = self._soft_share()
        shares = self._by_column(share) if share.min() < 1 else None
        mixed, light = self._mixed(pixels, shares)
        turns = shown.turns(light)
        excess = shown.excess(turns)
        if excess is not None:  # a transition would pass the limits: those cells stand still
            shares = self._by_column(np.where(excess, np.float32(0), share))
            mixed, light = self._mixed(pixels, shares)
            turns = shown.turns(light)
            if shown.excess(turns) is not None:  # what stands near them turns halfway: all stands still
                shares = np.zeros_like(shares)
                mixed, light = self._mixed(pixels, shares)
                turns = shown.turns(light)
        shown.add(turns)
        if shares is not None:
            self.is_acting = True
            bgra_u8 = self._blend(bgra_u8, shares)
        return bgra_u8, mixed

    def _mixed(self, pixels: np.ndarray, shares: np.ndarray | None) -> tuple[np.ndarray, Light]:
        """What blending will show at our places, before it is done."""
        if shares is not None:
            places = self._places
            pixels = faded(pixels, shares, self._pixels, places.y, places.x, places.size[0])
        return pixels, Light(*light_of(pixels))

    def _resize(self, size: tuple[int, int]) -> None:
        places = _Places.of(size)
        if self._shown is not None:
            self._kept = np.asarray(cv2.resize(self._kept, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
            self._pixels = places.pixels(self._kept)
        self._places = places

    def _advance(self, now_ns: int, measure: np.ndarray) -> None:
        """To now, at which the cells measure so; in the slots that were left out they do too."""
        time = max(self._time + 1, int(now_ns * self._fps) // 1_000_000_000)
        slots = time - self._time if self._time >= 0 else len(self._measures)
        self._seen.advance(slots)
        if self._shown is not None:
            self._shown.advance(slots)
        for back in range(min(slots, len(self._measures))):
            self._measures[(time - back) % len(self._measures)] = measure
        self._time = time

    def _soft_share(self) -> np.ndarray:
        """(n,) share of the new picture in each cell, so that what flashes fades into its own mean."""
        np.minimum(self._share * np.float32(RISE), 1, out=self._share)
        together, fields = self._seen.cells, self._seen.fields
        if together.transitions >= ACT_AT and together.quiet_slots <= QUIET_S * self._fps:
            self._fade(together.flashing(), together.transitions)
        if fields.is_flashing:
            self._fade(fields.restless() & together.restless(), max(fields.often, 1))
        return self._share

    def _fade(self, flashing: np.ndarray, transitions: int) -> None:
        """`flashing` (2, n) bool: cells that turn so often in a second."""
        cells = flashing.any(axis=0)
        self._share[cells] = np.minimum(self._share[cells], self._strength(flashing, transitions))

    def _strength(self, flashing: np.ndarray, transitions: int) -> float:
        """The share at which the strongest of the flashes is no transition any more.

        A mean with weight a leaves (1 - q^m) / (1 + q^m) of a swing whose half period is m frames, q = 1 - a.
        """
        share = 1.0
        span = self._measures.max(axis=0) - self._measures.min(axis=0)
        for kind, cells in enumerate(flashing):
            spans = span[kind, cells]
            if len(spans):
                most = math.ceil(0.95 * (len(spans) - 1))
                swing = min(0.9, float(SWING[kind]) / max(float(np.partition(spans, most)[most]), 1e-3))
                share = min(share, 1 - ((1 - swing) / (1 + swing)) ** (transitions / self._fps))
        return share

    def _by_column(self, share: np.ndarray) -> np.ndarray:
        """(rows of cells, w) uint16, of `WHOLE`."""
        # the least of a cell and its neighbours: between the cells' middles no pixel then has more than its own cell
        reach = [
            3 if px >= cells else 3 + 2 * -(-cells // px) for cells, px in zip(GRID, self._places.size, strict=True)
        ]
        cells = cv2.erode(share.reshape(GRID), np.ones(reach, np.uint8))
        cells = (cells * np.float32(WHOLE)).astype(np.uint16)
        size = (self._places.size[1], GRID[0])
        return np.asarray(cv2.resize(cells, size, interpolation=cv2.INTER_LINEAR), np.uint16)

    def _blend(self, bgra_u8: np.ndarray, shares: np.ndarray) -> np.ndarray:
        fade(bgra_u8.view(np.uint32)[..., 0], shares, self._kept.view(np.uint32)[..., 0])
        return self._kept

    def _keep(self, bgra_u8: np.ndarray) -> None:
        seen, shown = self._seen, self._shown
        all_shown = shown is None or (shown.cells.transitions == 0 and shown.fields.is_within(seen.fields))
        if all_shown and seen.is_calm and self._share.min() >= 1:
            self._shown = None
            return
        if self._shown is None:
            self._shown = copy.deepcopy(self._seen)
        if bgra_u8 is not self._kept:
            if self._kept.shape != bgra_u8.shape:
                self._kept = np.empty_like(bgra_u8)
            np.copyto(self._kept, bgra_u8)


@functools.cache
def _compile() -> None:
    """Has a limiter act once, so that nothing is compiled while somebody plays."""
    for profile in PROFILES:
        limiter = FlashLimiter(profile, compiled=False)
        for n in range(4 * LIMIT):
            level = 255 * (n // 2 % 2)
            limiter.apply(np.full((*GRID, 4), level, np.uint8), n * 1_000_000_000 // 24)
