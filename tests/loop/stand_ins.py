"""Renderers that go wrong on purpose, for the engine's process; named there as "tests.loop.stand_ins:hanging"."""

from __future__ import annotations

import os
import time

import cv2
import numpy as np

from reskin.renderer import TintRenderer, View
from reskin.shared_frames import Drift
from reskin.themes import Theme


class Faulty(TintRenderer):
    """A tint that at its `at`-th frame raises, hangs or exits; `cost_ms` sleeps in each, halved by each level."""

    name = "faulty tint"
    drift = Drift(color=0.03, sharpness=0.9, anchored=2)

    def __init__(self, fault: str = "", at: int = 0, cost_ms: float = 0.0, marker: str = "") -> None:
        self._fault = fault
        self._at = at
        self._cost_ms = cost_ms
        self._marker = marker  # a file: the fault happens once, in the process that makes it
        self._frames = 0

    def render(self, bgra_u8: np.ndarray, theme: Theme, view: View, quality: int, out: np.ndarray) -> dict[str, float]:
        self._frames += 1
        if self._fault and self._frames >= self._at and self._is_first():
            if self._fault == "hang":
                time.sleep(3600)
            if self._fault == "exit":
                os._exit(7)
            raise ValueError("planted")
        if self._cost_ms:
            time.sleep(self._cost_ms / 1000 / 2**quality)
        return super().render(bgra_u8, theme, view, quality, out)

    def _is_first(self) -> bool:
        if not self._marker:
            return True
        try:
            os.close(os.open(self._marker, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True


def faulty(fault: str = "", at: int = 0, cost_ms: float = 0.0, marker: str = "") -> Faulty:
    return Faulty(fault, at, cost_ms, marker)


def hanging_once(preset: str) -> Faulty:
    """Hangs at its 60th frame, and not again in the process after it; the file is named in the environment."""
    return Faulty("hang", 60, marker=os.environ["RESKIN_TEST_ONCE"])


def unable() -> Faulty:
    raise FileNotFoundError("no weights at engine/weights/nano.onnx")


class Quick(TintRenderer):
    """A tint in one pass of 1 ms at 720p, for measuring everything around the engine."""

    name = "quick tint"

    def render(self, bgra_u8: np.ndarray, theme: Theme, view: View, quality: int, out: np.ndarray) -> dict[str, float]:
        start_ns = time.monotonic_ns()
        colour = [float(value) * 127 for value in theme.style().light[0][::-1]]
        cv2.convertScaleAbs(bgra_u8, dst=out, alpha=0.5)
        cv2.add(out, (*colour, 0.0), dst=out)
        return {"step": (time.monotonic_ns() - start_ns) / 1e6}


def quick(preset: str) -> Quick:
    return Quick()
