"""What the page of `reskin serve` is tried with: a clip as Chromium's fake camera, and the server as a process.

`write_camera(path, (640, 360), 10)`, then `with served("-m", "reskin", "serve") as server:` and
`with chromium(*camera_options(path)) as browser:`.
Everything ends with the block. Knows nothing of what is measured: tools/bench_page.py and tests/serve do.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from reskin.errors import DisplayError, VideoError
from reskin.marker import draw_marker
from reskin.pace import TICK_HZ
from reskin.serve.tokens import kept_tokens
from reskin.video import VideoReader
from tools.theme_frames import FOOTAGE, ROOT

CLIP = "supertux"
END_S = 30.0  # a cluster stops its replicas first


def write_camera(
    path: Path, size_px: tuple[int, int], seconds: float, clip: str = CLIP, *, or_demo: bool = False
) -> int:
    """The clip at 24 a second as raw video (Y4M, nothing to decode), the frame's number as a marker in its corner.

    `size_px` is (w, h), both even. VideoError where the clip is missing, or with `or_demo` the bundled game stands in:
    for tests, never for a figure. Returns the number of frames.
    """
    source = FOOTAGE / f"{clip}.mp4"
    if not source.exists() and not or_demo:
        there = ", ".join(sorted(found.stem for found in FOOTAGE.glob("*.mp4"))) or "none"
        raise VideoError(
            f"playing the clip {clip!r} to a camera: {source} is not there. Clips there: {there}. Put it there, or "
            "name another clip."
        )
    w, h = size_px
    count = 0
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{w} H{h} F{TICK_HZ}:1 Ip A1:1 C420jpeg\n".encode())
        for bgra_u8 in islice(_frames(source, size_px), round(seconds * TICK_HZ)):
            draw_marker(bgra_u8, count)
            i420 = cv2.cvtColor(np.ascontiguousarray(bgra_u8[..., :3]), cv2.COLOR_BGR2YUV_I420)
            file.write(b"FRAME\n" + i420.tobytes())
            count += 1
    return count


def _frames(source: Path, size_px: tuple[int, int]) -> Iterator[np.ndarray]:
    if not source.exists():
        from reskin.demo.stream import demo_frames

        yield from demo_frames(size_px[::-1], 1 / TICK_HZ)
        return
    while True:
        with VideoReader(source) as reader:
            for frame in reader:
                yield cv2.resize(frame.bgra_u8, size_px, interpolation=cv2.INTER_AREA)


def camera_options(camera: Path) -> list[str]:
    """For `chromium`: that file is the camera, and who is asked for it says yes. Our own certificate is taken too."""
    return [
        "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}", "--ignore-certificate-errors",
    ]  # fmt: skip


class Served:
    """A server as a process; after `kill`, `start` opens the same address again."""

    def __init__(self, home: Path, command: tuple[str, ...]) -> None:
        self._home = home
        self._command = command
        self._process: subprocess.Popen[str] | None = None
        self._port = "0"
        self.links: dict[str, str] = {}  # "play", "watch"
        self.start()

    def status(self) -> dict[str, Any]:
        """What it tells its operator: /status.json."""
        token = kept_tokens(self._home / "serve-secret").issue("admin", 1)
        address = f"{self.links['play'].partition('#')[0]}status.json"
        asked = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(asked, timeout=10, context=ssl._create_unverified_context()) as answer:
            return json.load(answer)

    def start(self) -> None:
        """The links of before still let in: the secret behind them is kept."""
        self._process = subprocess.Popen(
            [sys.executable, *self._command, "--port", self._port], stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, "RESKIN_HOME": str(self._home), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        assert self._process.stdout is not None
        self.links = {}
        for line in self._process.stdout:
            if found := re.match(r"(Play|Watch): +(http\S+:(\d+)/#\S+)", line):
                self.links[found[1].lower()] = found[2]
                self._port = found[3]
            if line.startswith("Admin:"):
                return
        raise DisplayError(f"starting {' '.join(self._command)}: it ended before it printed its links")

    def kill(self) -> None:
        """As a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._close()

    def end(self) -> None:
        """As Ctrl-C would; killed where that does not help."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._close()

    def _close(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextlib.contextmanager
def served(*command: str) -> Iterator[Served]:
    """`served("-m", "reskin", "serve", "--preset", "nano")`: arguments of this Python."""
    with tempfile.TemporaryDirectory(prefix="reskin-serve-") as home:
        running = Served(Path(home), command)
        try:
            yield running
        finally:
            running.end()
