"""Video files: what goes in comes out, at its time, with its sound, and nothing half-written is left behind."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from reskin import video_open
from reskin.errors import VideoError
from reskin.frame import Frame
from reskin.platforms.base import CaptureState
from reskin.video import VideoReader, VideoWriter
from reskin.video_capture import VideoCapture

FPS = 24
FRAME_NS = 1_000_000_000 / FPS
SAMPLE_RATE_HZ = 44_100
CLICK_S = 0.5  # the sound is silence but for one click here, when the picture flashes white


def _frame(index: int, size_px: tuple[int, int], level: int, start_ns: int = 0) -> Frame:
    w, h = size_px
    pixels = np.full((h, w, 4), 255, np.uint8)
    pixels[..., :3] = (level, 40, 200) if level < 255 else 255
    return Frame(index, start_ns + round(index * FRAME_NS), pixels)


def _clip(path: Path, codec: str, size_px: tuple[int, int] = (320, 180), seconds: float = 1.0) -> Path:
    """A clip whose picture flashes and whose sound clicks at CLICK_S."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = *size_px, "yuv420p"
        audio: Any = container.add_stream(codec, rate=SAMPLE_RATE_HZ, layout="mono")
        for index in range(round(seconds * FPS)):
            flash = index == round(CLICK_S * FPS)
            pixels = np.full((size_px[1], size_px[0], 3), 255 if flash else 20, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels)))
        container.mux(video.encode(None))
        wave = np.zeros(round(seconds * SAMPLE_RATE_HZ), np.int16)
        wave[round(CLICK_S * SAMPLE_RATE_HZ) :][:400] = 20_000
        resampler = av.AudioResampler(audio.codec_context.format, "mono", SAMPLE_RATE_HZ)
        for start in range(0, len(wave), 1024):
            sound = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], format="s16", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = SAMPLE_RATE_HZ, start, Fraction(1, SAMPLE_RATE_HZ)
            for resampled in resampler.resample(sound):
                container.mux(audio.encode(resampled))
        container.mux(audio.encode(None))
    return path


def _click_time_s(path: Path) -> float:
    """When the sound clicks."""
    with av.open(str(path)) as container:
        for sound in container.decode(audio=0):
            wave = np.abs(sound.to_ndarray().astype(np.float64)).reshape(-1)
            loud = np.flatnonzero(wave > 0.5 * (20_000 if wave.max() > 2 else 20_000 / 32_768))
            if len(loud):
                return float(sound.pts * sound.time_base) + loud[0] / sound.sample_rate
    raise AssertionError("no click in the sound")


def _flash_time_s(path: Path) -> float:
    with VideoReader(path) as reader:
        return max(reader, key=lambda frame: int(frame.bgra_u8.sum())).captured_ns / 1e9


@pytest.mark.parametrize(
    ("codec", "source", "target", "kept"),
    [
        ("aac", "in.mp4", "out.mp4", "aac"),
        ("aac", "in.mp4", "out.mkv", "aac"),
        ("pcm_s16le", "in.mkv", "out.mkv", "pcm_s16le"),
        ("pcm_s16le", "in.avi", "out.mov", "pcm_s16le"),
        ("wavpack", "in.mkv", "out.mp4", "aac"),  # mp4 cannot hold it: made anew
    ],
)
def test_the_sound_comes_along_in_step(tmp_path: Path, codec: str, source: str, target: str, kept: str) -> None:
    clip = _clip(tmp_path / source, codec)
    with (
        VideoReader(clip) as reader,
        VideoWriter(tmp_path / target, reader.size_px, reader.fps, audio_from=clip) as writer,
    ):
        for frame in reader:
            writer.write(frame)
    with av.open(str(tmp_path / target)) as container:
        assert container.streams.audio[0].codec_context.name == kept
    before_s = _flash_time_s(clip) - _click_time_s(clip)
    after_s = _flash_time_s(tmp_path / target) - _click_time_s(tmp_path / target)
    assert abs(after_s - before_s) < 0.03  # an AAC block is 23 ms


