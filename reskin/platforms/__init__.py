"""The parts of Reskin that touch a desktop, chosen for the one it runs on. Everything is imported on first use.

Knows which implementation fills which protocol of `base`, and says why: X11 here, Windows in `windows.parts`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from reskin.doctor_row import Choice
from reskin.errors import CaptureError, DisplayError, ReskinError
from reskin.frame import Region
from reskin.platforms.base import Capture, Hotkeys, Overlay, PointerInput, TextInput

if TYPE_CHECKING:
    from reskin.platforms.window_info import WindowInfo


def list_windows() -> list[WindowInfo]:
    """Every window that can be captured, without our own overlay."""
    if on_windows():
        from reskin.platforms.windows import parts

        return parts.list_windows()
    _require_x11("listing windows")
    from reskin.platforms.x11 import windows

    return windows.list_windows()


def open_window(query: str) -> Capture:
    """Capture the window that `query` means: an id, a title, or a part of title or class. CaptureError if not one."""
    if on_windows():
        from reskin.platforms.windows import parts

        return parts.open_window(query)
    _require_x11(f'capturing the window "{query}"')
    from reskin.platforms.x11.capture import X11WindowCapture
    from reskin.platforms.x11.windows import find_window

    return X11WindowCapture(find_window(query).id, pauses_when_covered=True)


def open_region(region: Region) -> Capture:
    """Capture a rectangle of the screen; it sees whatever is on top there, but on Windows not the overlay.

    CaptureError on X11, which has no such exception: every grab would be what Reskin itself has just shown.
    """
    if on_windows():
        from reskin.platforms.windows import parts

        return parts.system().open_region(region)
    _require_x11("capturing a screen region")
    raise CaptureError(
        "capturing a screen region: X11 cannot leave the overlay out of a region of the screen, so Reskin would film "
        "itself; name the window instead (`reskin windows` lists them)."
    )


def open_overlay(capture: Capture | None = None, *, only_in_front: bool = True) -> Overlay:
    """The window over the game; hidden until its first frame. On Windows it must know what captures under it."""
    if on_windows():
        from reskin.platforms.windows import parts

        return parts.open_overlay(capture, only_in_front=only_in_front)
    _require_x11("opening the overlay")
    from reskin.platforms.x11.overlay import X11Overlay

    return X11Overlay(game=lambda: getattr(capture, "window_id", 0))  # another when it reopens


def open_hotkeys(bindings: Mapping[str, str]) -> Hotkeys:
    """Listen for `bindings`, action to chord. HotkeyError names a chord that cannot be read."""
    if on_windows():
        from reskin.platforms.windows import parts

        return parts.open_hotkeys(bindings)
    _require_x11("listening for hotkeys")
    from reskin.platforms.pynput_hotkeys import PynputHotkeys
    from reskin.platforms.x11.connection import XConnection

    XConnection().close()  # a display that is not there: python-xlib would leave its sockets open
    return PynputHotkeys(bindings)


def open_text_input() -> TextInput:
    """The keyboard for the prompt bar. It stays the game's until the bar opens; on Windows this part is to come."""
    _require_x11("opening the prompt bar's keyboard")
    from reskin.platforms.x11.text_input import X11TextInput

    return X11TextInput()


def open_pointer_input() -> PointerInput:
    """The mouse for the box mode. It stays the game's until the mode begins; on Windows this part is to come."""
    _require_x11("taking the mouse for the box mode")
    from reskin.platforms.x11.pointer_input import X11PointerInput

    return X11PointerInput()


def probe() -> list[Choice]:
    """What would be used here, found out by asking the desktop; never raises, opens nothing that stays."""
    if on_windows():
        from reskin.platforms.windows import parts

        return parts.probe(_bindings())
    return [_probe_capture(), _probe_overlay(), _probe_hotkeys(), _probe_typing(), _probe_dragging()]


