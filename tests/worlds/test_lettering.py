"""Letters of HUDs: those of pixels and of segments can be told apart, and words can be read back from their pixels."""

from __future__ import annotations

import itertools
from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.worlds.lettering import BITMAP_SHARE, SEGMENT_SHARE, Lettering, random_lettering, short_text
from engine.worlds.pixel_fonts import FONTS, ROWS, SEGMENT_SIGNS, SEGMENTS, pixel_text, segment_text

PLAIN = replace(random_lettering(np.random.default_rng(0), 10.0, (255, 255, 255)), face="sans", segments=0, blocky=0,
                outline=0.0, shadow=(0, 0), blur=0.0, slant=0.0, stretch=1.0, upper=False)  # fmt: skip


@pytest.mark.parametrize("font", FONTS)
def test_no_two_signs_of_a_pixel_font_are_alike_and_all_are_of_one_size(font: str) -> None:
    glyphs = FONTS[font]
    assert set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:!?-+/%'") == set(glyphs)
    assert {glyph.shape for glyph in glyphs.values()} == {(ROWS[font], 5 if font == "pixels5x7" else 3)}
    for (one, a), (other, b) in itertools.combinations(glyphs.items(), 2):
        assert (a != b).any(), (one, other)


@pytest.mark.parametrize("font", FONTS)
@pytest.mark.parametrize("height", [7.0, 14.0, 30.0])
def test_what_is_written_in_pixels_can_be_read_back(font: str, height: float) -> None:
    words = "Lap 3: 07/19!"
    fill, _ = replace(PLAIN, face=font, height=height).draw(words)
    scale = (fill.shape[0] - 6) // (ROWS[font] + 2)
    small = fill[3:-3:scale, 3:-3:scale][1:-1] > 0  # of the rim, and of each pixel its corner
    glyphs = FONTS[font]
    pitch = 1 + glyphs["A"].shape[1]
    read = ""
    for place in range(len(words)):
        cell = small[:, place * pitch + 1 : (place + 1) * pitch]
        read += next((sign for sign, glyph in glyphs.items() if (glyph == cell).all()), " ")
    assert read == words.upper()
    assert scale == max(1, round(height * 0.72 / ROWS[font]))


@pytest.mark.parametrize("thick", [3, 6])
def test_digits_of_segments_light_theirs(thick: int) -> None:
    def told(drawn: np.ndarray) -> str:
        h, w = drawn.shape
        edge = thick // 2
        points = ((edge, w // 2), (h // 4, edge), (h // 4, w - 1 - edge), (h // 2, w // 2), (3 * h // 4, edge),
                  (3 * h // 4, w - 1 - edge), (h - 1 - edge, w // 2))  # fmt: skip
        lit = "".join("1" if drawn[y, x] else "0" for y, x in points)
        return next(sign for sign, lights in SEGMENTS.items() if lights == lit)

    for sign in SEGMENTS:
        assert told(segment_text(sign, 26, thick)[:, :-thick]) == sign
    assert len({"".join(segment_text(sign, 26, thick).ravel().astype(str)) for sign in SEGMENT_SIGNS}) == len(
        SEGMENT_SIGNS
    )


@pytest.mark.parametrize("height", [6.0, 10.0, 18.0])
def test_segments_stand_where_letters_of_that_height_stand(height: float) -> None:
    lettering = replace(PLAIN, height=height, segments=5)
    digits, letters = (lettering.draw(words)[0] for words in ("80:08", "HEADS"))
    (top, foot), (top_there, foot_there) = (
        np.nonzero(drawn.max(axis=1) > 60)[0][[0, -1]] for drawn in (digits, letters)
    )
    assert abs(int(top) - int(top_there)) <= max(1, 0.15 * height)
    assert abs(int(foot) - int(foot_there)) <= max(1, 0.15 * height)


def test_words_are_not_written_in_segments() -> None:
    segments = replace(PLAIN, segments=5)
    np.testing.assert_array_equal(segments.draw("Score 12")[0], PLAIN.draw("Score 12")[0])
    assert (segments.draw("12")[0].shape != PLAIN.draw("12")[0].shape) or (
        segments.draw("12")[0] != PLAIN.draw("12")[0]
    ).any()


def test_games_write_in_all_kinds_of_letters() -> None:
    drawn = [random_lettering(np.random.default_rng(seed), 9.0, (255, 255, 255)) for seed in range(400)]
    bitmap = np.mean([one.face in FONTS for one in drawn])
    assert abs(bitmap - 0.25 * BITMAP_SHARE) < 0.06
    assert abs(np.mean([one.segments > 0 for one in drawn]) - SEGMENT_SHARE) < 0.05
    assert np.mean([one.stretch < 0.75 for one in drawn]) > 0.12
    assert np.mean([one.stretch > 1.35 for one in drawn]) > 0.12


def test_every_lettering_leaves_ink_for_every_text() -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        lettering: Lettering = random_lettering(rng, rng.uniform(4, 20), (255, 255, 255))
        fill, under = lettering.draw(short_text(rng))
        assert fill.shape == under.shape
        assert fill.max() > 60
        assert cv2.countNonZero(fill) > 4


def test_a_line_of_pixels_is_as_long_as_its_signs() -> None:
    assert pixel_text("AB1", "pixels3x5", 2).shape == (14, 2 * (3 * 4 + 1))
