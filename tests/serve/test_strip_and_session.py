"""Frame numbers under a picture, and one player's session without a network."""

from __future__ import annotations

import asyncio
import json
import threading

import cv2
import numpy as np
import pytest
from aiortc.mediastreams import VIDEO_CLOCK_RATE

from reskin.prompts import UNHEARD
from reskin.renderer import View
from reskin.serve.media import PaintedTrack
from reskin.serve.messages import MessageError, read_control, read_offer
from reskin.serve.session import Painting, Session, SessionClosed
from reskin.serve.strip import NARROWEST, NUMBERS, STRIP_ROWS, add_strip, read_strip
from reskin.timeline import Entry
from tests.serve.playing import run, shipped

NOISE = np.random.default_rng(1).integers(0, 256, (90, 320, 4), np.uint8)


def session(**options: object) -> Session:
    return Session(shipped(), "candy", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("w", [NARROWEST, 177, 318, 1280, 1920])
def test_a_number_under_a_picture_is_read_back_and_the_picture_is_untouched(w: int) -> None:
    picture = np.full((34, w, 4), 77, np.uint8)
    for number in (0, 1, 0x5555, 0xAAAA, NUMBERS - 1, NUMBERS + 7):
        marked = add_strip(picture, number)
        assert marked.shape == (34 + STRIP_ROWS, w, 4)
        back, found = read_strip(marked)
        assert found == number % NUMBERS
        assert np.array_equal(back, picture)


def test_a_number_survives_a_hard_compression() -> None:
    marked = add_strip(NOISE, 40_123)
    _, jpeg = cv2.imencode(".jpg", marked, [cv2.IMWRITE_JPEG_QUALITY, 5])
    decoded = cv2.cvtColor(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), cv2.COLOR_BGR2BGRA)
    assert read_strip(decoded)[1] == 40_123


def test_what_carries_no_number_gives_none() -> None:
    assert read_strip(NOISE)[1] is None
    assert read_strip(np.zeros((90, 320, 4), np.uint8))[1] is None
    damaged = add_strip(NOISE, 12)
    damaged[-STRIP_ROWS:, 60:90] = 255 - damaged[-STRIP_ROWS:, 60:90]
    assert read_strip(damaged)[1] is None
    assert read_strip(NOISE[:10])[1] is None


def test_the_newest_frame_wins_on_both_sides() -> None:
    one = session()
    for number in range(5):
        one.offer(NOISE, number)
    offered = one.take()
    assert offered is not None
    assert (offered.number, one.dropped, one.take()) == (4, 4, None)

    async def painted() -> None:
        for number in range(3):
            one.deliver(Painting(NOISE, number, {"engine": 2.0}))
        newest = await one.painted()
        assert (newest.number, newest.serial) == (2, 3)
        waiting = asyncio.ensure_future(one.painted())
        await asyncio.sleep(0)
        assert not waiting.done(), "the same painting is given once"
        assert (await one.painted(after=0)).number == 2, "another viewer has its own place"
        threading.Thread(target=one.deliver, args=(Painting(NOISE, 7, {}),)).start()
        assert (await waiting).number == 7
        waiting = asyncio.ensure_future(one.painted())
        await asyncio.sleep(0)
        one.close()
        with pytest.raises(SessionClosed):
            await waiting

    run(painted())


def test_what_a_client_asks_for_is_done_and_told() -> None:
    one = session()
    assert one.apply({"do": "theme", "id": "noir-ink", "fade_frames": 12})["theme"] == "noir-ink"
    assert (one.look.theme, one.look.fade_frames) == (shipped()["noir-ink"], 12)
    assert one.apply({"do": "strength", "value": 0.5})["strength"] == 0.5
    assert one.look.theme.strength == 0.5
    assert shipped()["noir-ink"].strength != 0.5
    assert one.apply({"do": "view", "value": "materials"})["view"] == "materials"
    assert one.look.view is View.MATERIALS
    one.apply({"do": "quality", "value": 3})
    assert one.look.quality == 3
    assert one.apply({"do": "ping", "at": 12.5}) == {"say": "pong", "at": 12.5}
    scene = one.look.scene
    assert one.apply({"do": "reset"})["say"] == "note"
    assert one.look.scene != scene
    told = one.apply({"do": "prompt", "text": "a warm autumn afternoon"})
    assert (told["say"], told["theme"]) == ("state", "a warm autumn afternoon")
    told = one.apply({"do": "theme_parameters", "theme": {"name": "Mine", "material": {"sky": {"colors": ["#123"]}}}})
    assert told["theme"] == "Mine"


