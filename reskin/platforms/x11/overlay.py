"""The overlay on X11: one borderless window over the game, never focused, that clicks and keys go through.

Override-redirect, so the window manager neither frames, focuses nor restacks it; its input region is empty (XFixes), so
the pointer does not see it. Pixels cross in shared memory: a copy into it and one request a frame.

It lies right above the game, not above everything: menus and lists of the game and screen lockers are override-redirect
as well, so no window manager lists them and the capture, which they cover, does not pause.

Why not SDL (pygame-ce), which was the plan: when the display goes away, Xlib inside SDL ends the process with exit(1)
before Python learns of it, and with that switched off SDL_Quit waits for ever for an event of the dead server
(SDL 2.32, libX11 1.8.4). This window raises DisplayError instead, and needs no SDL settings in the environment.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import xcffib
import xcffib.shm
import xcffib.xfixes
import xcffib.xproto as xp

from reskin.errors import DisplayError, OverlayError
from reskin.frame import Frame, Region
from reskin.platforms.placing import fill, within_limits
from reskin.platforms.x11.connection import XConnection
from reskin.platforms.x11.shared_segment import SharedSegment, segment_for
from reskin.platforms.x11.windows import OVERLAY_CLASS, frame_of

TITLE = "Reskin"  # one window and one title for the program's life: recorders find it again
_RESTACK_EVERY = 6  # frames, 250 ms: above a game that raises itself
_DEPTHS = (24, 32)
_CONFIGURE_WINDOW = 12  # the request's number


class X11Overlay:
    """Sink over the window that `game` gives (0: over all there are). A region partly off the screen is cut by the
    server; the frame need not have its size.
    """

    name = "x11 overlay"

    def __init__(self, *, game: Callable[[], int] = lambda: 0, display: str | None = None) -> None:
        self._game = game
        self._framed = (0, 0)  # the game's window, and the window manager's frame round it
        # The server may still read one while we fill the other.
        self._segments: list[SharedSegment | None] = [None, None]
        self._region = Region(0, 0, 1, 1)
        self._mapped = False
        self._shown = 0
        self._x = XConnection(display)
        try:
            self._open()
        except BaseException:
            self._x.close()
            raise

    def _open(self) -> None:
        if self._x.root_depth not in _DEPTHS:
            raise OverlayError(
                f"opening the overlay: the screen {self._x.name} has {self._x.root_depth}-bit colour, expected 24. "
                "Switch the screen to 24-bit colour."
            )
        self._shm = self._x.extension(xcffib.shm)
        with self._x.guard("opening the overlay"):
            self._window = self._create_window()
            self._gc = self._x.new_id()
            self._x.core.CreateGC(self._gc, self._window, 0, [])
            self._let_input_through()

    def _create_window(self) -> int:
        window, core = self._x.new_id(), self._x.core
        mask = xp.CW.BackPixmap | xp.CW.BitGravity | xp.CW.OverrideRedirect
        values = [xp.BackPixmap._None, xp.Gravity.NorthWest, 1]  # nothing is cleared when it moves or grows: no flash
        core.CreateWindow(
            self._x.root_depth, window, self._x.root, 0, 0, 1, 1, 0,
            xp.WindowClass.InputOutput, self._x.root_visual, mask, values, is_checked=True,
        ).check()  # fmt: skip
        self._x.set_text(window, "_NET_WM_NAME", TITLE)
        self._x.set_text(window, "WM_NAME", TITLE, "STRING")
        self._x.set_text(window, "WM_CLASS", f"{OVERLAY_CLASS}\0{OVERLAY_CLASS}\0", "STRING")
        self._x.set_numbers(window, "_NET_WM_PID", (os.getpid(),), "CARDINAL")
        return window

    def _let_input_through(self) -> None:
        """An empty input region: clicks, wheel and pointer motion reach what lies below."""
        xfixes = self._x.extension(xcffib.xfixes)
        empty = self._x.new_id()
        xfixes.CreateRegion(empty, 0, [])
        xfixes.SetWindowShapeRegion(self._window, xcffib.shape.SK.Input, 0, 0, empty, is_checked=True).check()
        xfixes.DestroyRegion(empty)

    def show(self, frame: Frame, region: Region) -> None:
        """Hand the frame to the server and return, without waiting for it: 0.4 ms at 1280x720, most of it the copy.

        Waiting would cost a round trip, 0.1 ms when idle but 10 ms beside a game that takes all cores. So a refusal is
        learnt of, and raised, at the next frame.
        """
        region = within_limits(region)
        with self._x.guard("showing a frame on the overlay"):
            self._raise_refusals()
            turn = self._shown % len(self._segments)
            segment = segment_for(self._x, self._shm, self._segments[turn], region.w * region.h * 4)
            self._segments[turn] = segment
            fill(segment.pixels(region.h, region.w), frame.bgra_u8)
            self._place(region)
            self._put(region, segment)
            self._x.flush()
            self._region = region
            self._shown += 1

    def _raise_refusals(self) -> None:
        for event in self._x.events():
            if isinstance(event, xp.WindowError | xp.MatchError) and event.major_opcode == _CONFIGURE_WINDOW:
                self._framed = (0, 0)  # the frame is gone: the window manager has given the game another
                self._restack()
            elif isinstance(event, xcffib.Error):
                size = f"{self._region.w}x{self._region.h}"
                raise OverlayError(
                    f"showing a {size} frame on the overlay: the X server refused ({type(event).__name__}). "
                    "Its memory may be full; close other programs or make the game's window smaller."
                )

    def _place(self, region: Region) -> None:
        core, configure = self._x.core, xp.ConfigWindow
        if region != self._region:
            mask = configure.X | configure.Y | configure.Width | configure.Height
            core.ConfigureWindow(self._window, mask, [region.x, region.y, region.w, region.h])
        if not self._mapped or self._shown % _RESTACK_EVERY == 0:
            self._restack()
        if not self._mapped:
            core.MapWindow(self._window)
            self._mapped = True

    def _restack(self) -> None:
        """Waits for the server only when the game's window is another than before."""
        game, configure = self._game(), xp.ConfigWindow
        if game == 0:
            self._x.core.ConfigureWindow(self._window, configure.StackMode, [xp.StackMode.Above])
            return
        if self._framed[0] != game:
            self._framed = (game, frame_of(self._x, game))
        if (frame := self._framed[1]) == 0:
            self._framed = (0, 0)  # it has just closed
            return
        self._x.core.ConfigureWindow(self._window, configure.Sibling | configure.StackMode, [frame, xp.StackMode.Above])

    def _put(self, region: Region, segment: SharedSegment) -> None:
        size_px = (region.w, region.h)
        self._shm.PutImage(
            self._window, self._gc, *size_px, 0, 0, *size_px, 0, 0,
            self._x.root_depth, xp.ImageFormat.ZPixmap, False, segment.xid, 0,
        )  # fmt: skip

    def hide(self) -> None:
        """The untouched game at once; the next show brings the overlay back."""
        with self._x.guard("hiding the overlay"):
            self._x.core.UnmapWindow(self._window, is_checked=True).check()
        self._mapped = False

    def rest(self) -> None:
        """Nothing: X waits for no answer of a window."""

    def close(self) -> None:
        """Closing twice, or after the display went away, is fine."""
        try:
            with self._x.guard("closing the overlay"):
                self._x.core.DestroyWindow(self._window, is_checked=True).check()
        except (DisplayError, xcffib.XcffibException):
            pass  # gone already, which is what was wanted
        self._x.close()
