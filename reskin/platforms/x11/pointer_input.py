"""The mouse by XGrabPointer: clicks and moves come here, the game gets none, and it keeps the keyboard and the focus.

A game that holds the mouse itself (to look around with) keeps it: then the state is REFUSED. The server gives it back
by itself when this process ends, however it ends. No round trip is waited for in the loop's thread.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

import xcffib
import xcffib.xproto as xp

from reskin.errors import DisplayError
from reskin.platforms.base import InputState, Pointed
from reskin.platforms.x11.connection import XConnection

REFUSED_NS = 1_000_000_000  # from the wish on
_CROSSHAIR = 34  # in the server's font of cursors
_EVENTS = (xp.ButtonPressEvent, xp.ButtonReleaseEvent, xp.MotionNotifyEvent)
_MASK = xp.EventMask.ButtonPress | xp.EventMask.ButtonRelease | xp.EventMask.PointerMotion


class X11PointerInput:
    name = "XGrabPointer"

    def __init__(self, display: str | None = None) -> None:
        self.state = InputState.OFF
        self._x = XConnection(display)
        self._since_ns = 0
        self._reply: Any = None  # that the next poll reads
        with self._x.guard("making the box mode's cursor"):
            self._cursor = self._crosshair()

    def begin(self) -> None:
        if self.state is InputState.OFF:
            self.state, self._since_ns = InputState.STARTING, time.monotonic_ns()
            with self._x.guard("taking the mouse"):
                self._ask()

    def end(self) -> None:
        if self.state is not InputState.OFF:
            self.state = InputState.OFF
            with self._x.guard("giving the mouse back"):
                self._x.core.UngrabPointer(xp.Time.CurrentTime)
                self._x.flush()

    def poll(self) -> list[Pointed]:
        with self._x.guard("listening to the mouse"):
            if self.state is InputState.STARTING:
                self._take()
            pointed = [_pointed(event) for event in self._x.events() if isinstance(event, _EVENTS)]
        return pointed if self.state is InputState.ACTIVE else []

    def close(self) -> None:
        with contextlib.suppress(DisplayError, xcffib.XcffibException):
            self.end()
        with contextlib.suppress(xcffib.XcffibException):
            self._x.close()
        self.state = InputState.OFF

    def _take(self) -> None:
        if self._reply.reply().status == xp.GrabStatus.Success:
            self.state = InputState.ACTIVE
        elif time.monotonic_ns() - self._since_ns < REFUSED_NS:
            self._ask()
        else:
            self.state = InputState.REFUSED

    def _ask(self) -> None:
        mode = xp.GrabMode.Async
        self._reply = self._x.core.GrabPointer(
            False, self._x.root, _MASK, mode, mode, 0, self._cursor, xp.Time.CurrentTime
        )
        self._x.flush()

    def _crosshair(self) -> int:
        font, cursor = self._x.new_id(), self._x.new_id()
        name = "cursor"
        self._x.core.OpenFont(font, len(name), name)
        white, black = (65535,) * 3, (0,) * 3
        self._x.core.CreateGlyphCursor(cursor, font, font, _CROSSHAIR, _CROSSHAIR + 1, *white, *black)
        self._x.core.CloseFont(font)
        return cursor


def _pointed(event: Any) -> Pointed:
    if isinstance(event, xp.MotionNotifyEvent):
        return Pointed(event.root_x, event.root_y)
    return Pointed(event.root_x, event.root_y, event.detail, pressed=isinstance(event, xp.ButtonPressEvent))
