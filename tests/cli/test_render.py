"""Files in a theme: the picture's bytes, the video's length and sound, and that nothing half is ever left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from reskin.errors import VideoError
from reskin.flash_safety import FlashProfile
from reskin.frame import Frame
from reskin.pace import TICK_NS
from reskin.picture_file import read_picture, write_picture
from reskin.render import Rendered, render_file
from reskin.renderer import TintRenderer
from reskin.themes import parse_theme
from reskin.video import VideoReader, VideoWriter
from tests.reskin.flash_rule import judge

ROOT = Path(__file__).resolve().parent.parent.parent
THEME = parse_theme('name = "Test"\n[material.sky]\ncolors = ["#000000", "#ff0000"]')


def nothing(done: int, total: int | None) -> None:
    """Progress that nobody looks at."""


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A second of 24 grey frames with a tone."""
    path = tmp_path / "clip.mp4"
    source = ["-f", "lavfi", "-i", "color=gray:s=64x48:r=24:d=1", "-f", "lavfi", "-i", "sine=frequency=440:duration=1"]
    subprocess.run(["ffmpeg", "-v", "error", *source, "-pix_fmt", "yuv420p", str(path)], check=True)
    return path


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_picture_becomes_a_picture_in_the_theme(tmp_path: Path) -> None:
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    cv2.imwrite(str(source), np.full((30, 40, 3), 100, np.uint8))
    assert render_file(source, target, THEME, TintRenderer(), nothing) == Rendered(frames=1, size_px=(40, 30))
    expected = [50, 50, 177]  # half the grey, half the theme's red, in BGR
    np.testing.assert_allclose(read_picture(target)[..., :3], np.broadcast_to(expected, (30, 40, 3)), atol=1)
    assert files_in(tmp_path) == {"in.png", "out.png"}


def test_a_video_keeps_its_frames_and_its_sound(clip: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    target = tmp_path / "out.mp4"
    done = render_file(clip, target, THEME, TintRenderer(), lambda *progress: told.append(progress))
    assert done == Rendered(frames=24, size_px=(64, 48))
    assert told == [(n, 24) for n in range(1, 25)]
    with av.open(str(target)) as container:
        assert container.streams.video[0].frames == 24
        assert len(container.streams.audio) == 1
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert picture[..., 0].mean() > picture[..., 2].mean() + 60


def test_flashes_in_a_burst_of_frames_keep_the_rule_in_a_video_that_is_slow_on_average(tmp_path: Path) -> None:
    """A recording of a screen: two frames a second while nothing moves, then 48 with four flashes."""
    times_ms = [500 * n for n in range(12)] + [6000 + 1000 * n // 48 for n in range(96)]
    source, target = tmp_path / "in.mp4", tmp_path / "out.mp4"
    with VideoWriter(source, (64, 48), 24) as writer:
        for index, time_ms in enumerate(times_ms):
            level = 255 if time_ms >= 6000 and index // 6 % 2 else 0
            writer.write(Frame(index, time_ms * 1_000_000, np.full((48, 64, 4), level, np.uint8)))
    with VideoReader(source) as reader:
        assert reader.fps < 24
        assert 40 < reader.fastest_hz() < 60
        assert not judge(burst_of(reader)).passes
    render_file(source, target, THEME, TintRenderer(), nothing)
    with VideoReader(target) as reader:
        after = judge(burst_of(reader))
    assert after.passes, after


def burst_of(reader: VideoReader) -> list[np.ndarray]:
    """The frames from the sixth second on, every second of them: 24 a second, as `judge` takes them."""
    return [frame.bgra_u8 for frame in reader if frame.captured_ns >= 5_990_000_000][::2]


@pytest.mark.parametrize("profile", ["broadcast", "off"])
def test_a_rendered_video_keeps_the_flash_rule_unless_the_limiter_is_off(profile: FlashProfile, tmp_path: Path) -> None:
    source, target = tmp_path / "flashing.mp4", tmp_path / "out.mp4"
    with VideoWriter(source, (64, 48), 24) as writer:
        for index in range(72):
            pixels = np.full((48, 64, 4), 255 * (index // 2 % 2), np.uint8)
            writer.write(Frame(index, index * TICK_NS, pixels))
    render_file(source, target, THEME, TintRenderer(), nothing, profile)
    with VideoReader(target) as reader:
        shown = [frame.bgra_u8[::4, ::4, :3].copy() for frame in reader]
    assert len(shown) == 72
    assert judge(shown).passes is (profile == "broadcast")


def test_a_picture_too_large_for_its_kind_of_file_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"16384x1 is too large for \.webp; name it \.png"):
        write_picture(tmp_path / "out.webp", np.zeros((1, 16384, 3), np.uint8))
    assert files_in(tmp_path) == set()


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("in.png", "out.mp4", "the first is a picture by its name and the second a video; expected two of a kind"),
        ("in.png", "in.png", "the target is the same file"),
        ("none.png", "out.png", "reading the picture .*none.png: No such file or directory"),
        ("text.png", "out.png", "it is none; expected one of .png, .jpg"),
        ("in.png", "no/folder/out.png", "writing the picture .*out.png: there is no folder .*folder; make it first"),
        ("none.mp4", "out.mp4", "there is no such file"),
    ],
)
def test_what_cannot_be_rendered_is_told(source: str, target: str, message: str, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "in.png"), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(VideoError, match=message):
        render_file(tmp_path / source, tmp_path / target, THEME, TintRenderer(), nothing)
    assert files_in(tmp_path) == {"in.png", "text.png"}


RENDER_FOR_EVER = """
import sys, time
from pathlib import Path
from reskin import engine_renderer
from reskin.renderer import TintRenderer

class Slow(TintRenderer):
    def render(self, *arguments):
        sys.stdout.write("painting\\n"); sys.stdout.flush()
        time.sleep(0.2)
        return super().render(*arguments)

engine_renderer.create = lambda preset: Slow()
from reskin.cli import main
main()
"""


def test_ctrl_c_removes_the_unfinished_video_and_exits_with_130(clip: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        RENDER_FOR_EVER,
        "render",
        str(clip),
        str(tmp_path / "out.mp4"),
        "--theme",
        "candy",
    ]
    pipe = subprocess.PIPE
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "painting\n"
        assert len(files_in(tmp_path)) == 2, "the clip and the part that is written"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert files_in(tmp_path) == {"clip.mp4"}
