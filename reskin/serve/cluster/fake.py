"""An engine that paints marks, and frames of 8x8 pixels to carry them: who sent it, who it was painted for, its past.

For tests and `tools/cluster_chaos.py`: one look at a painting tells whether anything of another session is in it. A
mark is a number of 24 bits in the colours of one pixel. Knows nothing of Ray or of how frames travel.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reskin.serve.batch import Done, Job

SIDE = 8  # pixels
FRAME_BYTES = SIDE * SIDE * 4
_SENT, _NUMBER, _CHOSEN, _FIRST, _AGE = range(5)  # which pixel of the first row holds what
NO_MARK = 0xFFFFFF
_THEME = "mark "


@dataclass(frozen=True, kw_only=True)
class Marks:
    sent: int  # by whoever sent the frame
    number: int  # of the frame
    chosen: int  # in the theme that it was painted with
    first: int  # of the first frame of the history that it was painted over
    age: int  # frames in that history


def theme_name(mark: int) -> str:
    """The theme of a session with this mark is called so."""
    return f"{_THEME}{mark}"


def frame(mark: int, number: int) -> np.ndarray:
    """(8, 8, 4) uint8."""
    bgra_u8 = np.zeros((SIDE, SIDE, 4), np.uint8)
    _write(bgra_u8, _SENT, mark)
    _write(bgra_u8, _NUMBER, number)
    return bgra_u8


def read(bgra_u8: np.ndarray) -> Marks:
    sent, number, chosen, first, age = (_read(bgra_u8, place) for place in range(5))
    return Marks(sent=sent, number=number, chosen=chosen, first=first, age=age)


class MarkRenderer:
    """A `BatchRenderer`: stamps the theme's mark and the history's; a batch takes `step_ms`, whatever its size."""

    why = ""

    def __init__(self, step_ms: float = 2.0, most: int = 64) -> None:
        self.name = f"marks, {step_ms:g} ms a step"
        self.most = most
        self._step_s = step_ms / 1e3
        self._histories: dict[str, tuple[int, int]] = {}  # session to the mark of its first frame, and how many

    def render_many(self, jobs: Sequence[Job]) -> list[Done]:
        time.sleep(self._step_s)
        return [self._render(job) for job in jobs]

    def forget(self, key: str) -> None:
        self._histories.pop(key, None)

    def close(self) -> None:
        self._histories.clear()

    def _render(self, job: Job) -> Done:
        out = job.bgra_u8.copy()
        first, age = self._histories.get(job.key, (_read(out, _SENT), 0))
        self._histories[job.key] = first, age + 1
        name = job.look.theme.name
        _write(out, _CHOSEN, int(name.removeprefix(_THEME)) if name.startswith(_THEME) else NO_MARK)
        _write(out, _FIRST, first)
        _write(out, _AGE, age + 1)
        return Done(out, {"engine": self._step_s * 1e3})


def _write(bgra_u8: np.ndarray, place: int, value: int) -> None:
    bgra_u8[0, place, :3] = np.frombuffer((value & NO_MARK).to_bytes(3, "little"), np.uint8)


def _read(bgra_u8: np.ndarray, place: int) -> int:
    return int.from_bytes(bgra_u8[0, place, :3].tobytes(), "little")
