"""The windows of an X11 desktop as its window manager lists them (EWMH _NET_CLIENT_LIST), without our own.

And what is asked of one: whether the player sees it, and which part of it is the window's own.
"""

from __future__ import annotations

import contextlib
from typing import Any

import xcffib
import xcffib.xproto as xp

from reskin.frame import Region
from reskin.platforms.window_info import WindowInfo, choose_window
from reskin.platforms.x11.connection import XConnection

OVERLAY_CLASS = "reskin-overlay"
OUTPUT_CLASS = "reskin-output"  # of the second window: what is shown there must not be captured again
_OURS = (OVERLAY_CLASS, OUTPUT_CLASS)
_ICONIC = 3  # WM_STATE of a minimised window, ICCCM 4.1.3.1
_EVERY_DESKTOP = 0xFFFFFFFF  # _NET_WM_DESKTOP of a window that is on all of them
# Window managers that show one workspace on all screens and keep the windows of the others mapped, for previews. The
# rest unmap them; of those some (i3, bspwm, xmonad) show a workspace on each screen, and only one of these is current.
_KEEP_MAPPED = ("mutter", "muffin", "gnome shell", "kwin")


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

    Our own do not count: the second window shows the same picture as the overlay beneath it.
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
        if place is None:
            continue
        w = min(own.x + own.w, place.x + place.w) - max(own.x, place.x)
        h = min(own.y + own.h, place.y + place.h) - max(own.y, place.y)
        if min(w, h) > 0 and _class_of(x, other) not in _OURS and not is_away(x, other):
            covered += w * h
    return min(1.0, covered / (own.w * own.h))


def is_away(x: XConnection, window: int) -> bool:
    """Whether it is minimised or on another workspace though it is mapped, as Mutter, Muffin and KWin leave it."""
    if x.atom("_NET_WM_STATE_HIDDEN") in x.property_numbers(window, "_NET_WM_STATE"):
        return True
    own, current = x.property_numbers(window, "_NET_WM_DESKTOP"), x.property_numbers(x.root, "_NET_CURRENT_DESKTOP")
    if not own or not current or own[0] in (current[0], _EVERY_DESKTOP):
        return False
    manager = x.property_numbers(x.root, "_NET_SUPPORTING_WM_CHECK")
    name = x.property_text(manager[0], "_NET_WM_NAME").lower() if manager else ""
    return any(known in name for known in _KEEP_MAPPED)


def shadow_px(x: XConnection, window: int) -> tuple[int, int, int, int]:
    """Left, right, top, bottom: what a window with a frame of its own (GTK's) draws around that, and is see-through."""
    extents = x.property_numbers(window, "_GTK_FRAME_EXTENTS")
    left, right, top, bottom = extents if len(extents) == 4 else (0, 0, 0, 0)
    return left, right, top, bottom


def frame_of(x: XConnection, window: int) -> int:
    """What the window manager has put it into, a child of the root; itself where there is none; 0 when it is gone."""
    with contextlib.suppress(xcffib.Error):
        while (tree := x.core.QueryTree(window).reply()).parent != tree.root:
            window = tree.parent
        return window
    return 0


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
    """What the window manager lists, or without one what programs put on the screen themselves.

    And what keeps away from it though it has a title and is large, as older fullscreen games (SDL 1.2, Allegro, Wine
    without a managed window), but no menu or tooltip.
    """
    ids = list(x.property_numbers(x.root, "_NET_CLIENT_LIST"))
    is_managed = bool(ids or x.property_numbers(x.root, "_NET_SUPPORTING_WM_CHECK"))
    asked = [(window, x.core.GetWindowAttributes(window)) for window in x.core.QueryTree(x.root).reply().children]
    for window, answer in asked:
        with contextlib.suppress(xcffib.Error):
            attributes = answer.reply()
            if attributes.map_state != xp.MapState.Viewable:
                continue
            if _is_fullscreen(x, window, attributes) if attributes.override_redirect else not is_managed:
                ids.append(window)
    return ids


def _is_fullscreen(x: XConnection, window: int, attributes: Any) -> bool:
    """Half of the screen or 640x480 at least: there may be several monitors. One without pixels (InputOnly) is no game:
    Mutter has a large one of its own.
    """
    own, whole = x.core.GetGeometry(window).reply(), x.core.GetGeometry(x.root).reply()
    is_large = own.width >= min(640, whole.width // 2) and own.height >= min(480, whole.height // 2)
    return is_large and attributes._class == xp.WindowClass.InputOutput and bool(x.window_title(window))


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