def notes() -> list[str]:
    """What a player should know of this desktop."""
    if on_windows():
        from reskin.platforms.windows import parts

        return parts.notes()
    return []


def on_windows() -> bool:
    return sys.platform == "win32"


def _bindings() -> dict[str, str]:
    from reskin.settings import HotkeySettings, load_settings

    try:
        return load_settings().hotkeys.chords()
    except ReskinError:  # the doctor names the broken file elsewhere
        return HotkeySettings().chords()


def _require_x11(doing: str) -> None:
    if not sys.platform.startswith("linux"):
        raise DisplayError(
            f"{doing}: Reskin's screen parts for {sys.platform} are not built yet, only those for X11 on Linux. "
            "`reskin render IN OUT --theme NAME` reskins a video anywhere."
        )
    if not os.environ.get("DISPLAY"):
        from reskin.platforms.x11.connection import no_display

        raise DisplayError(no_display(""))


def _tried(part: str, try_it: Callable[[], Choice]) -> Choice:
    try:
        _require_x11(f"looking for {part}")
        return try_it()
    except (ReskinError, ImportError) as error:
        return Choice(part=part, chosen="none", why=str(error))


def _extensions() -> dict[str, bool]:
    from reskin.platforms.x11.connection import XConnection

    x = XConnection()
    try:
        return {name: x.has_extension(name) for name in ("Composite", "MIT-SHM", "XFIXES", "RECORD")}
    finally:
        x.close()


def _checked(choice: Choice, extensions: tuple[str, ...]) -> Choice:
    """The choice, if the X server has all that it needs."""
    there = _extensions()
    missing = [name for name in extensions if not there[name]]
    if missing:
        return Choice(part=choice.part, chosen="none", why=f"the X server has no {' and no '.join(missing)} extension")
    return choice


def _wayland_note() -> str:
    if os.environ.get("WAYLAND_DISPLAY"):
        return "; this is a Wayland session: only games that run through XWayland can be seen"
    return ""


def _probe_capture() -> Choice:
    choice = Choice(
        part="capture",
        chosen="XComposite + MIT-SHM",
        why=f"one window's own pixels, also while covered; shared memory{_wayland_note()}",
        not_chosen=(("screen region (mss)", "sees the overlay as well as the game"),),
    )
    return _tried("capture", lambda: _checked(choice, ("Composite", "MIT-SHM")))


def _probe_overlay() -> Choice:
    choice = Choice(
        part="overlay",
        chosen="X11 window",
        why="override-redirect, clicks go through (XFixes), pixels in shared memory",
        not_chosen=(("SDL (pygame-ce)", "ends the whole program when the display goes away"),),
    )

    def tried() -> Choice:
        checked = _checked(choice, ("XFIXES", "MIT-SHM"))
        if checked.chosen != "none":
            from reskin.platforms.x11.overlay import X11Overlay

            X11Overlay().close()  # as `run` does it, never shown: a screen of 16 or 30 bits is refused here too
        return checked

    return _tried("overlay", tried)


def _probe_hotkeys() -> Choice:
    choice = Choice(
        part="hotkeys",
        chosen="pynput",
        why=f"heard while the game has the focus (X RECORD); the game hears them too{_wayland_note()}",
        not_chosen=(("XGrabKey", "takes the keys, and the keyboard while one is held, away from the game"),),
    )
    return _tried("hotkeys", lambda: _checked(choice, ("RECORD",)))


def _probe_typing() -> Choice:
    def tried() -> Choice:
        open_text_input().close()
        return Choice(
            part="prompt bar",
            chosen="XGrabKeyboard",
            why="what is typed while it is open does not reach the game",
        )

    return _tried("prompt bar", tried)


def _probe_dragging() -> Choice:
    def tried() -> Choice:
        open_pointer_input().close()
        return Choice(part="box mode", chosen="XGrabPointer", why="the mouse is ours while boxes are dragged")

    return _tried("box mode", tried)
