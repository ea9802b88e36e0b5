"""The note on the screen: it is there, it fades, it leaves no trace, and it costs next to nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from reskin.frame import Region
from reskin.note import FADE_NS, Note

S = 1_000_000_000


@pytest.fixture
def note() -> Iterator[Note]:
    made = Note(stay_s=1.5)
    yield made
    made.close()


def frame(h: int = 720, w: int = 1280) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (h, w, 4), dtype=np.uint8)


def changed(note: Note, pixels: np.ndarray, now_ns: int) -> int:
    """How many pixels the note changes; checks that they are put back."""
    before = pixels.copy()
    with note.over(pixels, now_ns):
        count = int((pixels != before).any(axis=2).sum())
    assert (pixels == before).all()
    return count


def until_drawn(note: Note, pixels: np.ndarray, now_ns: int) -> None:
    deadline_s = time.monotonic() + 5
    while not changed(note, pixels, now_ns):
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def test_a_note_appears_stays_and_fades(note: Note) -> None:
    pixels = frame()
    assert changed(note, pixels, 0) == 0
    note.say("Neon Rain", 0)
    until_drawn(note, pixels, 0)
    assert changed(note, pixels, int(1.4 * S)) > 5_000
    with note.over(pixels, int(1.5 * S) + FADE_NS * 9 // 10):
        faint = pixels.copy()
    assert 0 < np.abs(faint.astype(int) - pixels).max() < 40
    assert changed(note, pixels, int(1.5 * S) + FADE_NS) == 0


def test_a_new_text_takes_the_old_ones_place_without_a_gap(note: Note) -> None:
    pixels = frame()
    note.say("Neon Rain", 0)
    until_drawn(note, pixels, 0)
    note.say("Elden Dusk and a longer text", S)
    assert changed(note, pixels, S) > 5_000  # the old one, while the new one is being drawn


def test_a_faded_text_does_not_flash_up_again(note: Note) -> None:
    pixels = frame()
    note.say("Neon Rain", 0)
    until_drawn(note, pixels, 0)
    note.say("x", 10 * S)
    with note.over(pixels, 10 * S):
        first = pixels.copy()
    assert (first == pixels).all()


@pytest.mark.parametrize(("h", "w"), [(0, 0), (1, 1), (90, 160), (91, 163), (2160, 3840)])
def test_any_window_and_any_text_fit(note: Note, h: int, w: int) -> None:
    pixels = frame(h, w)
    for text in ("", "a", "word " * 200, "w" * 500, "söme ünicode…"):
        note.say(text, 0)
        for _ in range(20):
            with note.over(pixels, 0):
                time.sleep(0.001)


def test_over_a_hidden_overlay_it_covers_only_its_own_place(note: Note) -> None:
    pixels = frame()
    note.say("Engine starting", 0)
    until_drawn(note, pixels, 0)
    before = pixels.copy()
    shown, place = note.alone(pixels, Region(100, 50, 1280, 720), 0)
    assert (pixels == before).all()
    assert shown.shape[:2] == (place.h, place.w)
    assert place.w < 500
    assert place.h < 120
    assert 100 < place.x < 1380 - place.w
    assert 50 < place.y < 770 - place.h


def test_none_at_all_when_the_player_wants_none() -> None:
    note = Note(stay_s=0)
    note.say("Neon Rain", 0)
    assert not note.is_visible(1)
    note.close()


def test_a_frame_costs_less_than_a_third_of_a_millisecond(note: Note) -> None:
    pixels = frame()
    note.say("Neon Rain: strength 90 %", 0)
    until_drawn(note, pixels, 0)
    times_ms = []
    for _ in range(200):
        start_s = time.perf_counter()
        with note.over(pixels, S):
            pass
        times_ms.append((time.perf_counter() - start_s) * 1e3)
    assert np.median(times_ms) < 0.3
