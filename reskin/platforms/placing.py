"""Where a picture goes on a screen, and how it gets there: what every platform's capture and overlay share."""

from __future__ import annotations

import cv2
import numpy as np

from reskin.frame import Region

_COORDINATE_LIMIT_PX = 32767  # X11's and GDI's coordinates are 16-bit


def part_on(region: Region, screen: Region) -> Region | None:
    """What of a region lies on a screen; None when nothing does."""
    left, top = max(region.x, screen.x), max(region.y, screen.y)
    right = min(region.x + region.w, screen.x + screen.w)
    bottom = min(region.y + region.h, screen.y + screen.h)
    return Region(left, top, right - left, bottom - top) if left < right and top < bottom else None


def within_limits(region: Region) -> Region:
    """What a window system can express: 16-bit coordinates and at least one pixel."""
    limit = _COORDINATE_LIMIT_PX
    return Region(
        min(max(region.x, -limit), limit), min(max(region.y, -limit), limit),
        min(max(region.w, 1), limit), min(max(region.h, 1), limit),
    )  # fmt: skip


def fill(target: np.ndarray, bgra_u8: np.ndarray) -> None:
    """Copy; scaled when the window changed its size between the grab and now."""
    if target.shape == bgra_u8.shape:
        np.copyto(target, bgra_u8)
    else:
        cv2.resize(bgra_u8, (target.shape[1], target.shape[0]), dst=target, interpolation=cv2.INTER_LINEAR)
