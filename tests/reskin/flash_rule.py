"""The published rule of flashes, written down for the tests from its text and not from the limiter: every pixel, slow.

WCAG 2.2, 2.3.1: a general flash is a pair of opposing changes of relative luminance of 0.10 or more, the darker below
0.80; a red flash a pair of opposing changes of a saturated red, R / (R + G + B) >= 0.8, by more than 20 of (R - G - B)
* 320 (WCAG 2.0), or by more than 0.2 of u'v' (2.2). No more than three of either in any second over more than 25 % of
the area that counts, which is the screen (ITU-R BT.1702, Ofcom, EA's IRIS) or any part of it of a third by a third
(WCAG's 341x256 of 1024x768). As IRIS does, a change adds up over frames while its sign stays, and the limit is on
transitions: six.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FRAMES_A_SECOND = 24
WHOLE, THIRD = 1, 3
SRGB_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


@dataclass(frozen=True)
class Verdict:
    """The worst second of a clip; each is at most 6, and at most 0.25, in a clip that keeps the rule."""

    general: int  # frames at which too large an area changed
    red: int
    general_area: float  # part of the area in which single pixels flashed more than three times
    red_area: float

    @property
    def passes(self) -> bool:
        return max(self.general, self.red) <= 6 and max(self.general_area, self.red_area) <= 0.25


def judge(clip: Sequence[np.ndarray], part: int = WHOLE) -> Verdict:
    """Of pictures (h, w, 3 or 4) uint8 in B, G, R; `part`: one over the side of the area that counts."""
    light = _to_linear(np.stack([picture[..., 2::-1] for picture in clip]))  # (t, h, w, RGB)
    red, green, blue = np.moveaxis(light, -1, 0)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    saturated = red >= 0.8 * (red + green + blue)
    saturated &= red > 0
    general = _transitions(luminance, np.full(luminance.shape, True), 0.1, darker_below=0.8)
    reds = _transitions(np.maximum(red - green - blue, 0) * 320, saturated, 20, darker_below=np.inf)
    hues = _hue_transitions(light, saturated)
    return Verdict(
        _frames(general, part), max(_frames(reds, part), _frames(hues, part)),
        _area(general, part), max(_area(reds, part), _area(hues, part)),
    )  # fmt: skip


def _to_linear(srgb_u8: np.ndarray) -> np.ndarray:
    code = srgb_u8.astype(np.float32) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def _transitions(value: np.ndarray, eligible: np.ndarray, least: float, darker_below: float) -> np.ndarray:
    """(t, h, w) bool: where a change of one sign has just added up to a transition that opposes the last one."""
    found = np.zeros(value.shape, bool)
    start = value[0].copy()  # of the change that is under way
    start_eligible = eligible[0].copy()
    sign = np.zeros(value.shape[1:], np.int8)
    last = np.zeros(value.shape[1:], np.int8)  # the sign of the last transition
    for t in range(1, len(value)):
        step = np.sign(value[t] - value[t - 1]).astype(np.int8)
        turned = (step != 0) & (step != sign)
        start = np.where(turned, value[t - 1], start)
        start_eligible = np.where(turned, eligible[t - 1], start_eligible)
        sign = np.where(step != 0, step, sign)
        enough = np.abs(value[t] - start) >= least
        enough &= np.minimum(value[t], start) < darker_below
        enough &= start_eligible | eligible[t]
        found[t] = enough & (last != sign)
        last = np.where(found[t], sign, last)
    return found


def _hue_transitions(light: np.ndarray, saturated: np.ndarray) -> np.ndarray:
    """(t, h, w) bool: where the colour is 0.2 of u'v' away from where it was at the last one, to or from a red.

    Black has no hue, and what is darker than a byte of 40 is taken for black.
    """
    x, y, z = np.moveaxis(light @ SRGB_TO_XYZ.T, -1, 0)
    total = np.maximum(x + 15 * y + 3 * z, 1e-9)
    hue = np.stack([4 * x / total, 9 * y / total], axis=-1)
    seen = light.max(axis=-1) >= ((40 / 255 + 0.055) / 1.055) ** 2.4
    found = np.zeros(saturated.shape, bool)
    last, was_red, was_seen = hue[0].copy(), saturated[0].copy(), seen[0].copy()
    for t in range(1, len(hue)):
        far = np.linalg.norm(hue[t] - last, axis=-1) > 0.2
        found[t] = far & (saturated[t] | was_red) & seen[t] & was_seen
        moved = found[t] | (seen[t] & ~was_seen) | (far & seen[t])
        last = np.where(moved[..., None], hue[t], last)
        was_red, was_seen = np.where(moved, saturated[t], was_red), was_seen | seen[t]
    return found


def _frames(transitions: np.ndarray, part: int) -> int:
    is_large = (_shares(transitions, part) > 0.25).astype(int)  # (t, places)
    return int(_within_a_second(is_large).max())


def _area(transitions: np.ndarray, part: int) -> float:
    too_often = _within_a_second(transitions.astype(np.int16)) > 6
    return float(_shares(too_often, part).max())


def _within_a_second(counts: np.ndarray) -> np.ndarray:
    total = np.concatenate([np.zeros_like(counts[:1]), np.cumsum(counts, axis=0)])
    return total[FRAMES_A_SECOND:] - total[:-FRAMES_A_SECOND]


def _shares(cells: np.ndarray, part: int) -> np.ndarray:
    """(t, h, w) to (t, places): the part that is set, of the area that counts wherever it may lie."""
    t, h, w = cells.shape
    high, wide = h // part, w // part
    total = np.zeros((t, h + 1, w + 1), np.int32)
    total[:, 1:, 1:] = cells.cumsum(axis=1, dtype=np.int32).cumsum(axis=2, dtype=np.int32)
    lower, upper = total[:, high:], total[:, : h + 1 - high]
    sums = lower[..., wide:] - lower[..., : w + 1 - wide] - upper[..., wide:] + upper[..., : w + 1 - wide]
    return sums.reshape(t, -1) / (high * wide)