def test_a_prompt_of_which_nothing_is_understood_changes_nothing_and_says_so() -> None:
    one = session()
    one.apply({"do": "theme", "id": "noir-ink"})
    look = one.look
    told = one.apply({"do": "prompt", "text": "1 2 3"})
    assert one.look is look
    assert (told["say"], told["theme"], told["note"]) == ("state", "noir-ink", UNHEARD)


@pytest.mark.parametrize("theme", ["noir-ink", ""])
def test_the_longest_fade_of_a_timeline_is_one_that_a_server_takes(theme: str) -> None:
    with pytest.raises(ValueError, match="240"):
        Entry.model_validate({"time": "00:10", "theme": theme, "prompt": "sea", "fade_frames": 241})
    entry = Entry.model_validate({"time": "00:10", "theme": theme, "prompt": "sea", "fade_frames": 240})
    asked = read_control(json.dumps({"do": "theme", "id": "noir-ink", "fade_frames": entry.fade_frames}))
    assert session().answer(asked).say == "state"


BAD = {
    "not JSON": "{",
    "no object": "[]",
    "another verb": '{"do": "shutdown"}',
    "a field too many": '{"do": "reset", "now": true}',
    "a strength beyond": '{"do": "strength", "value": 1.01}',
    "no number": '{"do": "strength", "value": NaN}',
    "a quality beyond": '{"do": "quality", "value": 4}',
    "an empty prompt": '{"do": "prompt", "text": "  "}',
    "a long prompt": '{"do": "prompt", "text": "' + "a" * 301 + '"}',
    "a theme with a wrong key": '{"do": "theme_parameters", "theme": {"name": "x", "colour": 1}}',
    "too long": '{"do": "prompt", "text": "' + "ä" * 2500 + '"}',
    "deep": "[" * 4000,
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_what_is_no_message_changes_nothing(text: str) -> None:
    one = session()
    look = one.look
    assert one.apply(text)["say"] == "error"
    assert one.look is look
    with pytest.raises(MessageError):
        read_control(text)


def test_an_error_text_never_repeats_what_was_sent() -> None:
    with pytest.raises(MessageError) as raised:
        read_offer(b'{"version": 1, "type": "offer", "sdp": "v=0", "theme": 5, "token": "s3cret"}')
    assert "s3cret" not in str(raised.value)


def test_a_theme_that_is_not_there_is_told() -> None:
    assert session().apply({"do": "theme", "id": "../../etc/passwd"})["say"] == "error"


def test_a_painting_is_stamped_with_when_its_frame_came_and_those_left_out_are_counted() -> None:
    async def play() -> None:
        one = session()
        track = PaintedTrack(one, has_strip=False)
        stamps = []
        for came_s in (10.0, 10.04, 10.08, 10.12):
            one.deliver(Painting(NOISE, None, {}, came_s=came_s))
            if came_s != 10.08:
                stamps.append((await track.recv()).pts)
        assert [(stamp - stamps[0]) / VIDEO_CLOCK_RATE for stamp in stamps] == pytest.approx([0, 0.04, 0.12], abs=1e-4)
        one.deliver(Painting(NOISE, None, {}, came_s=10.12))
        assert (await track.recv()).pts == stamps[-1] + 1, "no two have the same"
        assert (track.sent, track.replaced) == (4, 1)

    run(play())
