"""The flash limiter: what leaves Reskin never flashes more than three times a second over the allowed area.

The last step before the screen and every sink. It counts (reskin.flash_count) what comes in and what goes out. Calm
pictures pass as they are, the same array. From four transitions a second on, two flashes, the cells that flash are
blended towards their own past, the more the faster and the stronger they flash; where even that would pass the limits,
the cells that would turn stand still for the frame. So the limits hold for any input, by construction.

A cell is one pixel of it, at a place of its own drawn once. So the share of cells that flash estimates the share of
pixels that do, however fine the pattern is: within 0.9 % of the screen, 2.7 % of a third by third. A mean cancels
fields that swap: one of four pixels near each other saw a sixth of a checkerboard of 5 px at 720p. Patterns finer than
0.1 degree, which the rules let pass, are limited too. Reading every pixel would cost ten times as much.

It reduces a risk; it is no medical device, and nobody has certified it. Knows nothing of windows, themes or engines.
Sources: WCAG 2.2 criterion 2.3.1, ITU-R BT.1702-3, EA's IRIS (its limits).
"""

from __future__ import annotations

import copy
import math

import cv2
import numpy as np

from reskin.flash_count import GRID, PROFILES, RED, SATURATED, FlashCount, Light
from reskin.flash_fade import WHOLE, fade

KEEP_AT = 2  # transitions a second over the allowed area: from now on the last picture is remembered
ACT_AT = 4  # IRIS warns here
SWING = np.array([0.06, 0.035], np.float32)  # what blending leaves of a swing: below a transition, with room
QUIET_S = 0.35  # without an event: it has stopped; flashes that are acted on come at least each 0.25 s
RISE = 1.3  # a tick: a cell that was blended comes back to life in half a second
SPARE_SLOTS = 2  # a second is 24 ticks, or 25 when they jitter
_CELLS = GRID[0] * GRID[1]


