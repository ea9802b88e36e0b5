"""A screen of our own where there is none: Xvfb with the window manager openbox, for demo, tests and benchmarks.

A window manager is part of it because without one programs take the focus from each other as they please. Both end
with this process, also when it is killed. Linux only; the environment of this process is left alone.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import time
from types import TracebackType
from typing import Self

from reskin.errors import DisplayError

_PACKAGES = {"Xvfb": "xvfb", "openbox": "openbox"}
_START_LIMIT_S = 20.0
_POLL_S = 0.02
_STOP_LIMIT_S = 5.0


class VirtualDisplay:
    """`with VirtualDisplay((1280, 720)) as display:` programs started with DISPLAY=display.name appear there."""

    def __init__(self, size_px: tuple[int, int] = (1280, 720)) -> None:
        self.size_px = size_px  # (width, height)
        self.name = ""  # ":42" while it runs
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        for program, package in _PACKAGES.items():
            if shutil.which(program) is None:
                raise DisplayError(
                    f"starting a virtual display: the program {program} is not installed. "
                    f"Install it (Debian, Ubuntu: apt-get install {package}) or run on a desktop."
                )
        try:
            self.name = self._start_server()
            self._start("openbox", "--sm-disable")
            self._wait_for_window_manager()
        except BaseException:  # also Ctrl-C while starting: leave nothing behind
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def environment(self) -> dict[str, str]:
        """This process's environment with the display set, for programs that shall appear on it."""
        kept = {name: value for name, value in os.environ.items() if name not in ("WAYLAND_DISPLAY", "XAUTHORITY")}
        return kept | {"DISPLAY": self.name}

    def stop(self) -> None:
        """End the window manager, then the server. Twice is fine."""
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(_STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def _start_server(self) -> str:
        """Start Xvfb; it picks a free number itself and writes it to a pipe when it is ready."""
        reader, writer = os.pipe()
        w, h = self.size_px
        try:
            server = self._start(
                "Xvfb", "-displayfd", str(writer), "-screen", "0", f"{w}x{h}x24", "-nolisten", "tcp", "-noreset",
                keep=writer,
            )  # fmt: skip
            os.close(writer)
            writer = -1
            number = _read_line(reader, time.monotonic() + _START_LIMIT_S)
        finally:
            os.close(reader)
            if writer >= 0:
                os.close(writer)
        if not number:
            raise DisplayError(
                f"starting Xvfb at {w}x{h}: it gave no display number within {_START_LIMIT_S:.0f} s "
                f"(exit status {server.poll()}). Run `Xvfb :99 -screen 0 {w}x{h}x24` to see why."
            )
        return f":{number}"

    def _start(self, *command: str, keep: int | None = None) -> subprocess.Popen[bytes]:
        """In a session of its own, so that Ctrl-C reaches us first; told by the kernel to end when we die."""
        setpriv = shutil.which("setpriv")  # util-linux; without it only a kill of this process leaves orphans
        prefix = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
        process = subprocess.Popen(
            [*prefix, *command],
            env=self.environment() if self.name else None,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=() if keep is None else (keep,), start_new_session=True,
        )  # fmt: skip
        self._processes.append(process)
        return process

    def _wait_for_window_manager(self) -> None:
        from reskin.platforms.x11.connection import XConnection

        x = XConnection(self.name)
        try:
            end_s = time.monotonic() + _START_LIMIT_S
            while not x.property_numbers(x.root, "_NET_SUPPORTING_WM_CHECK"):
                if time.monotonic() > end_s or self._processes[-1].poll() is not None:
                    raise DisplayError(
                        f"starting openbox on {self.name}: it did not answer within {_START_LIMIT_S:.0f} s "
                        f"(exit status {self._processes[-1].poll()}). Run `openbox` on a display to see why."
                    )
                time.sleep(_POLL_S)
        finally:
            x.close()


def _read_line(reader: int, end_s: float) -> str:
    """Up to the newline: Xvfb writes number and newline apart, and dies if nobody reads the second."""
    text = b""
    while not text.endswith(b"\n"):
        ready, _, _ = select.select([reader], [], [], max(0.0, end_s - time.monotonic()))
        piece = os.read(reader, 16) if ready else b""
        if not piece:
            return ""  # too late, or the server has ended
        text += piece
    return text.decode().strip()