@pytest.mark.parametrize("size_px", [(320, 180), (321, 180), (320, 181), (321, 181), (2, 2)])
def test_frames_come_back_at_their_times_with_their_colours(tmp_path: Path, size_px: tuple[int, int]) -> None:
    levels = [0, 60, 120, 180, 240]
    with VideoWriter(tmp_path / "out.mp4", size_px, FPS) as writer:
        for index, level in enumerate(levels):
            writer.write(_frame(index, size_px, level, start_ns=10**15))  # as a monotonic clock counts
    with VideoReader(tmp_path / "out.mp4") as reader:
        assert reader.length == len(levels)
        assert reader.fps == pytest.approx(FPS, rel=0.01)
        w, h = reader.size_px
        assert (w, h) == (size_px[0] + size_px[0] % 2, size_px[1] + size_px[1] % 2)
        frames = list(reader)
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    for index, (frame, level) in enumerate(zip(frames, levels, strict=True)):
        assert frame.captured_ns == pytest.approx(index * FRAME_NS, abs=20_000)
        assert np.abs(frame.bgra_u8[..., :3].astype(int) - (level, 40, 200)).max() <= 6
        assert frame.bgra_u8.shape == (h, w, 4)


def test_uneven_frame_times_are_kept(tmp_path: Path) -> None:
    times_ms = [0, 41, 90, 250, 251, 1000]
    with VideoWriter(tmp_path / "out.mp4", (64, 48), FPS) as writer:
        for index, time_ms in enumerate(times_ms):
            writer.write(Frame(index, time_ms * 1_000_000, _frame(0, (64, 48), 9).bgra_u8))
    with VideoReader(tmp_path / "out.mp4") as reader:
        assert [round(frame.captured_ns / 1e6) for frame in reader] == times_ms


def test_a_frame_shown_twice_is_written_once(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "out.mp4", (64, 48), FPS) as writer:
        for index in (0, 1, 1, 1, 2):
            writer.write(_frame(index, (64, 48), 9))
        assert writer.left_out == 2
    with VideoReader(tmp_path / "out.mp4") as reader:
        assert len(list(reader)) == 3


def test_a_frame_of_another_size_is_fitted_in(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "out.mp4", (64, 48), FPS) as writer:
        writer.write(_frame(0, (64, 48), 9))
        writer.write(_frame(1, (200, 100), 9))
    with VideoReader(tmp_path / "out.mp4") as reader:
        assert {frame.bgra_u8.shape for frame in reader} == {(48, 64, 4)}


def _text(path: Path) -> Path:
    path.write_text("this is no video, however it is named " * 50)
    return path


def _cut(path: Path) -> Path:
    whole = _clip(path.with_name("whole.mp4"), "aac")
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    return path


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path, "no such file"),
        (lambda path: path.parent, "is a folder"),
        (_text, "not a video that can be read"),
        (_cut, "not a video that can be read"),
        (lambda path: path.write_bytes(b"") or path, "not a video that can be read"),
    ],
    ids=["missing", "folder", "text", "cut in half", "empty"],
)
def test_what_is_no_whole_video_is_refused_by_name(tmp_path: Path, make: Any, said: str) -> None:
    path = make(tmp_path / "in.mp4")
    with pytest.raises(VideoError, match=said) as caught:
        VideoReader(path)
    assert str(path) in str(caught.value)


def test_a_title_that_is_no_utf_8_is_no_fault_of_a_video(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mkv"
    with av.open(str(clip), "w", metadata_encoding="latin-1") as container:
        container.metadata["title"] = "Größe"
        video: Any = container.add_stream("mpeg4", rate=FPS)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
        container.mux(video.encode(None))
    assert "Größe".encode("latin-1") in clip.read_bytes()
    with VideoReader(clip) as reader:
        assert len(list(reader)) == 1


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "in.wav"), "w") as container:
        audio: Any = container.add_stream("pcm_s16le", rate=SAMPLE_RATE_HZ, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), format="s16", layout="mono")
        sound.sample_rate = SAMPLE_RATE_HZ
        container.mux(audio.encode(sound))
    with pytest.raises(VideoError, match="only sound"):
        VideoReader(tmp_path / "in.wav")


HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n"
LISTS = {
    "a.mp4": "ffconcat version 1.0\nfile secret.ts\n",
    "b.mp4": HLS,  # FFmpeg 8 itself goes by the name too; older ones open it
    "b.m3u8": HLS,
    "c.mp4": "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_that_names_another_file_opens_none(name: str, tmp_path: Path) -> None:
    """Under a video's name or its own; for the pictures, their times and the sound."""
    secret = _clip(tmp_path / "secret.ts", "aac")
    path = tmp_path / name
    path.write_text(LISTS[name])
    with VideoReader(secret) as reader:
        assert sum(1 for _ in reader) == FPS
    with pytest.raises(VideoError, match=r"it is not a video|lists of other files are not followed") as caught:
        VideoReader(path)
    assert "Expected mp4, mov, mkv" in str(caught.value)
    with pytest.raises(VideoError, match=r"opening the video .*Expected mp4"):
        VideoWriter(tmp_path / "out.mp4", (64, 48), FPS, audio_from=path)
    with VideoReader(secret) as reader:
        reader.path = path
        assert reader.fastest_hz() == reader.fps  # its times, too, are not those of the other


def test_no_protocol_but_a_file_is_opened() -> None:
    for address in ("http://127.0.0.1:9/x.mp4", "concat:a.mp4|b.mp4", "data:,x", "subfile,,start,0,end,9,,:a.mp4"):
        with pytest.raises(av.FFmpegError, match="Invalid argument"):
            av.open(address, options=dict(video_open.OPTIONS))


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("nowhere/out.mp4", "does not exist"),
        ("out.nonsense", "ending in"),
        ("out.avi", "ending in"),
        ("out", "ending in"),
        (".", "is a folder"),
    ],
)
def test_what_cannot_be_written_is_refused_before_any_work(tmp_path: Path, target: str, said: str) -> None:
    with pytest.raises(VideoError, match=said):
        VideoWriter(tmp_path / target, (64, 48), FPS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, VideoError])
def test_interrupted_writing_leaves_nothing_and_keeps_an_older_video(
    tmp_path: Path, interruption: type[BaseException]
) -> None:
    target = tmp_path / "out.mp4"
    target.write_bytes(b"older")
    writer = VideoWriter(target, (64, 48), FPS)

    def write_and_break() -> None:
        with writer:
            for index in range(60):
                writer.write(_frame(index, (64, 48), 9))
            raise interruption

    with pytest.raises(interruption):
        write_and_break()
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
    assert target.read_bytes() == b"older"


def test_a_video_whose_name_is_taken_is_kept_under_another_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where a file that a player has open cannot be replaced."""

    def refuse(path: Path, target: Path) -> None:
        raise PermissionError(13, "The process cannot access the file")

    target = tmp_path / "out.mp4"
    target.write_bytes(b"older")
    monkeypatch.setattr(Path, "replace", refuse)
    writer = VideoWriter(target, (64, 48), FPS)
    for index in range(3):
        writer.write(_frame(index, (64, 48), 9))
    with pytest.raises(VideoError, match="Is it open in a player") as caught:
        writer.close()
    (kept,) = set(tmp_path.iterdir()) - {target}
    assert f"what was rendered is {kept}: rename it" in str(caught.value)
    assert target.read_bytes() == b"older"
    with VideoReader(kept) as reader:
        assert len(list(reader)) == 3


def test_a_video_without_frames_is_an_error_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="not one frame"), VideoWriter(tmp_path / "out.mp4", (64, 48), FPS):
        pass
    assert list(tmp_path.iterdir()) == []


def test_sound_from_a_missing_file_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"gone\.mp4"):
        VideoWriter(tmp_path / "out.mp4", (64, 48), FPS, audio_from=tmp_path / "gone.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_video_capture_plays_in_real_time_and_is_lost_at_the_end(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "in.mp4", (64, 48), FPS) as writer:
        for index in range(FPS):
            writer.write(_frame(index, (64, 48), index * 10))
    now_ns = 5_000_000_000
    capture = VideoCapture(tmp_path / "in.mp4", clock_ns=lambda: now_ns)
    seen = []
    while (frame := capture.grab()) is not None:
        seen.append((frame.captured_ns, round(int(frame.bgra_u8[0, 0, 0]) / 10)))
        now_ns += 100_000_000
    assert capture.state is CaptureState.LOST
    assert [level for _, level in seen] == [int(step * FPS / 10) for step in range(10)]  # every tenth of a second
    assert all(0 <= 5_000_000_000 + step * 100_000_000 - time_ns < FRAME_NS for step, (time_ns, _) in enumerate(seen))
    capture.close()
