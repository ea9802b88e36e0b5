"""Typing on a real X server: what is typed comes to Reskin, the game hears none of it, and gets its keyboard back."""

from __future__ import annotations

import ctypes
import ctypes.util
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import xcffib.xproto as xp

from reskin.platforms.base import InputState, TextInput, Typed
from reskin.platforms.fake import FakeTextInput
from reskin.platforms.x11.connection import XConnection
from reskin.platforms.x11.keymap import ALT, CONTROL, LOCK, SHIFT, Keymap
from reskin.platforms.x11.keysyms import composed, text_of
from reskin.platforms.x11.text_input import X11TextInput
from tests.games import Game, xdotool
from tests.platforms.looking import eventually

GERMAN_E = (0x65, 0x45, 0x65, 0x45, 0x20AC, 0x20AC, 0x20AC, 0x20AC)  # e E, and the Euro sign on the third level
RUSSIAN_F = (0x61, 0x41, 0x6C6, 0x6E6, 0, 0, 0, 0)  # a A in the first group, ф Ф in the second
DIGIT, KEYPAD = (0x31, 0x21, 0x31, 0x21), (0xFF95, 0xFFB7, 0xFF95, 0xFFB7)
LEVEL3, GROUP2, NUM = 128, 1 << 13, 16
KEYMAP = Keymap(first_code=8, keysyms=(GERMAN_E, RUSSIAN_F, DIGIT, KEYPAD), level3_mask=LEVEL3, num_lock_mask=NUM)


@pytest.fixture
def game(lasting_game: Game) -> Game:
    return lasting_game


@pytest.fixture(params=["x11", "fake"])
def keyboard(request: pytest.FixtureRequest) -> Iterator[TextInput]:
    if request.param == "x11":
        request.getfixturevalue("game")
    made: TextInput = X11TextInput() if request.param == "x11" else FakeTextInput()
    yield made
    made.close()


@pytest.fixture
def typing(game: Game, monkeypatch: pytest.MonkeyPatch) -> Iterator[X11TextInput]:
    """On a desktop whose layout is German from the moment on that the keyboard is open."""
    monkeypatch.setattr("reskin.platforms.x11.text_input.KEYS_UP_NS", 20_000_000_000)  # never on a busy machine
    made = X11TextInput()
    subprocess.run(["setxkbmap", "-layout", "de,ru"], check=True, timeout=10)
    yield made
    made.close()
    subprocess.run(["setxkbmap", "-layout", "us"], check=True, timeout=10)


def until(keyboard: TextInput, state: InputState) -> list[Typed]:
    """What is typed until then; other states in between are given time."""
    typed: list[Typed] = []
    eventually(lambda: typed.extend(keyboard.poll()) or keyboard.state is state)
    return typed


def heard(keyboard: TextInput, count: int) -> str:
    """As many pieces as that, the keys by their names in brackets."""
    typed: list[Typed] = []
    eventually(lambda: typed.extend(keyboard.poll()) or len(typed) >= count)
    return "".join(piece.text or f"[{piece.key.value}]" for piece in typed if piece.text or piece.key)


def test_the_keyboard_is_taken_given_back_and_taken_again(keyboard: TextInput) -> None:
    assert keyboard.name
    assert keyboard.state is InputState.OFF
    assert keyboard.poll() == []
    for _ in range(2):
        keyboard.begin()
        assert keyboard.state is InputState.STARTING
        assert until(keyboard, InputState.ACTIVE) == []
        keyboard.end()
        until(keyboard, InputState.OFF)
    keyboard.begin()
    keyboard.end()  # before it had it
    assert keyboard.state is InputState.OFF
    keyboard.close()
    keyboard.close()


