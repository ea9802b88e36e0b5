"""Frames put together from packets that are late, lost, doubled and in any order; and what is asked for again."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reskin.serve import receiving
from reskin.serve.receiving import HOPELESS_S, MOST_AHEAD, EncodedFrame, NewestOfSeveral, RepeatedNack, WholeFrames

TICK_S = 1 / 24


@dataclass
class Packet:
    sequence_number: int
    timestamp: int
    marker: int
    _data: bytes


class HandClock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def stream(frames: int, *, packets: int = 3, first: int = 65_530) -> list[Packet]:
    """Numbers begin just before they wrap."""
    return [
        Packet((first + n * packets + part) % 65_536, n * 3750, int(part == packets - 1), f"{n}.{part} ".encode())
        for n in range(frames)
        for part in range(packets)
    ]


def given_out(buffer: WholeFrames, packets: list[Packet]) -> list[bytes]:
    out = []
    for packet in packets:
        _, frame = buffer.add(packet)
        out += [part.data for part in (*frame.before, frame)] if frame is not None else []
    return out


def whole(frames: range, packets: int = 3) -> list[bytes]:
    return [b"".join(f"{n}.{part} ".encode() for part in range(packets)) for n in frames]


def test_a_frame_is_given_out_with_its_last_packet_and_not_with_the_next_frame() -> None:
    buffer = WholeFrames()
    outcomes = [buffer.add(packet)[1] is not None for packet in stream(4)]
    assert outcomes == [False, False, True] * 4


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), packets=st.integers(1, 5))
def test_packets_that_come_late_or_twice_still_give_every_frame_once_and_in_order(seed: int, packets: int) -> None:
    draw = random.Random(seed)
    sent = stream(12, packets=packets)
    late = sorted(range(1, len(sent)), key=lambda n: n + draw.uniform(0, 8))  # the first says where the stream begins
    came = [sent[0], *(sent[n] for n in late for _ in range(draw.choice((1, 1, 2))))]
    assert given_out(WholeFrames(), came) == whole(range(12), packets)


def test_what_became_whole_at_once_comes_together_with_the_newest_last() -> None:
    packets = stream(5)
    buffer = WholeFrames()
    for packet in [packets[0], *packets[2:]]:
        assert buffer.add(packet)[1] is None
    wants_picture, frame = buffer.add(packets[1])
    assert frame is not None
    assert not wants_picture
    assert [part.data for part in (*frame.before, frame)] == whole(range(5))


def test_a_gap_that_stays_is_jumped_over_and_a_whole_picture_asked_for() -> None:
    clock = HandClock()
    buffer = WholeFrames(clock)
    packets = stream(40)
    lost = packets[10]
    asked, out = 0, []
    for packet in packets:
        clock.now_s += TICK_S / 3
        if packet is lost:
            continue
        wants_picture, frame = buffer.add(packet)
        asked += wants_picture
        out += [part.data for part in (*frame.before, frame)] if frame is not None else []
    assert asked == 1
    missing = [n for n in range(40) if whole(range(n, n + 1))[0] not in out]
    assert missing == [3], "the frame with the lost packet and no other"
    assert out == sorted(out, key=lambda text: int(text.split(b".")[0]))


def test_another_stream_is_followed_at_once() -> None:
    buffer = WholeFrames()
    given_out(buffer, stream(3))
    wants_picture, frame = buffer.add(Packet((65_530 + 2 * MOST_AHEAD) % 65_536, 9, 1, b"other"))
    assert wants_picture
    assert frame is not None
    assert frame.data == b"other"


def test_a_lost_packet_is_asked_for_again_every_round_trip_until_it_is_hopeless() -> None:
    clock = HandClock()
    nack = RepeatedNack(clock)
    asked_s = []
    for packet in stream(60, packets=1):
        clock.now_s += TICK_S / 4
        if packet.sequence_number == 65_535:
            continue
        if nack.add(packet):
            assert nack.missing == {65_535}
            asked_s.append(clock.now_s)
    assert len(asked_s) >= 3
    gaps_s = [b - a for a, b in itertools.pairwise(asked_s)]
    assert min(gaps_s) >= nack.round_trip_s
    assert asked_s[-1] - asked_s[0] <= HOPELESS_S


def test_how_long_an_answer_takes_is_learned() -> None:
    clock = HandClock()
    nack = RepeatedNack(clock)
    packets = stream(400, packets=1)
    for n in range(0, 390, 10):
        for packet in [*packets[n : n + 5], *packets[n + 6 : n + 10]]:
            nack.add(packet)
            clock.now_s += 0.002
        clock.now_s += 0.03
        nack.add(packets[n + 5])
    assert nack.round_trip_s == pytest.approx(0.038, abs=0.004)


def test_a_decoder_of_several_hands_on_the_last_and_leaves_none_out() -> None:
    decoded = []

    class Decoder:
        def decode(self, encoded: EncodedFrame) -> list[bytes]:
            decoded.append(encoded.data)
            return [encoded.data] if encoded.data != b"broken" else []

    frames = [EncodedFrame(data, 0) for data in (b"a", b"b", b"broken")]
    frames[-1].before = tuple(frames[:-1])
    assert NewestOfSeveral(Decoder()).decode(frames[-1]) == [b"b"]
    assert decoded == [b"a", b"b", b"broken"]


def test_a_failure_of_one_of_several_hides_no_picture_and_is_told_where_there_is_none() -> None:
    class Decoder:
        def decode(self, encoded: EncodedFrame) -> list[bytes]:
            if encoded.data == b"broken":
                raise av.error.InvalidDataError(1, "no whole picture yet")
            return [encoded.data]

    decoder = NewestOfSeveral(Decoder())
    assert decoder.decode(EncodedFrame(b"a", 1, before=(EncodedFrame(b"broken", 0),))) == [b"a"]
    with pytest.raises(av.FFmpegError):  # aiortc asks for a whole picture then
        decoder.decode(EncodedFrame(b"broken", 1, before=(EncodedFrame(b"broken", 0),)))


def test_installing_twice_changes_nothing() -> None:
    from aiortc import rtcrtpreceiver

    receiving.install()
    decoder = rtcrtpreceiver.get_decoder
    receiving.install()
    assert rtcrtpreceiver.get_decoder is decoder
    assert isinstance(rtcrtpreceiver.JitterBuffer(capacity=128, is_video=True), WholeFrames)
    assert not isinstance(rtcrtpreceiver.JitterBuffer(capacity=16, prefetch=4), WholeFrames)
