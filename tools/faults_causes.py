"""The faults of tools/faults.py: a table of how each is caused, how it is seen, and how it ends.

A cause gives the moment just before it was asked for, so the X server's and the window manager's own time is part of
what is measured. Linux only: signals, prlimit, tmpfs. Knows nothing of tables or verdicts.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import resource
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import xcffib.xproto as xp

from reskin.frame import Region
from reskin.platforms.x11.connection import XConnection
from tools.chaos import DemoDesktop
from tools.faults_app import STAND_IN, App
from tools.faults_screen import Look, Screen

SEEN_LIMIT_S = 10.0
DISK_MB = 4
DISK_FULL_S = 5.0
NO_ANSWER_MS = float("inf")
_CLIENT_MESSAGE = 33
_ICONIC = 3  # WM_CHANGE_STATE's, ICCCM 4.1.4
_PLACED_BY_US = 1 | 2  # WM_NORMAL_HINTS' USPosition and USSize


class Bench:
    """The desktop, the app and the eyes of one fault; `with` it ends what the fault has left."""

    app: App
    screen: Screen

    def __init__(self, desktop: DemoDesktop, folder: Path) -> None:
        self.desktop = desktop
        self.x = XConnection(desktop.name)
        self.made = 0  # the window that covers the game, or the black one in it
        self._disk = folder / "disk"
        self._has_disk = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.x.close()
        if self._has_disk:
            subprocess.run(["umount", str(self._disk)], check=True)

    @property
    def game(self) -> int:
        return self.desktop.window.id

    @property
    def place(self) -> Region:
        """Of the game, as it was when it was looked at last."""
        place = next(look.game for look in reversed(self.screen.looks) if look.game is not None)
        assert place is not None
        return place

    def ask(self, request: Callable[[], object]) -> int:
        """The moment before a request to the X server, which has it when this returns."""
        began_ns = time.monotonic_ns()
        request()
        self.x.flush()
        return began_ns

    def signal_engine(self, number: signal.Signals) -> int:
        pid = self.app.engine_pid()
        began_ns = time.monotonic_ns()
        os.kill(pid, number)
        return began_ns

    def server_pid(self) -> int:
        """Of the X server: who listens at the other end of our connection."""
        with socket.socket(fileno=os.dup(self.x._connection.get_file_descriptor())) as line:
            credentials = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", credentials)[0])

    def small_disk(self) -> Path:
        """A disk of a few MB, of our own."""
        self._disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(self._disk)], check=True)
        self._has_disk = True
        return self._disk

    def fill_disk(self) -> int:
        began_ns = time.monotonic_ns()
        with contextlib.suppress(OSError), (self._disk / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
        return began_ns


Measured = tuple[float, float]  # ms until it was so, and how many of them may be ours
Measure = Callable[[Bench, int], Measured]  # the second is when the fault began
Cure = Callable[[Bench], int | None]  # when the cause had ended; None: the app itself has to end it


def looks(holds: Callable[[Look], bool]) -> Measure:
    """Until the first look at the screen of which that holds."""

    def measure(bench: Bench, began_ns: int) -> Measured:
        look = bench.screen.first(holds, after_ns=began_ns, limit_s=SEEN_LIMIT_S)
        if look is None:
            return NO_ANSWER_MS, 0.0
        return (look.at_ns - began_ns) / 1e6, (look.at_ns - look.before_ns) / 1e6

    return measure


def _longest_without_skin(bench: Bench, began_ns: int) -> Measured:
    time.sleep(DISK_FULL_S)
    with_skin_ns = [began_ns, *(look.at_ns for look in bench.screen.looks if look.has_skin and look.at_ns > began_ns)]
    with_skin_ns.append(time.monotonic_ns())
    longest_ns = max(later - earlier for earlier, later in itertools.pairwise(with_skin_ns))
    usual_ns = max(look.at_ns - look.before_ns for look in bench.screen.looks if look.at_ns > began_ns)
    return max(0, longest_ns - usual_ns) / 1e6, usual_ns / 1e6


def _app_has_ended(bench: Bench, began_ns: int) -> Measured:
    while bench.app.process.poll() is None:
        if time.monotonic_ns() - began_ns > SEEN_LIMIT_S * 1e9:
            return NO_ANSWER_MS, 0.0
        time.sleep(0.002)
    return (time.monotonic_ns() - began_ns) / 1e6, 2.0


def _no_cure(bench: Bench) -> int | None:
    return None


_UNTOUCHED = looks(lambda look: look.is_untouched)
_BARE = looks(lambda look: look.is_bare)  # where the game is not seen, or the skin of black is black
_FITS = looks(lambda look: look.fits)


@dataclass(frozen=True, kw_only=True)
class Fault:
    name: str
    cause: Callable[[Bench], int]
    measure: Measure = _UNTOUCHED
    cure: Cure = _no_cure
    stands_s: float = 0.0  # from the cause to the cure
    bound_ms: float = 250.0
    reason: str = ""  # for another bound
    engine: str = ""  # another than the one asked for
    returns: bool = True  # the skin
    by_pixels: bool = True
    fills_disk: bool = False


def _close(bench: Bench) -> int:
    return bench.ask(lambda: bench.x.core.KillClient(bench.game))


def _open_again(bench: Bench) -> int:
    bench.desktop.restart_game()
    bench.screen.window = bench.game
    return time.monotonic_ns()


def _minimise(bench: Bench) -> int:
    message = struct.pack(
        "=BBHII5I", _CLIENT_MESSAGE, 32, 0, bench.game, bench.x.atom("WM_CHANGE_STATE"), _ICONIC, 0, 0, 0, 0
    )
    mask = xp.EventMask.SubstructureRedirect | xp.EventMask.SubstructureNotify
    return bench.ask(lambda: bench.x.core.SendEvent(False, bench.x.root, mask, message))


def _restore(bench: Bench) -> int:
    return bench.ask(lambda: bench.x.core.MapWindow(bench.game))


def _cover(bench: Bench) -> int:
    """Its left half, by an ordinary window, which the window manager lists."""
    place, x = bench.place, bench.x
    bench.made = x.new_id()
    x.core.CreateWindow(
        x.root_depth, bench.made, x.root, place.x, place.y, place.w // 2, place.h, 0, xp.WindowClass.InputOutput,
        x.root_visual, xp.CW.BackPixel, [0x808080],
    )  # fmt: skip
    x.set_text(bench.made, "_NET_WM_NAME", "In front")
    x.set_numbers(bench.made, "WM_NORMAL_HINTS", (_PLACED_BY_US, *[0] * 17), "WM_SIZE_HINTS")
    return bench.ask(lambda: x.core.MapWindow(bench.made))


def _blacken(bench: Bench) -> int:
    """A black window within the game's own: what a game paints that paints nothing."""
    x, place = bench.x, bench.place
    bench.made = x.new_id()
    x.core.CreateWindow(
        xp.WindowClass.CopyFromParent, bench.made, bench.game, 0, 0, place.w, place.h, 0,
        xp.WindowClass.InputOutput, xp.WindowClass.CopyFromParent, xp.CW.BackPixel, [0],
    )  # fmt: skip
    return bench.ask(lambda: x.core.MapWindow(bench.made))