def test_what_is_typed_comes_here_and_not_to_the_game(game: Game, typing: X11TextInput) -> None:
    keyboard = typing
    xdotool("keydown", "ctrl", "keydown", "w")
    keyboard.begin()
    for _ in range(5):
        keyboard.poll()
        time.sleep(0.01)
    assert keyboard.state is InputState.STARTING  # the game must see the keys go up
    xdotool("keyup", "w", "keyup", "ctrl")
    until(keyboard, InputState.ACTIVE)
    before = list(game.events)
    text = "Größe, 7 süße Bäume! Ночь"  # the last word is of the second layout
    xdotool("type", "--delay", "10", text)
    assert heard(keyboard, len(text)) == text
    xdotool("key", "ISO_Level3_Shift+e", "dead_acute", "a")
    assert heard(keyboard, 2) == "€á"
    xdotool("key", "BackSpace", "Up", "KP_Enter", "ctrl+u", "ctrl+alt+n", "Escape")
    assert heard(keyboard, 5) == "[backspace][up][enter][clear][escape]"
    xdotool("keydown", "Return")
    assert heard(keyboard, 1) == "[enter]"
    keyboard.end()
    for _ in range(5):
        assert keyboard.poll() == []
    assert keyboard.state is InputState.ACTIVE  # until Return is up, or the game would hear it repeat
    xdotool("keyup", "Return")
    until(keyboard, InputState.OFF)
    xdotool("key", "k")
    game.wait_for("key k")
    assert game.events == [*before, "key k"]  # the focus never went either


