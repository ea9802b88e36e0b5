"""One connection to an X server, and the few questions that every X11 part asks of it.

A thin layer over xcffib: it opens the display, turns a connection that broke into DisplayError, and reads properties.
Knows nothing of capturing or showing. Each user opens its own connection: events are then its own as well.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from typing import Any

import xcffib
import xcffib.composite
import xcffib.shape
import xcffib.shm
import xcffib.xfixes
import xcffib.xkb
import xcffib.xproto

from reskin.errors import DisplayError

_PROPERTY_LIMIT = 16384  # 32-bit units; a client list of 16,384 windows, or 64 kB of text
_ANY_TYPE = 0


class XConnection:
    """An open display; every method raises DisplayError once the server is gone."""

    def __init__(self, display: str | None = None) -> None:
        self.name = display or os.environ.get("DISPLAY", "")
        connect: Any = xcffib.connect  # half typed
        try:
            self._connection = connect(display=display)
        except xcffib.XcffibException as error:
            raise DisplayError(no_display(self.name)) from error
        setup = self._connection.get_setup()
        self.key_codes: tuple[int, int] = (setup.min_keycode, setup.max_keycode)
        screen = setup.roots[self._connection.pref_screen]
        self.root: int = screen.root
        self.root_depth: int = screen.root_depth
        self.root_visual: int = screen.root_visual
        self.core: Any = self._connection.core
        self._atoms: dict[str, int] = {}

    def extension(self, module: Any) -> Any:
        """The requests of one extension (xcffib.shm, ...), its version agreed upon with the server; DisplayError."""
        if not self.has_extension(module.key.name):  # asked for unseen, it would close the connection
            raise DisplayError(
                f"using the display {self.name}: its X server has no {module.key.name}, without which Reskin cannot "
                "work there. Expected a local Xorg or XWayland, not ssh -X or an old VNC; `reskin doctor` lists what "
                "is missing."
            )
        with self.guard(f"asking for the extension {module.__name__.rpartition('.')[2]}"):
            requests = self._connection(module.key)
            version = (module.MAJOR_VERSION, module.MINOR_VERSION)
            ask = requests.UseExtension if module is xcffib.xkb else requests.QueryVersion
            (ask() if module is xcffib.shm else ask(*version)).reply()
        return requests

    def has_extension(self, name: str) -> bool:
        """Whether the server has an extension by its protocol name, such as "Composite"."""
        with self.guard("asking for extensions"):
            return bool(self.core.QueryExtension(len(name), name).reply().present)

    @contextlib.contextmanager
    def guard(self, doing: str) -> Iterator[None]:
        """A broken connection inside the block becomes a DisplayError that says what was being done."""
        try:
            yield
        except xcffib.ConnectionException as error:
            raise DisplayError(
                f"{doing}: the display {self.name} went away. Its server or session ended; start Reskin again there."
            ) from error

    def new_id(self) -> int:
        return int(self._connection.generate_id())

    def flush(self) -> None:
        self._connection.flush()

    def events(self) -> Iterator[Any]:
        """What came and is unread: events, and the errors (as xcffib.Error objects) of unchecked requests."""
        while True:
            try:
                event = self._connection.poll_for_event()
            except xcffib.Error as error:
                event = error
            if event is None:
                return
            yield event

    def atom(self, name: str) -> int:
        if name not in self._atoms:
            self._atoms[name] = self.core.InternAtom(False, len(name), name).reply().atom
        return self._atoms[name]

    def property_bytes(self, window: int, name: str) -> bytes:
        """A property's bytes; empty when the window or the property is not there."""
        try:
            reply = self.core.GetProperty(False, window, self.atom(name), _ANY_TYPE, 0, _PROPERTY_LIMIT).reply()
        except xcffib.xproto.WindowError:
            return b""
        return bytes(reply.value.buf())

    def property_numbers(self, window: int, name: str) -> tuple[int, ...]:
        value = self.property_bytes(window, name)
        return struct.unpack(f"={len(value) // 4}I", value[: len(value) // 4 * 4])

    def property_text(self, window: int, name: str) -> str:
        return self.property_bytes(window, name).decode("utf-8", errors="replace")

    def window_title(self, window: int) -> str:
        return self.property_text(window, "_NET_WM_NAME") or self.property_text(window, "WM_NAME")

    def set_text(self, window: int, name: str, text: str, kind: str = "UTF8_STRING") -> None:
        value = text.encode()
        mode = xcffib.xproto.PropMode.Replace
        self.core.ChangeProperty(mode, window, self.atom(name), self.atom(kind), 8, len(value), value)

    def set_numbers(self, window: int, name: str, values: tuple[int, ...], kind: str) -> None:
        mode = xcffib.xproto.PropMode.Replace
        self.core.ChangeProperty(mode, window, self.atom(name), self.atom(kind), 32, len(values), list(values))

    def close(self) -> None:
        self._connection.disconnect()


def no_display(name: str) -> str:
    """The text for a display that cannot be opened, or is not there at all."""
    if name:
        return (
            f'opening the display "{name}": no X server answers there. Expected a running X11 or XWayland session; '
            "check $DISPLAY, or run `reskin demo --headless`, which starts its own."
        )
    if os.environ.get("WAYLAND_DISPLAY"):
        return (
            "opening a display: this is a Wayland session without XWayland ($WAYLAND_DISPLAY is set, $DISPLAY is not). "
            "Reskin sees X11 and XWayland windows only; log in to an X11 session, or install xwayland."
        )
    return (
        "opening a display: $DISPLAY is not set, so there is no screen to work on. Run from within a desktop session, "
        "or run `reskin demo --headless`, which starts its own."
    )
