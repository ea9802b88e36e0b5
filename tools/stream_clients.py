"""The two programs that show the stream to others, driven without a screen: Debian's Chromium and OBS.

`with feeder() as stream, chromium() as browser:` and `with obs(stream.links.mjpeg) as client:`. Everything ends with
the block. Knows nothing of what is measured: tools/bench_stream.py and tests/live do.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from reskin.errors import DisplayError
from reskin.marker import MARKER_H_PX, MARKER_W_PX, read_marker
from reskin.virtual_display import VirtualDisplay
from tools.stream_feeder import Links
from tools.theme_frames import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

START_LIMIT_S = 60.0
END_LIMIT_S = 10.0
POLL_S = 0.1
MARKER_QUALITY = 50  # of JPEG: a marker's blocks can be read; at 100 the answer alone takes 100 ms more
SCENE, INPUT = "Reskin", "Reskin stream"
CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]  # as root and without a graphics card


class Feeder:
    """tools/stream_feeder.py as a process; after `kill`, `start` opens the same links again."""

    def __init__(self, size_px: tuple[int, int], home: Path) -> None:
        self._size_px = size_px
        self._home = home
        self._port = 0
        self._process: subprocess.Popen[str] | None = None
        self.links = self.start()

    def start(self) -> Links:
        w, h = self._size_px
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "tools" / "stream_feeder.py"), "--port", str(self._port), "--size", f"{w}x{h}"],
            env={**os.environ, "RESKIN_HOME": str(self._home)}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        links = Links(**json.loads(self._process.stdout.readline()))
        self._port = int(links.page.split(":")[2].split("/")[0])
        return links

    def kill(self) -> None:
        """As a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()


@contextlib.contextmanager
def feeder(size_px: tuple[int, int] = (1280, 720)) -> Iterator[Feeder]:
    with tempfile.TemporaryDirectory(prefix="reskin-feeder-") as home:
        running = Feeder(size_px, Path(home))
        try:
            yield running
        finally:
            running.kill()


@contextlib.contextmanager
def chromium(*options: str) -> Iterator[Browser]:
    """Debian's Chromium without a screen; playwright drives it and downloads nothing."""
    from playwright.sync_api import sync_playwright

    program = found("chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*CHROMIUM_OPTIONS, *options])
        try:
            yield browser
        finally:
            browser.close()


def found(program: str, package: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise DisplayError(f"starting {program}: it is not installed. Debian, Ubuntu: apt-get install {package}")
    return path


class Obs:
    """A running OBS with one scene that shows one Media Source, over obs-websocket."""

    def __init__(self, client: Any, size_px: tuple[int, int], display: str) -> None:
        self.display = display  # where its window is
        self._client = client
        self._size_px = size_px

    def screenshot(self, share: int = 1, quality: int = 100) -> np.ndarray:
        """(h, w, 3) BGR of the program, in size divided by `share`. The larger the answer, the longer OBS is at it."""
        w, h = (side // share for side in self._size_px)
        answer = self._client.get_source_screenshot(SCENE, "jpg", w, h, quality)
        data = base64.b64decode(answer.image_data.split(",", 1)[1])
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None, "OBS sent no picture"
        return picture

    def marker(self) -> int | None:
        """That of the program now."""
        half = self.screenshot(2, MARKER_QUALITY)[: MARKER_H_PX // 2, : MARKER_W_PX // 2]
        return read_marker(half.repeat(2, axis=0).repeat(2, axis=1))

    def save_screenshot(self, path: Path) -> None:
        cv2.imwrite(str(path), self.screenshot())

    def show(self, url: str) -> None:
        """Asked again while OBS, which may still be making its window, refuses it."""
        from obsws_python.error import OBSSDKRequestError

        end_s = time.monotonic() + START_LIMIT_S
        while True:
            try:
                return self._show(url)
            except OBSSDKRequestError:
                if time.monotonic() > end_s:
                    raise
                time.sleep(POLL_S)

    def _show(self, url: str) -> None:
        if SCENE not in [scene["sceneName"] for scene in self._client.get_scene_list().scenes]:
            self._client.create_scene(SCENE)
        self._client.set_current_program_scene(SCENE)
        options = {"is_local_file": False, "input": url, "reconnect_delay_sec": 1, "hw_decode": False}
        self._client.create_input(SCENE, INPUT, "ffmpeg_source", options, True)


@contextlib.contextmanager
def obs(url: str, size_px: tuple[int, int] = (1280, 720), *, preview: bool = False) -> Iterator[Obs]:
    """OBS on a virtual display of its own, showing `url` as a Media Source with the settings a player would leave."""
    import obsws_python

    program = found("obs", "obs-studio")
    port, password = _free_port(), secrets.token_hex(8)
    with tempfile.TemporaryDirectory(prefix="reskin-obs-") as home, VirtualDisplay((1600, 900)) as display:
        _write_settings(Path(home), port, password, size_px, preview=preview)
        runtime = Path(home) / "run"
        runtime.mkdir(mode=0o700)
        environment = display.environment() | {
            "HOME": home, "XDG_CONFIG_HOME": f"{home}/.config", "XDG_RUNTIME_DIR": str(runtime),
            "LIBGL_ALWAYS_SOFTWARE": "1", "QT_QPA_PLATFORM": "xcb",
        }  # fmt: skip
        arguments = ["--multi", "--collection", "reskin", "--profile", "reskin", "--disable-missing-files-check"]
        process = subprocess.Popen(
            [program, *arguments, *([] if preview else ["--minimize-to-tray"])],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            _wait_for_port(port, process)
            client = obsws_python.ReqClient(host="127.0.0.1", port=port, password=password, timeout=START_LIMIT_S)
            try:
                running = Obs(client, size_px, display.name)
                running.show(url)
                yield running
            finally:
                client.disconnect()
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(END_LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _write_settings(home: Path, port: int, password: str, size_px: tuple[int, int], *, preview: bool) -> None:
    w, h = size_px
    folder = home / ".config" / "obs-studio"
    profile = folder / "basic" / "profiles" / "reskin"
    profile.mkdir(parents=True)
    (folder / "basic" / "scenes").mkdir()
    (folder / "global.ini").write_text(
        "[General]\nFirstRun=true\nEnableAutoUpdates=false\nLastVersion=486539266\n"
        f"[BasicWindow]\nPreviewEnabled={str(preview).lower()}\n"
        "[Basic]\nProfile=reskin\nProfileDir=reskin\nSceneCollection=reskin\nSceneCollectionFile=reskin\n"
        f"[OBSWebSocket]\nFirstLoad=false\nServerEnabled=true\nAuthRequired=true\nServerPassword={password}\n"
        f"ServerPort={port}\nAlertsEnabled=false\n"
    )
    (profile / "basic.ini").write_text(
        f"[General]\nName=reskin\n[Video]\nBaseCX={w}\nBaseCY={h}\nOutputCX={w}\nOutputCY={h}\n"
        "FPSType=0\nFPSCommon=30\n"
    )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    end_s = time.monotonic() + START_LIMIT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            time.sleep(1)  # its window is still being made: what it is asked before may be lost, or refused
            return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > end_s:
                raise DisplayError(
                    f"starting OBS: obs-websocket did not answer within {START_LIMIT_S:.0f} s "
                    f"(exit status {process.poll()}). Run `obs` by hand to see why."
                ) from error
            time.sleep(POLL_S)