def test_the_clipboard_is_pasted_as_one_line(typing: X11TextInput) -> None:
    owner = subprocess.Popen([sys.executable, "-c", CLIPBOARD], stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "owned\n"
        typing.begin()
        until(typing, InputState.ACTIVE)
        xdotool("key", "ctrl+v")
        assert heard(typing, 1) == "neige à Paris"
    finally:
        owner.kill()
        owner.communicate()


CLIPBOARD = """
import xcffib.xproto as xp
from reskin.platforms.x11.connection import XConnection
x = XConnection()
window = x.new_id()
x.core.CreateWindow(0, window, x.root, 0, 0, 1, 1, 0, xp.WindowClass.InputOnly, 0, 0, [])
x.core.SetSelectionOwner(window, x.atom("CLIPBOARD"), 0, is_checked=True).check()
print("owned", flush=True)
while True:
    event = x._connection.wait_for_event()
    if isinstance(event, xp.SelectionRequestEvent):
        x.atom(""); x._atoms.update(wanted=event.property)
        x.set_text(event.requestor, "wanted", "neige\\n  \\u00e0 Paris\\n")
        answer = xp.SelectionNotifyEvent.synthetic(0, event.requestor, event.selection, event.target, event.property)
        x.core.SendEvent(False, event.requestor, 0, answer.pack())
        x.flush()
"""


def test_a_keyboard_that_another_program_holds_is_refused_and_can_be_had_later(
    game: Game, typing: X11TextInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reskin.platforms.x11.text_input.REFUSED_NS", 50_000_000)
    other, keyboard = XConnection(), typing
    mode = xp.GrabMode.Async
    try:
        assert other.core.GrabKeyboard(False, other.root, 0, mode, mode).reply().status == xp.GrabStatus.Success
        keyboard.begin()
        until(keyboard, InputState.REFUSED)
        keyboard.end()
    finally:
        other.close()
    keyboard.begin()
    until(keyboard, InputState.ACTIVE)
    keyboard.close()  # at once, as at the end of a run
    xdotool("key", "k")
    game.wait_for("key k")


def test_a_killed_program_leaves_the_keyboard_to_the_game(game: Game) -> None:
    code = (
        "import time\nfrom reskin.platforms.x11.text_input import X11TextInput\nkeyboard = X11TextInput()\n"
        "keyboard.begin()\nwhile keyboard.state.value in ('starting', 'off'): keyboard.poll()\n"
        "print(keyboard.state.value, flush=True)\ntime.sleep(60)"
    )
    program = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    assert program.stdout.readline() == "active\n"
    xdotool("key", "j")
    program.kill()
    program.communicate()
    xdotool("key", "k")
    game.wait_for("key k")
    assert "key j" not in game.events


@pytest.mark.parametrize(
    ("code", "state", "text"),
    [
        (8, 0, "e"), (8, SHIFT, "E"), (8, LOCK, "E"), (8, LOCK | SHIFT, "e"), (8, LEVEL3, "€"), (8, LEVEL3 | LOCK, "€"),
        (9, 0, "a"), (9, GROUP2, "ф"), (9, GROUP2 | SHIFT, "Ф"), (9, GROUP2 | LOCK, "Ф"), (9, LEVEL3, "a"),
        (10, LOCK, "1"), (10, SHIFT, "!"), (11, NUM, "7"), (11, NUM | SHIFT, ""), (11, 0, ""), (200, 0, ""),
    ],
)  # fmt: skip
def test_a_key_says_what_its_layout_and_the_held_keys_make_of_it(code: int, state: int, text: str) -> None:
    assert text_of(KEYMAP.keysym(code, state)) == text


def test_shortcuts_are_no_text_but_the_key_of_the_third_level_is() -> None:
    assert KEYMAP.is_shortcut(CONTROL)
    assert KEYMAP.is_shortcut(ALT | SHIFT)
    assert not KEYMAP.is_shortcut(SHIFT | LOCK | LEVEL3)


def test_dead_keys_join_the_letter_after_them() -> None:
    acute, circumflex, diaeresis = 0xFE51, 0xFE52, 0xFE57
    assert [composed(acute, "e"), composed(diaeresis, "U"), composed(circumflex, " ")] == ["é", "Ü", "^"]
    assert composed(acute, "x") == "\u00b4x"


def test_every_keysym_reads_as_libxkbcommon_reads_it() -> None:
    path = ctypes.util.find_library("xkbcommon")
    if path is None:
        pytest.skip("libxkbcommon is not here to compare with")
    to_utf32 = ctypes.CDLL(path).xkb_keysym_to_utf32
    to_utf32.restype = ctypes.c_uint32
    pages = (0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x0C, 0x0D, 0x13, 0x20)
    keysyms = [page << 8 | low for page in pages for low in range(256)]
    keysyms += [*range(0xFFAA, 0xFFBE), *range(0x1000100, 0x1003000), 0xFF80]
    compared = 0
    for keysym in keysyms:
        code = to_utf32(keysym)
        if code and chr(code).isprintable():
            compared += 1
            assert text_of(keysym) == chr(code), hex(keysym)
    assert compared > 10_000


def test_a_key_that_the_game_saw_go_down_goes_up_for_it_when_it_does(
    display: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reskin.platforms.x11.text_input.KEYS_UP_NS", 0)  # the bar opens while the player still walks
    game, keyboard = XConnection(), X11TextInput()
    heard: list[tuple[str, int]] = []

    def listen() -> list[tuple[str, int]]:
        kinds = {xp.KeyPressEvent: "down", xp.KeyReleaseEvent: "up"}
        heard.extend((kinds[type(event)], event.detail) for event in game.events() if type(event) in kinds)
        return heard

    try:
        window = game.new_id()
        mask, events = xp.CW.OverrideRedirect | xp.CW.EventMask, xp.EventMask.KeyPress | xp.EventMask.KeyRelease
        game.core.CreateWindow(0, window, game.root, 0, 0, 9, 9, 0, xp.WindowClass.InputOnly, 0, mask, [1, events])
        game.core.MapWindow(window, is_checked=True).check()
        game.core.SetInputFocus(xp.InputFocus.PointerRoot, window, 0, is_checked=True).check()
        xdotool("keydown", "w")  # it repeats after 0.66 s, and is no text
        keyboard.begin()
        until(keyboard, InputState.ACTIVE)
        xdotool("key", "b", "keyup", "w")
        typed: list[Typed] = []
        eventually(lambda: typed.extend(keyboard.poll()) or ("up" in dict(listen()) and typed))
        w = heard[0][1]
        assert typed == [Typed(text="b")]
        assert {code for _, code in heard} == {w}
        assert heard[-1] == ("up", w)
    finally:
        keyboard.close()
        game.close()
