"""A recording stays playable whatever ends it: a kill, a full disk, a window that changes its size."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from reskin import video_encoders
from reskin.errors import VideoError
from reskin.frame import Frame, Region
from reskin.letterbox import letterbox
from reskin.pace import TICK_HZ
from reskin.sinks.recording import RecordingSink
from reskin.video import VideoReader
from reskin.video_encoders import SOFTWARE, Encoder, first_that_works, why_not
from tests.platforms.looking import plain_frame

REGION = Region(0, 0, 320, 180)
RECORD_UNTIL_KILLED = """
import sys, time, itertools
from pathlib import Path
from reskin.frame import Region
from reskin.sinks.recording import RecordingSink
from tests.platforms.looking import plain_frame

sinks = [RecordingSink(Path(name)) for name in sys.argv[1:]]
began_s = time.monotonic()
for index in itertools.count(1):
    for sink in sinks:
        sink.show(plain_frame((320, 180), (index % 250, 90, 30), index), Region(0, 0, 320, 180))
    print(min(sink.written for sink in sinks) / 24, flush=True)
    time.sleep(max(0, began_s + index / 24 - time.monotonic()))
"""


def playable(path: Path) -> tuple[float, str]:
    """Seconds that ffprobe can decode, by its own count of frames, and what it complains of."""
    command = ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries"]
    command += ["stream=nb_read_frames", "-of", "csv=p=0", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0].strip(",")) / TICK_HZ, done.stderr


def moving(index: int, size_px: tuple[int, int]) -> Frame:
    """Noise: what no encoder can make small."""
    w, h = size_px
    return Frame(index, 0, np.random.default_rng(index).integers(0, 255, (h, w, 4), np.uint8))


def test_a_killed_recording_plays_to_within_a_second_of_its_end(tmp_path: Path) -> None:
    names = [tmp_path / "play.mp4", tmp_path / "play.mkv"]
    process = subprocess.Popen(
        [sys.executable, "-c", RECORD_UNTIL_KILLED, *map(str, names)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert process.stdout is not None
    written_s = 0.0
    while written_s < 3:
        written_s = float(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    for name in names:
        assert playable(name)[0] > written_s - 1, name
    assert sorted(tmp_path.iterdir()) == sorted(names)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mount.returncode != 0:
        pytest.skip("only root can mount the small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("name", ["play.mp4", "play.mkv"])
def test_a_full_disk_ends_the_recording_with_a_sentence_and_keeps_what_was_recorded(
    small_disk: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns = [0]
    monkeypatch.setattr(time, "monotonic_ns", lambda: now_ns[0])
    sink = RecordingSink(small_disk / name)

    def record_until_it_says_no() -> None:
        for index in range(2000):
            sink.show(moving(index, (320, 180)), REGION)
            now_ns[0] += 1_000_000_000 // TICK_HZ
            time.sleep(0.001)

    with pytest.raises(VideoError, match=r"No space left on device.*space"):
        record_until_it_says_no()
    with pytest.raises(VideoError):
        sink.close()
    seconds, _ = playable(small_disk / name)
    assert seconds > 0.2


def test_a_window_that_changes_its_size_is_fitted_into_the_first_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns = [0]
    monkeypatch.setattr(time, "monotonic_ns", lambda: now_ns[0])
    sink = RecordingSink(tmp_path / "play.mp4")
    for size_px in ((320, 180), (180, 180)):
        for _ in range(12):
            sink.show(plain_frame(size_px, (40, 90, 200)), REGION)
            now_ns[0] += 1_000_000_000 // TICK_HZ
            time.sleep(0.005)
    sink.close()
    with VideoReader(tmp_path / "play.mp4") as video:
        frames = [frame.bgra_u8[..., :3].astype(int) for frame in video]
    assert video.size_px == (320, 180)
    assert np.abs(frames[0] - (40, 90, 200)).max() <= 6
    bars, inside = frames[-1][:, [5, 314]], frames[-1][:, 80:240]
    assert bars.max() <= 12
    assert np.abs(inside - (40, 90, 200)).max() <= 12


@pytest.mark.parametrize(("w", "half_w"), [(320, 320), (4000, 1919)])
def test_a_split_recording_has_the_game_left_and_the_skin_right(tmp_path: Path, w: int, half_w: int) -> None:
    sink = RecordingSink(tmp_path / "play.mkv", split=True)
    game, skin = plain_frame((w, 60), (30, 200, 60)), plain_frame((w, 60), (200, 40, 90))
    sink.grabbed(game)
    sink.show(skin, REGION)
    sink.close()
    with VideoReader(tmp_path / "play.mkv") as video:
        (frame,) = video
    assert video.size_px[0] == 2 * half_w + 2
    left, line, right = np.split(frame.bgra_u8[..., :3].astype(int), [half_w, half_w + 2], axis=1)
    assert np.abs(left[:, :-4] - (30, 200, 60)).max() <= 12
    assert line.mean() > 150
    assert np.abs(right[:, 4:] - (200, 40, 90)).max() <= 12


@pytest.mark.parametrize(("name", "said"), [("a.avi", "ending in"), ("no/where.mp4", "does not exist")])
def test_a_name_that_cannot_be_is_told_before_the_game(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(VideoError, match=said):
        RecordingSink(tmp_path / name)


def test_an_encoder_is_used_only_if_it_encodes_a_frame() -> None:
    absent = Encoder(name="h264_of_mars", words="a rover's own")
    closed = Encoder(name="libx264", words="x264 with nonsense", options={"preset": "nonsense"})
    stand_in = Encoder(name="mpeg4", words="as a card's own")  # another encoder that works everywhere
    choice = first_that_works((absent, closed, stand_in, SOFTWARE), (64, 48))
    assert choice.encoder is stand_in
    assert [name for name, _ in choice.passed_over] == ["h264_of_mars", "libx264"]
    assert "not in this build" in choice.passed_over[0][1]
    assert "cannot be opened" in choice.passed_over[1][1]
    assert first_that_works((absent, SOFTWARE), (64, 48)).encoder is SOFTWARE
    explained = first_that_works((closed, SOFTWARE), (64, 48), explain=True)
    assert "nonsense" in explained.passed_over[0][1]  # FFmpeg's own words on it
    assert why_not(SOFTWARE, (64, 48)) is None


def test_a_hardware_encoder_of_another_layout_gives_the_same_colours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libx264 takes nv12 too, and so stands in for a card that takes nothing else."""
    card = Encoder(name="libx264", words="stand-in", pixel_format="nv12", options={"crf": "10"})
    monkeypatch.setattr(video_encoders, "HARDWARE", (card,))
    video_encoders.choose_encoder.cache_clear()
    try:
        assert video_encoders.choose_encoder((64, 48)).encoder is card
        sink = RecordingSink(tmp_path / "play.mp4")
        sink.show(plain_frame((64, 48), (200, 40, 90)), REGION)
        sink.close()
    finally:
        video_encoders.choose_encoder.cache_clear()
    with VideoReader(tmp_path / "play.mp4") as video:
        (frame,) = video
    assert np.abs(frame.bgra_u8[..., :3].astype(int) - (200, 40, 90)).max() <= 6


@pytest.mark.parametrize(
    ("size_px", "inside"),  # of a picture twice as wide as high: x y w h
    [((60, 30), (0, 0, 60, 30)), ((20, 60), (0, 25, 20, 10)), ((100, 20), (30, 0, 40, 20)), ((7, 90), (0, 43, 7, 4))],
)
def test_a_letterboxed_picture_keeps_its_shape(size_px: tuple[int, int], inside: tuple[int, int, int, int]) -> None:
    out = np.full((size_px[1], size_px[0], 4), 77, np.uint8)
    letterbox(np.full((30, 60, 4), 255, np.uint8), out)
    expected = np.zeros_like(out)
    expected[..., 3] = 255
    x, y, w, h = inside
    expected[y : y + h, x : x + w] = 255
    assert (out == expected).all()
