"""The windows of an X11 desktop as its window manager lists them (EWMH _NET_CLIENT_LIST), without our own."""

from __future__ import annotations

import contextlib

import xcffib
import xcffib.xproto as xp

from reskin.frame import Region
from reskin.platforms.window_info import WindowInfo, choose_window
from reskin.platforms.x11.connection import XConnection

OVERLAY_CLASS = "reskin-overlay"
OUTPUT_CLASS = "reskin-output"  # of the second window: what is shown there must not be captured again
_OURS = (OVERLAY_CLASS, OUTPUT_CLASS)
_ICONIC = 3  # WM_STATE of a minimised window, ICCCM 4.1.3.1


def list_windows(display: str | None = None) -> list[WindowInfo]:
    """Oldest first. Windows that close meanwhile are left out. DisplayError without a display."""
    x = XConnection(display)
    try:
        with x.guard("listing windows"):
            found = [_describe(x, window) for window in _window_ids(x)]
    finally:
        x.close()
    return [window for window in found if window is not None and window.wm_class not in _OURS]


def find_window(query: str, display: str | None = None) -> WindowInfo:
    """The one window that `query` means; CaptureError lists the candidates otherwise."""
    return choose_window(list_windows(display), query)


def covered_share(x: XConnection, window: int) -> float:
    """Which part of a window others above it cover, at most; 0 where no window manager tells their order.

    Our own do not count: the second window shows what the overlay over it shows, and is captured from beneath as well.
    """
    order = list(x.property_numbers(x.root, "_NET_CLIENT_LIST_STACKING"))
    if window not in order:
        return 0.0
    own = _place(x, window)
    if own is None or own.w * own.h == 0:
        return 0.0
    covered = 0
    for other in order[order.index(window) + 1 :]:
        place = _place(x, other)
        if place is not None and _class_of(x, other) not in _OURS:
            w = min(own.x + own.w, place.x + place.w) - max(own.x, place.x)
            h = min(own.y + own.h, place.y + place.h) - max(own.y, place.y)
            covered += max(0, w) * max(0, h)
    return min(1.0, covered / (own.w * own.h))


def _place(x: XConnection, window: int) -> Region | None:
    """Where a window is seen; None for one that is not."""
    try:
        geometry = x.core.GetGeometry(window).reply()
        origin = x.core.TranslateCoordinates(window, x.root, 0, 0).reply()
        if x.core.GetWindowAttributes(window).reply().map_state != xp.MapState.Viewable:
            return None
    except xcffib.Error:
        return None
    return Region(origin.dst_x, origin.dst_y, geometry.width, geometry.height)


def _window_ids(x: XConnection) -> list[int]:
    listed = x.property_numbers(x.root, "_NET_CLIENT_LIST")
    if listed or x.property_numbers(x.root, "_NET_SUPPORTING_WM_CHECK"):
        return list(listed)
    ids = []  # no window manager: what a program put on the screen itself, without menus and tooltips
    for window in x.core.QueryTree(x.root).reply().children:
        with contextlib.suppress(xcffib.Error):
            attributes = x.core.GetWindowAttributes(window).reply()
            if attributes.map_state == xp.MapState.Viewable and not attributes.override_redirect:
                ids.append(window)
    return ids


def _describe(x: XConnection, window: int) -> WindowInfo | None:
    try:
        geometry = x.core.GetGeometry(window).reply()
        origin = x.core.TranslateCoordinates(window, x.root, 0, 0).reply()
    except xcffib.Error:
        return None
    states = x.property_numbers(window, "_NET_WM_STATE")
    pids = x.property_numbers(window, "_NET_WM_PID")
    return WindowInfo(
        id=window,
        title=x.window_title(window),
        wm_class=_class_of(x, window),
        pid=pids[0] if pids else None,
        region=Region(origin.dst_x, origin.dst_y, geometry.width, geometry.height),
        minimised=x.atom("_NET_WM_STATE_HIDDEN") in states or x.property_numbers(window, "WM_STATE")[:1] == (_ICONIC,),
    )


def _class_of(x: XConnection, window: int) -> str:
    return x.property_text(window, "WM_CLASS").rstrip("\0").rpartition("\0")[2]
