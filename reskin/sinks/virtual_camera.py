"""A sink that is a webcam to other programs, through pyvirtualcam (the extra `camera`; its licence is the GPL-2).

It needs a device: OBS's own on Windows and macOS, v4l2loopback on Linux. Sending is done in a thread; the camera keeps
the first picture's size, and later ones are fitted in with bars.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import cv2
import numpy as np

from reskin.errors import SinkError
from reskin.frame import Frame, Region
from reskin.letterbox import letterbox
from reskin.pace import TICK_HZ
from reskin.remedies import install_command
from reskin.sinks.mailbox import Mailbox
from reskin.sinks.sink_thread import SinkThread

PROBE_SIZE_PX = (1280, 720)
OpenCamera = Callable[[tuple[int, int]], Any]  # (width, height), both even, to a pyvirtualcam.Camera


class VirtualCamera:
    """SinkError at once where pyvirtualcam or a device is missing, so that it is told before the game."""

    name = "virtual camera"

    def __init__(self, open_camera: OpenCamera | None = None) -> None:
        self._open = open_camera or open_device
        self._open(PROBE_SIZE_PX).close()
        self._thread = SinkThread(self.name, self._send)

    def show(self, frame: Frame, region: Region) -> None:
        self._thread.check()
        self._thread.mailbox.put(frame.index, frame.bgra_u8)

    def close(self) -> None:
        self._thread.close()

    def _send(self, mailbox: Mailbox) -> None:
        item = mailbox.wait()
        if item is None:
            return
        h, w = (max(2, side - side % 2) for side in item[1].shape[:2])  # many programs take no odd size
        fitted = np.empty((h, w, 4), np.uint8)
        camera = self._open((w, h))
        try:
            while item is not None:
                letterbox(item[1], fitted)
                mailbox.give_back(item[1])
                camera.send(cv2.cvtColor(fitted, cv2.COLOR_BGRA2BGR))
                item = mailbox.wait()
        finally:
            camera.close()


def open_device(size_px: tuple[int, int]) -> Any:
    """A camera of (width, height) at 24 fps that takes BGR pictures."""
    if find_spec("pyvirtualcam") is None:
        raise SinkError(
            f"opening the virtual camera: pyvirtualcam is not installed. Run `{install_command('camera')}`; its "
            "licence is the GPL, version 2, and so it is no part of Reskin."
        )
    import pyvirtualcam

    try:
        return pyvirtualcam.Camera(*size_px, TICK_HZ, fmt=pyvirtualcam.PixelFormat.BGR)
    except RuntimeError as error:
        raise SinkError(f"opening the virtual camera: there is no device for it ({error}). {_advice()}") from error


def _advice() -> str:
    if sys.platform.startswith("linux"):
        return "Install v4l2loopback and load it: `sudo modprobe v4l2loopback exclusive_caps=1`."
    return "Install OBS, and leave its own Start Virtual Camera off: one program can have the camera at a time."
