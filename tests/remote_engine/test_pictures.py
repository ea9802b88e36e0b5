"""Pictures on their way: every size there and back, numbers, looks as messages that fit."""

from __future__ import annotations

import json
from fractions import Fraction

import cv2
import numpy as np
import pytest

from reskin.marker import draw_marker, is_carried, read_marker
from reskin.remote_engine import pictures
from reskin.remote_engine.looks import RemoteLook, changes
from reskin.remote_engine.pace import HOLD_SECONDS, ServerPace
from reskin.remote_engine.pictures import FrameBook, Sent
from reskin.remote_engine.states import ServerFigures
from reskin.renderer import View
from reskin.serve.cluster.choices import to_choices, to_look
from reskin.serve.codecs import X264, to_yuv
from reskin.serve.media import PaintedTrack
from reskin.serve.messages import MOST_CONTROL_BYTES, DoThemeParameters, read_control
from reskin.serve.session import FrameLook, Painting, Session
from reskin.themes import Theme, load_theme, shipped_themes
from tests.loop.fakes import theme
from tests.serve.playing import run, shipped

CLOCK_HZ = 90_000


def scene(h: int, w: int) -> np.ndarray:
    rows, columns = np.mgrid[:h, :w]
    bgra_u8 = np.full((h, w, 4), 255, np.uint8)
    bgra_u8[..., 0], bgra_u8[..., 1] = rows * 200 // h, columns * 200 // w
    bgra_u8[..., 2] = 60
    return bgra_u8


@pytest.mark.parametrize(
    ("size", "sent"),
    [
        ((720, 1280), (720, 1280)), ((359, 641), (360, 642)), ((1, 1), (32, 176)), ((40, 100), (40, 176)),
        ((1088, 1920), (1088, 1920)), ((1440, 2560), (1080, 1920)), ((2160, 3840), (1080, 1920)),
        ((1440, 3440), (804, 1920)), ((1920, 1080), (1920, 1080)), ((3840, 2160), (1920, 1080)),
    ],
)  # fmt: skip
def test_every_size_is_sent_as_one_that_the_server_takes_and_comes_back_as_itself(
    size: tuple[int, int], sent: tuple[int, int]
) -> None:
    assert pictures.travel_size(*size) == sent
    frame = scene(*size)
    picture, number = pictures.unpacked(pictures.packed(frame, 4711))
    assert number == 4711
    assert pictures.fits(picture, size)
    out = np.empty_like(frame)
    pictures.write_back(picture, out)
    if min(size) > 16:
        small = cv2.resize(frame, (64, 36), interpolation=cv2.INTER_AREA)[..., :3].astype(int)
        error = np.abs(cv2.resize(out, (64, 36), interpolation=cv2.INTER_AREA)[..., :3] - small)
        assert error.mean() < 3


def sent(index: int) -> Sent:
    return Sent(index=index, captured_ns=1, submitted_ns=2, quality=0, size=(4, 4), corner_u8=None)


def test_a_number_stands_for_one_frame_and_once() -> None:
    book = FrameBook()
    numbers = [book.write(sent(index)) for index in range(70_000)]
    assert (min(numbers), max(numbers)) == (1, 65_535), "0 stands for none"
    assert book.take(None) is None
    assert book.take(numbers[0]) is None, "it was too long ago"
    newest = book.take(numbers[-1])
    assert newest is not None
    assert newest.index == 69_999
    assert book.take(numbers[-1]) is None


@pytest.mark.parametrize("is_painted", [True, False])
def test_what_the_server_could_not_paint_is_no_frames_painting(is_painted: bool) -> None:
    async def play() -> None:
        book, session = FrameBook(), Session(shipped(), "candy", has_strip=True)
        session.deliver(Painting(scene(48, 192), book.write(sent(0)), {}, is_painted=is_painted))
        picture = await PaintedTrack(session, has_strip=True).recv()
        assert (book.take(pictures.unpacked(picture)[1]) is not None) is is_painted

    run(play())


def test_the_marker_goes_round_the_codec() -> None:
    frame, painted = scene(64, 320), np.full((64, 320, 4), 128, np.uint8)
    draw_marker(frame, 99)
    pictures.carry_corner(pictures.corner(frame), painted)
    assert read_marker(painted) == 99
    assert is_carried(painted)