def _take_away(bench: Bench) -> int:
    return bench.ask(lambda: bench.x.core.DestroyWindow(bench.made))


def _move(bench: Bench) -> int:
    for name, left, output in (("left", 0, "screen"), ("right", 720, "none")):
        command = ["xrandr", "--setmonitor", name, f"720/190x480/120+{left}+0", output]
        subprocess.run(command, check=True, timeout=20, capture_output=True)
    mask = xp.ConfigWindow.X | xp.ConfigWindow.Y
    to = [760 if bench.place.x < 400 else 20, 40]
    return bench.ask(lambda: bench.x.core.ConfigureWindow(bench.game, mask, to))


def _tell(bench: Bench, word: str) -> int:
    began_ns = time.monotonic_ns()
    bench.app.tell(word)
    return began_ns


def _slow_down(bench: Bench) -> int:
    began_ns = time.monotonic_ns()
    bench.app.slow_down(True)
    return began_ns


def _go_on(bench: Bench) -> int:
    return bench.signal_engine(signal.SIGCONT)


def _fill_memory(bench: Bench) -> int:
    """The engine gets no more memory than it has."""
    pid = bench.app.engine_pid()
    began_ns = time.monotonic_ns()
    resource.prlimit(pid, resource.RLIMIT_AS, (1 << 20, 1 << 20))
    return began_ns


def _size(bench: Bench, w: int, h: int) -> int:
    mask = xp.ConfigWindow.Width | xp.ConfigWindow.Height
    return bench.ask(lambda: bench.x.core.ConfigureWindow(bench.game, mask, [w, h]))


def _end_display(bench: Bench) -> int:
    began_ns = time.monotonic_ns()
    os.kill(bench.server_pid(), signal.SIGKILL)
    return began_ns


_ALL = (
    Fault(name="window closed", cause=_close, cure=_open_again, stands_s=3, measure=_BARE),
    Fault(name="window minimised", cause=_minimise, cure=_restore, stands_s=3, measure=_BARE),
    Fault(
        name="window covered", cause=_cover, cure=_take_away, stands_s=3, measure=_BARE
    ),
    Fault(name="window resized", cause=partial(_size, w=512, h=288), measure=_FITS),
    Fault(name="window moved to another monitor", cause=_move, measure=_FITS),
    Fault(
        name="capture black", cause=_blacken, cure=_take_away, stands_s=5, measure=_BARE, bound_ms=2500,
        reason="a game's own fade through black, or its loading, is no fault: 2 s (BLACK_NS), then the skin fades out "
        "in 250 ms; what is shown meanwhile is the black game's own skin",
    ),
    Fault(
        name="capture stalled", cause=partial(_tell, word="stall"), cure=partial(_tell, word="go on"), stands_s=4,
        measure=_BARE, by_pixels=False,
    ),
    Fault(name="engine late", cause=lambda bench: bench.signal_engine(signal.SIGSTOP), cure=_go_on, stands_s=1),
    Fault(name="engine hung", cause=lambda bench: bench.signal_engine(signal.SIGSTOP)),
    Fault(name="engine dead", cause=lambda bench: bench.signal_engine(signal.SIGKILL)),
    Fault(name="engine out of memory", cause=_fill_memory, engine=STAND_IN),
    Fault(name="out of memory, seen only as slowness", cause=_slow_down, engine=STAND_IN),
    Fault(
        name="disk full", cause=Bench.fill_disk, measure=_longest_without_skin, fills_disk=True, returns=False,
        reason="nothing that the picture needs is written: the skin stays, and what is told is for how long it did not",
    ),
    Fault(
        name="display gone", cause=_end_display, measure=_app_has_ended, returns=False, bound_ms=5000, by_pixels=False,
        reason="there is no screen left to show anything: until the app has ended, with a sentence",
    ),
)  # fmt: skip
FAULTS = {fault.name: fault for fault in _ALL}


def why_not(name: str) -> str:
    """Why a fault cannot be caused here; empty where it can."""
    if FAULTS[name].fills_disk and os.geteuid() != 0:
        return "a disk of a few MB (tmpfs) can be mounted by root alone"
    return ""
