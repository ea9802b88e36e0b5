"""How much the encoders send: what the receiver can take, at any frame rate, and never so little that it stays down."""

from __future__ import annotations

import fractions

import numpy as np
import pytest

from reskin.serve.codecs import LEAST_SHARE, X264, Libvpx, LiveEncoder, most_bits, to_yuv

H, W = 180, 320
SECONDS = 4
CLOCK = fractions.Fraction(1, 90_000)


def sent_bits(encoder: LiveEncoder, fps: int) -> float:
    """A second, of the last half of a stream that is hard to encode."""
    noise = np.random.default_rng(5).integers(0, 255, (H // 4, W // 4, 4), np.uint8).repeat(8, 0).repeat(8, 1)
    sizes = []
    for index in range(SECONDS * fps):
        y, x = index * 7 % H, index * 11 % W
        frame = to_yuv(np.ascontiguousarray(noise[y : y + H, x : x + W]))
        frame.pts, frame.time_base = index * 90_000 // fps, CLOCK
        packets, _ = encoder.encode(frame)
        sizes.append(sum(map(len, packets)) * 8)
    half = len(sizes) // 2
    return sum(sizes[half:]) / (half / fps)


@pytest.mark.parametrize("make", [X264, Libvpx])
@pytest.mark.parametrize("fps", [10, 24])
def test_a_stream_of_any_frame_rate_is_sent_what_its_receiver_can_take(make: type[LiveEncoder], fps: int) -> None:
    encoder = make()
    encoder.target_bitrate = wanted = most_bits(H, W) * 3 // 4
    assert 0.6 * wanted < sent_bits(encoder, fps) < 1.6 * wanted


def test_an_estimate_that_fell_does_not_keep_the_stream_down() -> None:
    h, w = 720, 1280
    encoder = X264()
    encoder.target_bitrate = 1
    assert encoder._bits(h, w) >= LEAST_SHARE * most_bits(h, w)