def test_a_look_is_told_once_and_then_only_what_changed() -> None:
    red, blue = theme("Red", "#ff0000"), theme("Blue", "#0000ff")
    first = RemoteLook(red, View.THEME, 0, 24)
    assert [json.loads(text)["do"] for text in changes(None, first)] == ["theme_parameters", "view", "quality"]
    assert json.loads(changes(None, first)[0])["fade_frames"] == 0, "there is nothing to fade from"
    assert changes(first, RemoteLook(red, View.THEME, 0, 6)) == []
    assert [json.loads(text)["fade_frames"] for text in changes(first, RemoteLook(blue, View.THEME, 0, 24))] == [24]
    assert [json.loads(text) for text in changes(first, RemoteLook(red, View.SPLIT, 2, 24))] == [
        {"do": "view", "value": "split"}, {"do": "quality", "value": 2},
    ]  # fmt: skip


def test_what_a_theme_says_stays_said_also_where_it_is_what_it_would_be_anyway() -> None:
    plain = Theme(name="Plain")
    spoken = Theme(name="Plain", detail=plain.detail)
    told = read_control(changes(None, RemoteLook(spoken, View.THEME, 0, 24))[0])
    assert isinstance(told, DoThemeParameters)
    look = FrameLook(theme=spoken, theme_id="", view=View.THEME, quality=0)
    again = to_look(to_choices(look))
    assert again is not None
    assert len(changes(RemoteLook(plain, View.THEME, 0, 24), RemoteLook(spoken, View.THEME, 0, 24))) == 1
    for theirs in (told.theme, again.theme):
        assert theirs.model_fields_set == {"name", "detail"}


def test_every_shipped_theme_fits_in_a_message_and_paints_the_same() -> None:
    for path in shipped_themes().values():
        chosen = load_theme(path)
        text = changes(None, RemoteLook(chosen, View.THEME, 0, 0))[0]
        assert len(text.encode()) <= MOST_CONTROL_BYTES
        asked = read_control(text)
        assert isinstance(asked, DoThemeParameters)
        for name, value in vars(chosen.style()).items():
            assert np.array_equal(getattr(asked.theme.style(), name), value), (path.stem, name)
        assert (asked.theme.finish, asked.theme.keep, asked.theme.strength) == (
            chosen.finish, chosen.keep, chosen.strength,
        )  # fmt: skip


@pytest.mark.parametrize("fps", [10, 24, 60])
def test_a_video_takes_the_bits_that_are_meant_at_every_frame_rate(fps: int) -> None:
    """x264 reckons with one frame rate, whatever the times of its frames say."""
    draw = np.random.default_rng(1)
    noise = draw.integers(-20, 20, (8, 360, 640, 4))
    frames = [to_yuv((scene(360, 640) + noise[n % 8]).clip(0, 255).astype(np.uint8)) for n in range(8)]
    encoder = X264()
    encoder.target_bitrate = 1_200_000
    sizes = []
    for n in range(7 * fps):  # an encoder begins anew after three seconds
        frame = frames[n % 8]
        frame.pts, frame.time_base = n * CLOCK_HZ // fps, Fraction(1, CLOCK_HZ)
        sizes.append(sum(map(len, encoder.encode(frame)[0])))
    bits_a_second = sum(sizes[5 * fps :]) * 8 / 2
    assert bits_a_second == pytest.approx(1_200_000, rel=0.35)


def figures(p95_ms: float) -> ServerFigures:
    return ServerFigures(fps=20, engine_ms_p50=p95_ms, engine_ms_p95=p95_ms, queue=0, round_trip_ms=1)


def test_a_slow_server_is_asked_for_less_and_tried_again_seldom() -> None:
    pace = ServerPace()
    qualities = []
    for _ in range(60):
        pace.see(figures(60 if pace.quality == 0 else 15))
        qualities.append(pace.quality)
    assert qualities[:2] == [0, 1]
    tries = [n for n in range(1, 60) if qualities[n] < qualities[n - 1]]
    assert tries[0] >= HOLD_SECONDS
    assert tries[1] - tries[0] > 1.5 * HOLD_SECONDS


def test_a_server_that_was_slow_for_one_second_is_asked_for_one_step_less_and_soon_for_it_again() -> None:
    now_s = [100.0]
    session, pace = Session(shipped(), "candy", clock=lambda: now_s[0]), ServerPace()
    qualities = []
    for tick in range(20 * 24):
        now_s[0] += 1 / 24
        session.deliver(Painting(scene(4, 4), tick, {"engine": 60.0 if 48 <= tick < 72 else 12.0}))
        if tick % 24 == 12:
            said = session.figures()
            pace.see(ServerFigures(said.fps, said.engine_ms_p50, said.engine_ms_p95, said.queue, round_trip_ms=1))
            qualities.append(pace.quality)
    assert max(qualities) == 1
    assert qualities[-1] == 0