class FlashLimiter:
    """`apply` every picture in the order in which they are seen; one thread. `fps` is how often that is, at most."""

    def __init__(self, profile: str = "broadcast", *, fps: float = 24) -> None:
        self.is_acting = False  # the last picture was changed
        self._fps = fps
        slots = math.ceil(fps) + SPARE_SLOTS
        self._seen = FlashCount(PROFILES[profile], slots)  # of what comes in
        self._shown: FlashCount | None = None  # of what goes out; None while that is the same
        self._measures = np.full((slots, 2, _CELLS), np.nan, np.float32)  # of what came in: how strong it flashes
        self._time = -1  # in slots
        self._share = np.ones(_CELLS, np.float32)  # of the new picture in each cell
        self._places: tuple[tuple[int, int], np.ndarray] = ((0, 0), np.empty(0, np.intp))
        self._samples = np.empty((_CELLS, 4), np.uint8)  # of the last picture shown
        self._kept: np.ndarray = np.empty((0, 0, 4), np.uint8)  # that picture, while it may be needed
        fade(*np.zeros((3, 1, 1), np.uint32))  # compiled before it is needed

    def apply(self, bgra_u8: np.ndarray, now_ns: int) -> np.ndarray:
        """(h, w, 4) uint8: the picture itself while all is well, else one of ours, valid until the next call."""
        self._advance(now_ns)
        samples = self._sample(bgra_u8)
        light = _light(samples)
        seen = self._seen.turns(light)
        self._seen.add(light, seen)
        self._measures[self._time % len(self._measures)] = light.measure
        self.is_acting = False
        if self._shown is not None:
            share = self._soft_share()
            share = self._hard_share(self._shown, samples, share)
            if share.min() < 1:
                self.is_acting = True
                bgra_u8 = self._blend(bgra_u8, share)
                samples = self._sample(bgra_u8)
                light = _light(samples)
            self._shown.add(light, self._shown.turns(light))
        self._samples = samples
        self._keep(bgra_u8)
        return bgra_u8

    def _advance(self, now_ns: int) -> None:
        time = max(self._time + 1, int(now_ns * self._fps) // 1_000_000_000)
        slots = time - self._time if self._time >= 0 else 1
        self._seen.advance(slots)
        if self._shown is not None:
            self._shown.advance(slots)
        for back in range(1, min(slots, len(self._measures))):
            self._measures[(time - back) % len(self._measures)] = np.nan
        self._time = time

    def _soft_share(self) -> np.ndarray:
        """(n,) share of the new picture in each cell, so that what flashes fades into its own mean."""
        np.minimum(self._share * np.float32(RISE), 1, out=self._share)
        if self._seen.transitions >= ACT_AT and self._seen.quiet_slots <= QUIET_S * self._fps:
            flashing = self._seen.flashing()
            cells = flashing.any(axis=0)
            self._share[cells] = np.minimum(self._share[cells], self._strength(flashing))
        return self._share

    def _hard_share(self, shown: FlashCount, samples: np.ndarray, share: np.ndarray) -> np.ndarray:
        """The same, but 0 where a transition would pass the limits."""
        mixed = self._samples + share[:, None] * (samples.astype(np.float32) - self._samples)
        excess = shown.excess(shown.turns(_light(np.rint(mixed).astype(np.uint8))))
        return share if excess is None else np.where(excess, np.float32(0), share)

    def _strength(self, flashing: np.ndarray) -> float:
        """The share at which the strongest of the flashes is no transition any more.

        A mean with weight a leaves (1 - q^m) / (1 + q^m) of a swing whose half period is m frames, q = 1 - a.
        """
        share = 1.0
        for kind, cells in enumerate(flashing):
            if cells.any():
                measures = self._measures[:, kind, cells]
                span = float(np.percentile(np.nanmax(measures, axis=0) - np.nanmin(measures, axis=0), 95))
                swing = min(0.9, float(SWING[kind]) / max(span, 1e-3))
                share = min(share, 1 - ((1 - swing) / (1 + swing)) ** (self._seen.transitions / self._fps))
        return share

    def _blend(self, bgra_u8: np.ndarray, share: np.ndarray) -> np.ndarray:
        h, w = bgra_u8.shape[:2]
        if self._kept.shape != bgra_u8.shape:
            self._kept = np.asarray(cv2.resize(self._kept, (w, h), interpolation=cv2.INTER_AREA), np.uint8)
        # the least of a cell and its neighbours: between the cells' middles no pixel then has more than its own cell
        cells = cv2.erode(share.reshape(GRID), np.ones((3, 3), np.uint8))
        columns = cv2.resize(cells * np.float32(WHOLE), (w, GRID[0]), interpolation=cv2.INTER_LINEAR)
        fade(bgra_u8.view(np.uint32)[..., 0], columns.astype(np.uint32), self._kept.view(np.uint32)[..., 0])
        return self._kept

    def _keep(self, bgra_u8: np.ndarray) -> None:
        shown = self._shown or self._seen
        if self._share.min() >= 1 and max(self._seen.transitions, shown.transitions) < KEEP_AT:
            self._shown = None
            return
        if self._shown is None:
            self._shown = copy.deepcopy(self._seen)
        if bgra_u8 is not self._kept:
            if self._kept.shape != bgra_u8.shape:
                self._kept = np.empty_like(bgra_u8)
            np.copyto(self._kept, bgra_u8)

    def _sample(self, bgra_u8: np.ndarray) -> np.ndarray:
        """(n, 4) uint8."""
        h, w = bgra_u8.shape[:2]
        if self._places[0] != (h, w):
            self._places = ((h, w), _places(h, w))
        pixels = bgra_u8.view(np.uint32).reshape(-1).take(self._places[1])
        return pixels.view(np.uint8).reshape(_CELLS, 4)


def _places(h: int, w: int) -> np.ndarray:
    """(n,) index of a pixel at a random place in each cell."""
    draw = np.random.default_rng(5)
    cell_y, cell_x = np.divmod(np.arange(_CELLS), GRID[1])
    y = ((cell_y + draw.random(_CELLS)) * h / GRID[0]).astype(np.intp)
    x = ((cell_x + draw.random(_CELLS)) * w / GRID[1]).astype(np.intp)
    return np.asarray(y * w + x)


def _linear() -> np.ndarray:
    """(256,) float32: sRGB's bytes as linear light."""
    code = np.arange(256) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(np.float32)


_LINEAR = _linear()
# of B, G, R and the byte without meaning, a column each: relative luminance, R - G - B, and what is at least 0 where
# red is saturated
_MEASURES = np.array(
    [[0.0722, -1, -SATURATED], [0.7152, -1, -SATURATED], [0.2126, 1, 1 - SATURATED], [0, 0, 0]], np.float32
)


def _light(samples: np.ndarray) -> Light:
    """Of (n, 4) uint8."""
    found = cv2.LUT(samples.reshape(1, -1), _LINEAR).reshape(_CELLS, 4) @ _MEASURES  # (n, 3)
    measure = np.ascontiguousarray(found.T[:2])
    np.maximum(measure[RED], 0, out=measure[RED])
    eligible = np.ones(measure.shape, bool)
    eligible[RED] = found[:, 2] >= 0
    return Light(measure, eligible)
