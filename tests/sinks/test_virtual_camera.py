"""The virtual camera with a device that is a list, and the real package's own word where there is none."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvirtualcam
from click.testing import CliRunner

from reskin.cli import cli
from reskin.errors import SinkError
from reskin.frame import Region
from reskin.sinks import virtual_camera
from reskin.sinks.virtual_camera import VirtualCamera
from tests.platforms.looking import plain_frame

REGION = Region(0, 0, 321, 180)


class ListDevice:
    """A backend of pyvirtualcam: what its package asks of one, and a list of what it was sent."""

    opened: list[tuple[int, int, str]]
    sent: list[np.ndarray]
    failure: Exception | None

    def __init__(self, *, width: int, height: int, fps: float, fourcc: int, device: str | None, **_: Any) -> None:
        assert fps == 24
        type(self).opened.append((width, height, pyvirtualcam.util.decode_fourcc(fourcc)))
        self._shape = (height, width, 3)

    def send(self, frame: np.ndarray) -> None:
        if self.failure is not None:
            raise self.failure
        type(self).sent.append(frame.reshape(self._shape).copy())

    def device(self) -> str:
        return "list"

    def native_fourcc(self) -> None:
        return None

    def close(self) -> None:
        pass


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> type[ListDevice]:
    monkeypatch.setattr(pyvirtualcam.camera, "BACKENDS", {"list": ListDevice})
    ListDevice.opened, ListDevice.sent, ListDevice.failure = [], [], None
    return ListDevice


def shown(camera: VirtualCamera, device: type[ListDevice], frame: Any) -> np.ndarray:
    count = len(device.sent)
    end_s = time.monotonic() + 10
    while len(device.sent) == count:
        camera.show(frame, REGION)
        time.sleep(0.002)
        assert time.monotonic() < end_s
    return device.sent[-1]


def test_the_camera_gets_the_picture_and_keeps_its_size(device: type[ListDevice]) -> None:
    camera = VirtualCamera()
    picture = shown(camera, device, plain_frame((321, 180), (200, 40, 90)))
    assert picture.shape == (180, 320, 3)
    assert np.abs(picture[90, 160].astype(int) - (200, 40, 90)).max() <= 1
    while not (device.sent[-1][:, [0, -1]] == 0).all():  # until those of the old size have gone through
        shown(camera, device, plain_frame((90, 90), (200, 40, 90)))
    assert device.sent[-1].shape == (180, 320, 3)
    camera.close()
    assert device.opened[1:] == [(320, 180, "24BG")]


def test_a_device_that_fails_says_so_at_the_next_frame(device: type[ListDevice]) -> None:
    camera = VirtualCamera()
    device.failure = OSError("the device is gone")
    with pytest.raises(SinkError, match="virtual camera: OSError: the device is gone"):
        shown(camera, device, plain_frame((64, 48), (1, 2, 3)))
    with pytest.raises(SinkError):
        camera.close()


@pytest.mark.skipif(bool(list(Path("/dev").glob("video*"))), reason="there is a video device here")
def test_without_a_device_the_command_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SinkError, match=r"no device.*v4l2.*modprobe v4l2loopback"):
        VirtualCamera()
    help_text = " ".join(CliRunner().invoke(cli, ["run", "--help"]).stdout.split())
    assert "--virtual-camera" in help_text
    assert "GPL" in help_text


def test_without_the_package_it_says_how_to_get_it_and_under_which_licence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_camera, "find_spec", lambda name: None)
    with pytest.raises(SinkError, match=r"-m pip install .*pyvirtualcam.*GPL"):
        VirtualCamera()
    assert importlib.util.find_spec("pyvirtualcam") is not None
