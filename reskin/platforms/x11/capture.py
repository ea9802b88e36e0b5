"""Grabs one window's own pixels, also while the overlay or anything else covers it.

XComposite keeps a redirected window's picture in a pixmap of its own; MIT-SHM copies it into memory that we share with
the server. Client area only: no title bar, no border, and not the shadow that a window draws around itself. A minimised
window has no picture, so it is PAUSED.

Each grab names the pixmap anew and asks for geometry, visibility and pixels in one round trip. A pixmap that is named
once and kept goes stale without any error after a resize, and after an unmap that is undone between two grabs; naming
is two requests without replies, so there is no state to get wrong. StructureNotify events only tell us of the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import xcffib
import xcffib.composite
import xcffib.shm
import xcffib.xproto as xp

from reskin.errors import CaptureError
from reskin.frame import Frame, Region
from reskin.platforms.base import CaptureState
from reskin.platforms.x11.connection import XConnection
from reskin.platforms.x11.shared_segment import SharedSegment, segment_for
from reskin.platforms.x11.windows import covered_share, is_away, shadow_px

_MIN_SIDE_PX = 2  # toolkits park windows at 0x0 and 1x1; there is nothing to paint in them
_ALL_PLANES = 0xFFFFFFFF
_DEPTHS = (24, 32)  # four bytes a pixel, B G R and one without meaning
_LOOK_AROUND_EVERY = 4  # locates, 0.17 s, so that with a tick 250 ms are kept: a few round trips for each window above
_COVERED_SHARE = 0.25  # by windows above the game: our overlay would hide them, and the player wants to see them
_TRIES = 3  # a window that is being dragged larger can change between our question and our answer


class X11WindowCapture:
    """Capture of the window with the given X id. `Frame.bgra_u8` is the shared memory itself: valid until next grab."""

    def __init__(self, window_id: int, *, display: str | None = None, pauses_when_covered: bool = False) -> None:
        self.window_id = window_id
        self._segment: SharedSegment | None = None
        self._index = 0
        self._state = CaptureState.PAUSED
        self._size = (0, 0)  # (h, w)
        self._border_px = 0
        self._shadow_px = (0, 0, 0, 0)  # left, right, top, bottom
        self._looks_for_cover = pauses_when_covered
        self._locates = 0
        self._is_covered = False
        self.name, self.title = f"x11 window {window_id:#x}", ""
        self._x = XConnection(display)
        try:
            self._composite = self._x.extension(xcffib.composite)
            self._shm = self._x.extension(xcffib.shm)
            self._pixmap = self._x.new_id()  # one id for life: freed and named again at each grab
            self._begin()
        except xcffib.Error as error:
            self._x.close()
            raise CaptureError(
                f"capturing window {window_id:#x}: the server has no such window ({type(error).__name__}). "
                "It was closed, or the id is wrong; `reskin windows` lists what is there."
            ) from error
        except BaseException:  # a refusal that is tried again twice a second would use up the server's connections
            self._x.close()
            raise

    def _begin(self) -> None:
        with self._x.guard(f"capturing {self.name}"):
            geometry = self._x.core.GetGeometry(self.window_id).reply()
            if geometry.depth not in _DEPTHS:
                raise CaptureError(
                    f"capturing {self.name}: its pixels have {geometry.depth} bits, expected 24 or 32. "
                    "Set the screen to 24-bit colour, then start the game again."
                )
            mask = xp.EventMask.StructureNotify
            self._x.core.ChangeWindowAttributes(self.window_id, xp.CW.EventMask, [mask], is_checked=True).check()
            self._composite.RedirectWindow(self.window_id, xcffib.composite.Redirect.Automatic, is_checked=True).check()
            self.title = self._x.window_title(self.window_id)
            self.name = f"x11 window {self.window_id:#x} {self.title!r}"
            self._shadow_px = shadow_px(self._x, self.window_id)
            self._take(geometry, self._x.core.GetWindowAttributes(self.window_id).reply())

    @property
    def state(self) -> CaptureState:
        """As the last grab or locate saw it."""
        return self._state

    def locate(self) -> Region | None:
        """Client area on the screen: without the window manager's frame, negative when off its left or upper edge."""
        if self._state is CaptureState.LOST:
            return None
        if self._locates % _LOOK_AROUND_EVERY == 0:
            with self._x.guard(f"looking for what covers {self.name}"):
                self._look_around()
        self._locates += 1
        with self._x.guard(f"locating {self.name}"):
            geometry = self._x.core.GetGeometry(self.window_id)
            attributes = self._x.core.GetWindowAttributes(self.window_id)
            origin_request = self._x.core.TranslateCoordinates(self.window_id, self._x.root, 0, 0)
            try:
                self._take(geometry.reply(), attributes.reply())
                origin = origin_request.reply()
            except xcffib.Error:
                self._state = CaptureState.LOST
        if self._state is not CaptureState.ACTIVE:
            return None
        h, w = self._size
        left, _, top, _ = self._shadow_px
        return Region(origin.dst_x + left, origin.dst_y + top, w, h)

    def _look_around(self) -> None:
        """What changes seldom: the shadow, which a maximised window has not, and whether the player sees the window."""
        self._shadow_px = shadow_px(self._x, self.window_id)
        if self._looks_for_cover:
            away = is_away(self._x, self.window_id)
            self._is_covered = away or covered_share(self._x, self.window_id) >= _COVERED_SHARE

    def grab(self) -> Frame | None:
        if self._state is CaptureState.LOST:
            return None
        with self._x.guard(f"grabbing {self.name}"):
            for event in self._x.events():
                if isinstance(event, xp.DestroyNotifyEvent) and event.window == self.window_id:
                    self._state = CaptureState.LOST
                    return None
            for _ in range(_TRIES):
                captured_ns = time.monotonic_ns()
                if self._copy_pixels():
                    self._index += 1
                    h, w = self._size
                    assert self._segment is not None
                    return Frame(self._index - 1, captured_ns, self._segment.pixels(h, w))
                if self._state is not CaptureState.ACTIVE:
                    return None
        return None

    def _copy_pixels(self) -> bool:
        """One round trip; False when the window is not ACTIVE or had another size than expected: then ask again."""
        expected = self._size
        h, w = max(1, expected[0]), max(1, expected[1])
        self._segment = segment_for(self._x, self._shm, self._segment, h * w * 4)
        left, _, top, _ = self._shadow_px
        origin = (self._border_px + left, self._border_px + top)
        to_segment = (_ALL_PLANES, xp.ImageFormat.ZPixmap, self._segment.xid, 0)
        # The replies asked for last also bring the outcome of the checked requests before them.
        named = self._composite.NameWindowPixmap(self.window_id, self._pixmap, is_checked=True)
        image = self._shm.GetImage(self._pixmap, *origin, w, h, *to_segment)
        freed = self._x.core.FreePixmap(self._pixmap, is_checked=True)
        geometry = self._x.core.GetGeometry(self.window_id)
        attributes = self._x.core.GetWindowAttributes(self.window_id)
        outcomes = [_went_well(answer) for answer in (named.check, image.reply, freed.check)]
        try:
            self._take(geometry.reply(), attributes.reply())
        except xcffib.Error:
            self._state = CaptureState.LOST
        return all(outcomes) and self._state is CaptureState.ACTIVE and self._size == expected

    def _take(self, geometry: Any, attributes: Any) -> None:
        """Size and state as the server tells them; seen only when the window and all its parents are mapped."""
        left, right, top, bottom = self._shadow_px
        self._size = (geometry.height - top - bottom, geometry.width - left - right)
        self._border_px = geometry.border_width
        viewable = attributes.map_state == xp.MapState.Viewable and min(self._size) >= _MIN_SIDE_PX
        self._state = CaptureState.ACTIVE if viewable and not self._is_covered else CaptureState.PAUSED

    def close(self) -> None:
        """Let go of the window; closing twice, or after the display went away, is fine."""
        self._state = CaptureState.LOST
        self._segment = None
        self._x.close()


def _went_well(answer: Callable[[], object]) -> bool:
    try:
        answer()
    except xcffib.Error:
        return False
    return True
