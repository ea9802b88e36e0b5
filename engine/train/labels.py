"""Hand labels of real game frames, and how far a reading agrees with them. Knows nothing of files or networks.

A label file is text: comments after #, then for each frame a line `frame INDEX` and nine rows of sixteen letters, one
for the middle of each cell of the frame. What the letters mean to a person stands at the head of each file.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.config import MATERIALS

ROWS, COLUMNS = 9, 16
UNSCORED = "."
# What may be seen where a letter stands. x is for walls that players call both rock and structure.
LETTERS = {
    "s": ("sky",), "g": ("ground",), "f": ("foliage",), "r": ("rock",), "b": ("structure",), "o": ("roof",),
    "w": ("water",), "c": ("character",), "p": ("prop",), "l": ("glow",), "h": ("hud",), "x": ("rock", "structure"),
}  # fmt: skip
NAMES = tuple(" or ".join(names) for names in LETTERS.values())
RIGHT = np.array([[material in names for material in MATERIALS] for names in LETTERS.values()])  # (letters, k)


@dataclass(frozen=True, kw_only=True)
class LabelledFrame:
    index: int  # in the clip, from 0
    cells: tuple[str, ...]  # nine rows of sixteen letters


def parse_labels(text: str) -> list[LabelledFrame]:
    """The frames of a label file. ValueError, which names the line, for what is not one."""
    frames: list[LabelledFrame] = []
    rows: list[str] = []
    index = -1
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    for number, line in [(number, line) for number, line in lines if line and not line.startswith("#")]:
        word, _, rest = line.partition(" ")
        if word == "frame":
            if rows or not rest.isdecimal() or int(rest) <= index:
                raise ValueError(
                    f"line {number}: {line!r} after {len(rows)} rows. Expected `frame INDEX`, with an index above the "
                    f"one before, after all {ROWS} rows of the frame before"
                )
            index = int(rest)
            continue
        if index < 0 or (frames and frames[-1].index == index):
            raise ValueError(f"line {number}: {line!r} belongs to no frame. Expected `frame INDEX` above {ROWS} rows")
        if len(line) != COLUMNS or set(line) - {*LETTERS, UNSCORED}:
            raise ValueError(f"line {number}: {line!r}. Expected {COLUMNS} letters of {''.join(LETTERS)}{UNSCORED}")
        rows.append(line)
        if len(rows) == ROWS:
            frames.append(LabelledFrame(index=index, cells=tuple(rows)))
            rows = []
    if rows or not frames or frames[-1].index != index:
        raise ValueError(f"frame {index} has {len(rows)} rows at the end of the file. Expected {ROWS}")
    return frames


def at_middles(materials: np.ndarray) -> np.ndarray:
    """(h, w, k) probabilities to the likeliest material at every cell's middle, (9, 16): 3x3 pixels' mean decides."""
    h, w, _ = materials.shape
    seen = np.empty((ROWS, COLUMNS), np.intp)
    for row in range(ROWS):
        for column in range(COLUMNS):
            y, x = int((row + 0.5) * h / ROWS), int((column + 0.5) * w / COLUMNS)
            seen[row, column] = materials[y - 1 : y + 2, x - 1 : x + 2].mean(axis=(0, 1)).argmax()
    return seen


def wrong_cells(cells: tuple[str, ...], seen: np.ndarray) -> np.ndarray:
    """(9, 16) bool: labelled, and something else was seen (9, 16)."""
    wrong = np.zeros((ROWS, COLUMNS), bool)
    for row, column in np.ndindex(ROWS, COLUMNS):
        letter = cells[row][column]
        wrong[row, column] = letter != UNSCORED and MATERIALS[seen[row, column]] not in LETTERS[letter]
    return wrong


@dataclass
class Agreement:
    """How often each material was seen where each letter stands."""

    counts: np.ndarray = field(default_factory=lambda: np.zeros((len(LETTERS), len(MATERIALS)), np.int64))

    def add(self, cells: tuple[str, ...], seen: np.ndarray) -> None:
        letters = list(LETTERS)
        for row, column in np.ndindex(ROWS, COLUMNS):
            if cells[row][column] != UNSCORED:
                self.counts[letters.index(cells[row][column]), seen[row, column]] += 1

    @property
    def share(self) -> float:
        """Of the labelled cells, those that were read right."""
        return float(self.counts[RIGHT].sum() / self.counts.sum())

    def share_by_name(self) -> dict[str, float]:
        """The same for every letter that occurs."""
        right, all_cells = (self.counts * RIGHT).sum(axis=1), self.counts.sum(axis=1)
        return {name: float(r / n) for name, r, n in zip(NAMES, right, all_cells, strict=True) if n}

    @property
    def material_mean(self) -> float:
        """Mean of the letters' shares, so that the sky weighs no more than the hero."""
        shares = self.share_by_name().values()
        return sum(shares) / len(shares)

    def confusion(self) -> dict[str, dict[str, int]]:
        """What is there -> what was seen there -> in how many cells, most first; none left out but zeros."""
        rows: dict[str, dict[str, int]] = {}
        for name, counts in zip(NAMES, self.counts, strict=True):
            if counts.any():
                rows[name] = {MATERIALS[m]: int(counts[m]) for m in np.argsort(-counts, kind="stable") if counts[m]}
        return rows
