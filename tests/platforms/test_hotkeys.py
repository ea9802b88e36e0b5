"""Hotkeys: chords from single keys, and pynput hearing them while a real game has the focus."""

from __future__ import annotations

import subprocess
import time

import pytest

from reskin.errors import HotkeyError
from reskin.platforms.base import KeyEvent
from reskin.platforms.chords import REPEAT_GAP_NS, Chord, ChordTracker
from reskin.platforms.pynput_hotkeys import PynputHotkeys
from tests.games import Game, xdotool
from tests.platforms.looking import eventually

MS = 1_000_000


def _tracker() -> ChordTracker:
    return ChordTracker(
        {
            "next": Chord(main="n", modifiers=frozenset({"ctrl", "alt"})),
            "previous": Chord(main="n", modifiers=frozenset({"ctrl", "alt", "shift"})),
            "compare": Chord(main="f8", modifiers=frozenset()),
        }
    )


def _play(tracker: ChordTracker, keys: str) -> list[tuple[str, bool]]:
    """ "+ctrl -ctrl" is ctrl down and up, 100 ms apart; what was heard at the end of it all."""
    now_ns = 0
    for key in keys.split():
        now_ns += 100 * MS
        tracker.feed(key[1:], key[0] == "+", now_ns)
    return [(event.action, event.pressed) for event in tracker.events(now_ns + 100 * MS)]


def test_a_chord_fires_once_its_main_key_goes_down() -> None:
    assert _play(_tracker(), "+ctrl +alt +n") == [("next", True)]


def test_a_chord_does_not_fire_when_its_modifiers_come_late_or_in_part() -> None:
    assert _play(_tracker(), "+n +ctrl +alt -n -ctrl -alt +ctrl +n") == []


def test_lifting_any_key_of_a_chord_releases_it() -> None:
    assert _play(_tracker(), "+ctrl +alt +n -ctrl -n") == [("next", True), ("next", False)]
    assert _play(_tracker(), "+ctrl +alt +n -n") == [("next", True), ("next", False)]


def test_further_modifiers_do_not_block_but_the_longer_chord_wins() -> None:
    assert _play(_tracker(), "+shift +f8") == [("compare", True)]
    assert _play(_tracker(), "+shift +ctrl +alt +n") == [("previous", True)]


def test_auto_repeat_is_one_press_and_one_release() -> None:
    tracker = _tracker()
    tracker.feed("f8", True, 0)
    for repeat in range(1, 50):
        tracker.feed("f8", False, repeat * 33 * MS)
        tracker.feed("f8", True, repeat * 33 * MS)
    assert tracker.events(1700 * MS) == [KeyEvent("compare", pressed=True)]
    tracker.feed("f8", False, 1700 * MS)
    assert tracker.events(1700 * MS + REPEAT_GAP_NS - 1) == []
    assert tracker.events(1700 * MS + REPEAT_GAP_NS) == [KeyEvent("compare", pressed=False)]


def test_two_quick_taps_are_two_presses() -> None:
    assert _play(_tracker(), "+f8 -f8 +f8 -f8") == [("compare", True), ("compare", False)] * 2


def test_chords_are_heard_while_the_game_has_the_focus(game: Game) -> None:
    hotkeys = PynputHotkeys({"next": "<ctrl>+<alt>+n", "first": "<ctrl>+<alt>+1", "compare": "<f8>", "up": "<ctrl>+="})
    time.sleep(0.3)
    heard: list[KeyEvent] = []
    for key in ("ctrl+alt+n", "ctrl+alt+1", "ctrl+equal", "F8"):
        xdotool("key", key)
    eventually(lambda: heard.extend(hotkeys.poll()) or len(heard) == 8)
    hotkeys.close()
    assert [event.action for event in heard if event.pressed] == ["next", "first", "up", "compare"]
    assert [event.action for event in heard if not event.pressed] == ["next", "first", "up", "compare"]
    game.wait_for("key n")  # pynput cannot take a key away: the game heard it too


@pytest.mark.parametrize(("layout", "keys"), [("fr", "ctrl+alt+ampersand"), ("ru,us", "ctrl+alt+Cyrillic_te")])
def test_a_key_that_bears_the_chords_sign_in_another_place_is_heard(display: str, layout: str, keys: str) -> None:
    """On AZERTY digits need Shift; where Cyrillic is the layout in use, no key gives a Latin letter."""
    subprocess.run(["setxkbmap", layout], check=True)
    try:
        hotkeys = PynputHotkeys({"first": "<ctrl>+<alt>+1", "next": "<ctrl>+<alt>+n"})
        time.sleep(0.3)
        heard: list[KeyEvent] = []
        xdotool("key", keys)
        eventually(lambda: heard.extend(hotkeys.poll()) or len(heard) == 2)
        hotkeys.close()
    finally:
        subprocess.run(["setxkbmap", "us"], check=True)
    assert heard[0] == KeyEvent("first" if layout == "fr" else "next", pressed=True)


def test_holding_a_key_is_one_press_until_it_is_let_go(game: Game) -> None:
    hotkeys = PynputHotkeys({"compare": "<f8>"})
    time.sleep(0.3)
    xdotool("keydown", "F8")
    time.sleep(1.2)  # X repeats a held key after 0.66 s
    held = hotkeys.poll()
    xdotool("keyup", "F8")
    let_go: list[KeyEvent] = []
    eventually(lambda: let_go.extend(hotkeys.poll()) or let_go)
    hotkeys.close()
    assert held == [KeyEvent("compare", pressed=True)]
    assert let_go == [KeyEvent("compare", pressed=False)]


@pytest.mark.parametrize("chord", ["<ctrl>+<nokey>", "ctrl+n", "<ctrl>+n+", "<ctrl>+<ctrl>+n", "<ctrl>+<alt>", "a+b"])
def test_a_bad_chord_is_named_with_its_action_and_an_example(display: str, chord: str) -> None:
    with pytest.raises(HotkeyError, match="next_theme") as caught:
        PynputHotkeys({"next_theme": chord})
    assert f'"{chord}"' in str(caught.value)
    assert "<ctrl>+<alt>+n" in str(caught.value)


def test_two_actions_on_one_chord_are_refused(display: str) -> None:
    with pytest.raises(HotkeyError, match='"quit" and "hide" both have'):
        PynputHotkeys({"hide": "<ctrl>+<alt>+q", "quit": "<alt>+<ctrl>+q"})
