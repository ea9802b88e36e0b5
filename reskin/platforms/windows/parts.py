"""What implements which protocol on Windows: the best that works here is taken, and each that is not says why.

`System` is all that touches Windows or a Windows-only package; `fake.toolkit.FakeSystem().system` is one over a fake
desktop, and the tests run this very file over it on any machine.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reskin.doctor_row import Choice
from reskin.errors import CaptureError, ReskinError
from reskin.frame import Region
from reskin.platforms.base import Capture, Hotkeys, Overlay
from reskin.platforms.window_info import WindowInfo, choose_window
from reskin.platforms.windows import win32 as w
from reskin.platforms.windows.desktop import BUILD_EXCLUDE, BUILD_WINDOW_CAPTURE, Desktop
from reskin.platforms.windows.duplication import DuplicationCapture
from reskin.platforms.windows.game_window import GameWindow, obstacle
from reskin.platforms.windows.hotkeys import WindowsHotkeys, taken_chords
from reskin.platforms.windows.overlay import WindowsOverlay
from reskin.platforms.windows.region_capture import FollowingRegionCapture, refused
from reskin.platforms.windows.win32 import Win32, Win32Error, WindowsLibraries
from reskin.platforms.windows.window_capture import WindowCapture
from reskin.remedies import install_command, pip

BACKEND_VARIABLE = "RESKIN_CAPTURE"  # names one backend, for trying out: window, screen or region
_SHELL = ("Progman", "WorkerW", "Shell_TrayWnd", "Windows.UI.Core.CoreWindow")  # the desktop, the task bar, the store


def _import_dxcam() -> Any:
    return importlib.import_module("dxcam")


def _import_windows_capture() -> Any:
    return importlib.import_module("windows_capture")


def _import_pygame() -> Any:
    return importlib.import_module("pygame")


def _open_region(region: Region) -> Capture:
    from reskin.platforms.region_capture import RegionCapture

    return RegionCapture(region)


def _open_pynput(bindings: Mapping[str, str]) -> Hotkeys:
    from reskin.platforms.pynput_hotkeys import PynputHotkeys

    return PynputHotkeys(bindings)


@dataclass(frozen=True, kw_only=True)
class System:
    """Windows as this program meets it. Making one makes the process aware of the screens' scales."""

    desktop: Desktop = field(default_factory=lambda: Desktop(Win32(WindowsLibraries())))
    dxcam: Callable[[], Any] = _import_dxcam
    windows_capture: Callable[[], Any] = _import_windows_capture
    pygame: Callable[[], Any] = _import_pygame
    open_region: Callable[[Region], Capture] = _open_region
    fallback_hotkeys: Callable[[Mapping[str, str]], Hotkeys] = _open_pynput


_system: list[System] = []


def system() -> System:
    """The one of this process, made at the first call."""
    if not _system:
        _system.append(System())
    return _system[0]


def list_windows() -> list[WindowInfo]:
    """Every window that a person would call one, without our own; `obstacle` says which cannot be reskinned.

    Bottommost first: a new window comes on top, so that the last is the newest, as on X11.
    """
    desktop = system().desktop
    found = []
    for window in reversed(desktop.windows()):
        try:
            info = _describe(desktop, window)
        except Win32Error:
            continue  # it closed meanwhile
        if info is not None:
            found.append(info)
    return found


def _describe(desktop: Desktop, window: int) -> WindowInfo | None:
    title = desktop.title(window)
    if not title or not desktop.is_visible(window) or desktop.extended_style(window) & w.WS_EX_TOOLWINDOW:
        return None
    pid, class_name = desktop.pid(window), desktop.class_name(window)
    if class_name in _SHELL or pid == os.getpid():
        return None
    return WindowInfo(
        id=window, title=title, wm_class=desktop.program(pid) or class_name, pid=pid,
        region=desktop.client_region(window), minimised=desktop.is_minimised(window),
        obstacle=obstacle(desktop, window),
    )  # fmt: skip


def open_window(query: str) -> Capture:
    """The window by the best way that works; CaptureError says what stood against each."""
    here = system()
    game = GameWindow(here.desktop, choose_window(list_windows(), query).id)
    ways: dict[str, Callable[[], Capture]] = {
        "window": lambda: WindowCapture(game, here.windows_capture),
        "screen": lambda: DuplicationCapture(game, here.dxcam),
        "region": lambda: FollowingRegionCapture(game, here.open_region),
    }
    asked = os.environ.get(BACKEND_VARIABLE, "")
    if asked and asked not in ways:
        raise CaptureError(f"choosing a capture: {BACKEND_VARIABLE} is {asked!r}, expected {', '.join(ways)}.")
    reasons = []
    for name, open_it in ways.items():
        if asked in ("", name):
            if name != "window" and (reason := _cannot_hide(here.desktop)):
                reasons.append((name, reason))
                continue
            try:
                return open_it()
            except ReskinError as error:
                reasons.append((name, str(error)))
    raise refused(reasons, game.title)


