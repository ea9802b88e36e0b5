"""Counts the turns of the screen's fields, whether or not the same ones turn together.

`flash_count` calls a frame an event where the same cells turn together again. Blocks that change at random never do,
nor do stripes that move on; yet every place may flash more than three times a second. So beside it the whole screen is
looked at in 9 x 16 fields, each as bright as its 16 cells are on average: in a mean the grain of film, and snow that
rushes past, cancel. In no more than six frames of a second may more than the area's fields turn, and no more than the
area's may turn more than six times. The calm games at hand come to two such frames, and to five turns.

The same for both profiles, over the whole screen. Two rows in every array, general and red; n cells, m fields.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reskin.flash_cells import fields_of, follow, turned
from reskin.flash_count import GRID, LIMIT, Light, Turns

SIDE = 4  # cells of a field, down and across
FIELDS = (GRID[0] // SIDE, GRID[1] // SIDE)
AT_ONCE = 0.22  # share of the fields that may turn in a frame; below the rule's 0.25 by what sampling may miss
AREA = 0.25  # share of them that may turn too often
MANY = LIMIT - 1  # frames in which too many turned: from now on something is done


class FieldTurns(NamedTuple):
    """What a picture does to the fields; (2, m) each."""

    measure: np.ndarray
    eligible: np.ndarray
    rose: np.ndarray  # bool
    fell: np.ndarray
    both: np.ndarray
    at_once: np.ndarray  # (2,) bool: too many turn, of the fields and of the cells


class FieldCount:
    """`turns` says which a picture would turn, `add` makes it so. `slots` frames are remembered."""

    def __init__(self, slots: int) -> None:
        m = FIELDS[0] * FIELDS[1]
        self._slot = 0
        self._turned = np.zeros((slots, 2, m), bool)
        self._count = np.zeros((2, m), np.int16)  # of turns remembered
        self._events = np.zeros((slots, 2), bool)  # frames in which too many turned
        self._event_count = np.zeros(2, np.int16)
        self._low = self._high = np.zeros((2, 0), np.float32)  # since the last turn
        self._eligible = np.zeros((2, 0), bool)  # at any time since the last turn
        self._may_rise = np.ones((2, m), bool)  # transitions oppose each other; before the first, any will do
        self._may_fall = np.ones((2, m), bool)

    def advance(self, slots: int) -> None:
        """Time passes: forget what lies more than a second back."""
        for _ in range(min(slots, len(self._turned))):
            self._slot = (self._slot + 1) % len(self._turned)
            self._count -= self._turned[self._slot]
            self._event_count -= self._events[self._slot]
            self._turned[self._slot] = self._events[self._slot] = False

    def turns(self, light: Light, cells: Turns) -> FieldTurns:
        """Of the cells' light, and of what the picture does to them: half a field that turns seems a whole one."""
        measure, eligible = fields_of(light.measure, light.eligible, GRID[1], SIDE)
        if self._low.shape != measure.shape:
            self._low, self._high, self._eligible = measure.copy(), measure.copy(), eligible.copy()
        rose, fell = turned(measure, eligible, self._low, self._high, self._eligible, self._may_rise, self._may_fall)
        both = rose | fell
        at_once = np.zeros(2, bool)
        if np.count_nonzero(both) > AT_ONCE * both.shape[1]:
            at_once = (both.mean(axis=1) > AT_ONCE) & ((cells.rose | cells.fell).mean(axis=1) > AT_ONCE)
        return FieldTurns(measure, eligible, rose, fell, both, at_once)

    def add(self, turns: FieldTurns) -> None:
        """The picture is seen; `turns` is what `turns` said of it."""
        follow(*turns[:4], self._low, self._high, self._eligible, self._may_rise, self._may_fall)
        self._turned[self._slot] = turns.both
        self._events[self._slot] = turns.at_once
        self._event_count += turns.at_once
        self._count += turns.both

    @property
    def is_flashing(self) -> bool:
        """One flash more, and the limits would be reached."""
        return int(self._event_count.max()) >= MANY or self.are_many_restless

    @property
    def is_calm(self) -> bool:
        """There is room for a frame more before they flash."""
        return int(self._event_count.max()) < MANY - 1 and not self.are_many_restless

    @property
    def are_many_restless(self) -> bool:
        """More than the area's fields turned as often as they may."""
        most = self._count >= LIMIT
        return bool(most.any()) and bool((most.mean(axis=1) > AREA).any())

    @property
    def often(self) -> int:
        """More than the area's fields turned so often within the last second."""
        place = self._count.shape[1] - 1 - int(AREA * self._count.shape[1])
        return int(np.partition(self._count, place, axis=1)[:, place].max())

    def is_within(self, other: FieldCount) -> bool:
        """No field turned more often than it did there, and no more frames are events."""
        return bool((self._count <= other._count).all()) and not (self._events & ~other._events).any()

    def excess(self, turns: FieldTurns) -> np.ndarray | None:
        """(n,) bool: the cells that must not turn now, or the limits would be passed; None when there are none."""
        often = self._count + turns.both > LIMIT
        at_once = turns.at_once & (self._event_count >= LIMIT)
        over = turns.both & (at_once[:, None] | (often & (often.mean(axis=1) > AREA)[:, None]))
        return _cells(over.any(axis=0)) if over.any() else None

    def restless(self) -> np.ndarray:
        """(2, n) bool: the cells of the fields that turned twice or more."""
        return np.stack([_cells(fields) for fields in self._count >= 2])


def _cells(fields: np.ndarray) -> np.ndarray:
    """(m,) to (n,)."""
    return fields.reshape(FIELDS).repeat(SIDE, axis=0).repeat(SIDE, axis=1).reshape(-1)