def open_overlay(capture: Capture | None, *, only_in_front: bool) -> Overlay:
    here = system()
    return WindowsOverlay(
        here.desktop, here.pygame, game=lambda: getattr(capture, "window_id", 0),  # another when it reopens
        excluded=bool(getattr(capture, "sees_overlay", False)), only_in_front=only_in_front,
    )  # fmt: skip


def open_hotkeys(bindings: Mapping[str, str]) -> Hotkeys:
    here = system()
    return WindowsHotkeys(here.desktop, bindings, here.fallback_hotkeys)


def probe(bindings: Mapping[str, str]) -> list[Choice]:
    """The rows of `reskin doctor`."""
    try:
        here = system()
    except (ReskinError, AttributeError, OSError) as error:
        return [Choice(part=part, chosen="none", why=str(error)) for part in ("capture", "overlay", "hotkeys")]
    to_come = [Choice(part=part, chosen="none", why="not built for Windows yet") for part in ("prompt bar", "box mode")]
    return [_probe_capture(here), _probe_overlay(here), _probe_hotkeys(here, bindings), *to_come]


def notes() -> list[str]:
    """What a player should know of this desktop: for `reskin doctor`."""
    desktop = system().desktop
    found = [desktop.dpi_note] if desktop.dpi_note else []
    if screens := desktop.hdr_screens():
        found.append(
            f"{screens} screen{'s are' if screens > 1 else ' is'} in HDR. Reskin works in SDR: Windows converts what "
            "is grabbed, so bright parts may look washed out. Reskin never switches HDR; you can, by Win+Alt+B."
        )
    return found


def _cannot_hide(desktop: Desktop) -> str:
    """Why a capture of the screen would film the overlay too; empty when it would not."""
    if desktop.build >= BUILD_EXCLUDE:
        return ""
    return f"Windows build {desktop.build} cannot leave the overlay out of captures, {BUILD_EXCLUDE} (10, 2004) can"


def _probe_capture(here: System) -> Choice:
    why = {
        "window": "one window's own pixels, also while covered; recorders see the overlay",
        "screen": "what the screen shows under the window; the overlay is left out of all captures, recorders' too",
        "region": "the screen under the window by GDI: slow, and black with some games",
    }
    names = {"window": "windows-capture", "screen": "dxcam", "region": "mss"}
    against = {"window": _against_window(here), "screen": _against_screen(here), "region": _cannot_hide(here.desktop)}
    chosen = next((way for way, reason in against.items() if not reason), None)
    others = tuple(
        (names[way], reason or f"comes after {names[str(chosen)]}") for way, reason in against.items() if way != chosen
    )
    if chosen is None:
        return Choice(part="capture", chosen="none", why="no way works here", not_chosen=others)
    return Choice(part="capture", chosen=names[chosen], why=why[chosen], not_chosen=others)


def _against_window(here: System) -> str:
    if here.desktop.build < BUILD_WINDOW_CAPTURE:
        return f"Windows build {here.desktop.build} cannot capture a window, {BUILD_WINDOW_CAPTURE} (10, 1903) can"
    return _not_loading(here.windows_capture, install_command("windows"))


def _against_screen(here: System) -> str:
    return _cannot_hide(here.desktop) or _not_loading(here.dxcam, pip("install dxcam"))


def _not_loading(load: Callable[[], Any], install: str) -> str:
    try:
        load()
    except Exception as error:  # noqa: BLE001  a package may fail in any way while it looks for GPUs
        return f"it cannot be loaded ({error}); {install}"
    return ""


def _probe_overlay(here: System) -> Choice:
    hidden = _cannot_hide(here.desktop) or "can be left out of captures"
    return Choice(part="overlay", chosen="SDL (pygame-ce)", why=f"layered, on top, clicks go through; {hidden}")


def _probe_hotkeys(here: System, bindings: Mapping[str, str]) -> Choice:
    try:
        taken = taken_chords(here.desktop, bindings)
    except ReskinError as error:
        return Choice(part="hotkeys", chosen="none", why=str(error))
    named = "; ".join(f"{action} {bindings[action]}: {reason}" for action, reason in taken.items())
    return Choice(
        part="hotkeys", chosen="RegisterHotKey", why="Windows hears them and keeps them from the game",
        not_chosen=(("pynput", f"hears keys without taking them; used for {named}" if named else "no chord needs it"),),
    )  # fmt: skip
