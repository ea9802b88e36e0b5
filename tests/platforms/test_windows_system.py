"""Windows as a whole over the fake: declared calls, scale, hotkeys, the window list, what is chosen and why."""

from __future__ import annotations

import ast
import ctypes
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import reskin.platforms as platforms
from reskin.errors import CaptureError, HotkeyError
from reskin.frame import Region
from reskin.platforms.base import KeyEvent
from reskin.platforms.panic import ANSWER_S
from reskin.platforms.windows import parts
from reskin.platforms.windows import win32 as w
from reskin.platforms.windows.desktop import Desktop
from reskin.platforms.windows.duplication import DuplicationCapture
from reskin.platforms.windows.fake.functions import FakeFunctions
from reskin.platforms.windows.fake.toolkit import FakeSystem
from reskin.platforms.windows.hotkeys import WindowsHotkeys
from reskin.platforms.windows.region_capture import FollowingRegionCapture
from reskin.platforms.windows.win32 import FUNCTIONS, Win32, Win32Error
from reskin.platforms.windows.window_capture import WindowCapture
from reskin.settings import HotkeySettings
from tests.platforms.looking import eventually

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> FakeSystem:
    made = FakeSystem()
    monkeypatch.setattr(parts, "_system", [made.system])
    monkeypatch.setattr(platforms, "on_windows", lambda: True)
    return made


def test_a_failed_call_names_the_function_its_arguments_the_code_and_its_text() -> None:
    here = FakeSystem()
    with pytest.raises(Win32Error) as caught:
        here.system.desktop.win32.call("GetClientRect", 0xBAD, ctypes.byref(w.RECT()))
    assert caught.value.code == w.ERROR_INVALID_WINDOW_HANDLE
    assert "GetClientRect(0xbad" in str(caught.value)
    assert "Windows answered 0x578, Invalid window handle." in str(caught.value)


def test_zero_is_no_error_where_windows_says_that_there_was_none() -> None:
    here = FakeSystem()
    assert here.system.desktop.extended_style(here.game.handle) == 0
    here.libraries.functions.error = 87  # an old one, of another call
    assert here.system.desktop.extended_style(here.game.handle) == 0


def test_every_function_is_declared_and_the_fake_has_it() -> None:
    for name, declared in FUNCTIONS.items():
        assert callable(getattr(FakeFunctions, name)), name
        assert declared.result is not None
        assert all(hasattr(kind, "from_param") for kind in declared.arguments), name


def test_structures_have_the_sizes_of_64_bit_windows() -> None:
    sizes = {
        w.RECT: 16, w.DISPLAYCONFIG_PATH_INFO: 72, w.DISPLAYCONFIG_MODE_INFO: 64,
        w.DISPLAYCONFIG_ADVANCED_COLOR_INFO: 32, w.MSG: 48,
    }  # fmt: skip
    assert {kind: ctypes.sizeof(kind) for kind in sizes} == sizes
    text = ctypes.sizeof(ctypes.c_wchar)  # 2 bytes on Windows
    assert ctypes.sizeof(w.MONITORINFOEX) == 40 + 32 * text
    assert ctypes.sizeof(w.OSVERSIONINFO) == 20 + 128 * text


def test_scale_awareness_comes_before_anything_else_and_a_refusal_is_told() -> None:
    here = FakeSystem()
    assert here.libraries.calls[0] == "SetProcessDpiAwarenessContext"
    assert here.desktop.awareness == w.DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2
    assert here.system.desktop.dpi_note == ""
    assert Desktop(Win32(here.libraries)).dpi_note == ""  # it is set already, and as it must be
    here.desktop.awareness = -3
    assert "could not be made aware" in Desktop(Win32(here.libraries)).dpi_note


def test_windows_are_listed_with_program_state_and_what_stands_against_them(here: FakeSystem) -> None:
    own = here.desktop.add("Reskin", Region(0, 0, 9, 9), pid=here.desktop.pid, style=w.WS_EX_TOOLWINDOW)
    here.desktop.add("", Region(0, 0, 9, 9))
    here.desktop.add("Hidden", Region(0, 0, 9, 9), is_visible=False)
    here.desktop.add("Desktop", Region(0, 0, 9, 9), class_name="Progman")
    small = here.desktop.add("Editor", Region(5, 6, 70, 80), pid=77, is_minimised=True)
    here.desktop.elevated.add(77)
    here.desktop.programs[77] = "edit.exe"
    found = {window.title: window for window in platforms.list_windows()}
    assert set(found) == {"Fake Game", "Editor"}
    assert (found["Editor"].id, found["Editor"].wm_class, found["Editor"].pid) == (small.handle, "edit.exe", 77)
    assert found["Editor"].minimised
    assert "runs as administrator" in found["Editor"].obstacle
    assert "not possible: it runs as administrator" in str(found["Editor"])
    assert found["Fake Game"].obstacle == ""
    assert own.handle > 0xFFFFFFFF  # a handle of 64 bits comes back whole
    assert found["Fake Game"].id == here.game.handle


def test_the_newest_window_is_listed_last(here: FakeSystem) -> None:
    """Of the windows of a game that was just started, the last is taken for its own, and not its console."""
    here.desktop.add("Newer", Region(0, 0, 9, 9))
    assert [window.title for window in platforms.list_windows()] == ["Fake Game", "Newer"]


def test_the_best_capture_that_works_is_opened(here: FakeSystem) -> None:
    ways = (WindowCapture, DuplicationCapture, FollowingRegionCapture)
    for way, spoil in zip(ways, ("", "window", "screen"), strict=True):
        if spoil == "window":
            here.windows_capture.refuses = True
        if spoil == "screen":
            here.dxcam.__dict__["__factory"].outputs.clear()
        capture = platforms.open_window("fake")
        assert isinstance(capture, way)
        overlay = platforms.open_overlay(capture)
        assert here.pygame.windows[-1].window.affinity == (
            w.WDA_EXCLUDE_FROM_CAPTURE if way is not WindowCapture else w.WDA_NONE
        )
        overlay.close()
        capture.close()


def test_where_no_capture_works_each_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    here = FakeSystem(17763)
    monkeypatch.setattr(parts, "_system", [here.system])
    with pytest.raises(CaptureError) as caught:
        parts.open_window("fake")
    assert "window: " in str(caught.value)
    assert "screen: Windows build 17763 cannot leave the overlay out of captures" in str(caught.value)


def test_the_doctor_says_what_is_chosen_and_why_not_the_others(here: FakeSystem) -> None:
    here.desktop.taken_keys.add((w.MOD_CONTROL | w.MOD_ALT, ord("N")))
    rows = {choice.part: choice for choice in platforms.probe()}
    assert rows["capture"].chosen == "windows-capture"
    assert dict(rows["capture"].not_chosen) == {
        "dxcam": "comes after windows-capture", "mss": "comes after windows-capture",
    }  # fmt: skip
    assert rows["overlay"].chosen == "SDL (pygame-ce)"
    assert rows["hotkeys"].chosen == "RegisterHotKey"
    assert "next_theme <ctrl>+<alt>+n: another program has it" in rows["hotkeys"].not_chosen[0][1]
    assert here.desktop.hotkeys == {}  # nothing stays registered


def test_the_doctor_of_an_old_windows_names_its_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_system", [FakeSystem(17763).system])
    capture = parts.probe({})[0]
    assert capture.chosen == "none"
    assert "build 17763 cannot capture a window" in dict(capture.not_chosen)["windows-capture"]


def test_screens_in_hdr_are_named(here: FakeSystem) -> None:
    assert platforms.notes() == []
    here.desktop.monitors[0].hdr = True
    assert "1 screen is in HDR" in platforms.notes()[0]


def test_every_default_chord_is_registered_and_given_back(here: FakeSystem) -> None:
    bindings = HotkeySettings().chords()
    hotkeys = platforms.open_hotkeys(bindings)
    assert len(here.desktop.hotkeys) == len(bindings)
    assert here.fallbacks == []
    hotkeys.close()
    assert here.desktop.hotkeys == {}


def test_a_registered_chord_is_taken_from_the_game_and_held_until_its_key_is_up(here: FakeSystem) -> None:
    hotkeys = platforms.open_hotkeys({"compare": "<ctrl>+<alt>+c"})
    assert here.desktop.press(w.MOD_CONTROL | w.MOD_ALT, ord("C"))
    heard: list[KeyEvent] = []
    eventually(lambda: heard.extend(hotkeys.poll()) or heard)
    assert hotkeys.poll() == []
    here.desktop.release(ord("C"))
    assert heard + hotkeys.poll() == [KeyEvent("compare", pressed=True), KeyEvent("compare", pressed=False)]
    hotkeys.close()


def test_what_is_typed_by_altgr_is_no_chord_but_on_keys_that_type_nothing(here: FakeSystem) -> None:
    """German AltGr and Q is "@". Windows takes AltGr for Ctrl and Alt, and adds the left Ctrl key."""
    chord = w.MOD_CONTROL | w.MOD_ALT
    keys = {"quit": ord("Q"), "compare": 0x23, "panic": ord("P")}
    hotkeys = platforms.open_hotkeys(
        {"quit": "<ctrl>+<alt>+q", "compare": "<ctrl>+<alt>+<end>", "panic": "<ctrl>+<alt>+p"}
    )
    heard: list[KeyEvent] = []
    here.desktop.keys_down |= {w.VK_RMENU, w.VK_LCONTROL}
    for key in keys.values():
        assert here.desktop.press(chord, key)
    eventually(lambda: heard.extend(hotkeys.poll()) or len(heard) == 2)
    assert [event.action for event in heard] == ["compare", "panic"]  # in this order: quit is not to come after them
    heard.clear()
    here.desktop.keys_down.remove(w.VK_RMENU)  # a left Alt
    here.desktop.press(chord, keys["quit"])
    eventually(lambda: heard.extend(hotkeys.poll()) or KeyEvent("quit", pressed=True) in heard)
    hotkeys.close()


def test_the_panic_key_ends_a_loop_that_does_not_answer_and_no_other(
    here: FakeSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    hotkeys = parts.open_hotkeys({"panic": "<f9>", "next_theme": "<f8>"})
    assert isinstance(hotkeys, WindowsHotkeys)
    ended: list[bool] = []
    monkeypatch.setattr(hotkeys._panic, "_end", lambda: ended.append(True))
    here.desktop.press(0, 0x77)
    heard: list[KeyEvent] = []
    eventually(lambda: heard.extend(hotkeys.poll()) or heard)
    here.desktop.press(0, 0x78)
    end_s = time.monotonic() + 3 * ANSWER_S
    while time.monotonic() < end_s:
        hotkeys.poll()
    assert not ended
    here.desktop.press(0, 0x78)
    eventually(lambda: ended)
    hotkeys.close()


def test_a_chord_of_another_program_goes_to_the_fallback_and_is_named_at_once(here: FakeSystem) -> None:
    here.desktop.taken_keys.add((0, 0x77))
    hotkeys = platforms.open_hotkeys({"compare": "<f8>", "quit": "<f9>", "split": "<alt_gr>+s"})
    assert here.fallbacks[0].bindings == {"compare": "<f8>", "split": "<alt_gr>+s"}
    (note,) = hotkeys.notes  # type: ignore[attr-defined]
    assert "compare (<f8>): another program has it" in note
    assert 'split (<alt_gr>+s): Windows cannot register the modifier "alt_gr"' in note
    hotkeys.close()
    assert here.fallbacks[0].closed


def test_without_a_fallback_the_taken_chord_is_an_error_that_names_it(here: FakeSystem) -> None:
    here.desktop.taken_keys.add((0, 0x77))

    def none(bindings: object) -> WindowsHotkeys:
        raise HotkeyError("no keyboard")

    with pytest.raises(HotkeyError, match=r"compare \(<f8>\): another program has it"):
        WindowsHotkeys(here.system.desktop, {"compare": "<f8>", "quit": "<f9>"}, none)
    assert here.desktop.hotkeys == {}


def test_a_layout_without_latin_letters_has_its_keys_called_by_capitals(
    here: FakeSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeFunctions, "VkKeyScanW", lambda self, character: -1)
    hotkeys = platforms.open_hotkeys({"next": "<ctrl>+<alt>+n"})
    assert not here.fallbacks
    assert [key for _, key in here.desktop.hotkeys] == [ord("N")]
    hotkeys.close()


PLAIN, SHIFTED = w.MOD_CONTROL | w.MOD_ALT, w.MOD_CONTROL | w.MOD_ALT | w.MOD_SHIFT


@pytest.mark.parametrize(
    ("other", "keys"),
    [
        ("", {"theme_1": (PLAIN, 0x31), "theme_2": (PLAIN, 0x32)}),
        ("<ctrl>+<alt>+<shift>+1", {"theme_1": (PLAIN, 0x31), "theme_2": (PLAIN, 0x32), "quit": (SHIFTED, 0x31)}),
        ("<ctrl>+<alt>+&", {"theme_1": (SHIFTED, 0x31), "theme_2": (PLAIN, 0x32), "quit": (PLAIN, 0x31)}),
    ],
)
def test_a_digit_that_needs_shift_is_called_by_its_key_alone_unless_another_chord_has_that(
    here: FakeSystem, monkeypatch: pytest.MonkeyPatch, other: str, keys: dict[str, tuple[int, int]]
) -> None:
    """As on AZERTY, where "1" is Shift and the key of "&"."""
    codes = {"1": 0x131, "2": 0x132, "&": 0x31}
    monkeypatch.setattr(FakeFunctions, "VkKeyScanW", lambda self, character: codes[chr(character)])
    hotkeys = platforms.open_hotkeys({"theme_1": "<ctrl>+<alt>+1", "theme_2": "<ctrl>+<alt>+2", "quit": other})
    for chord in keys.values():
        assert here.desktop.press(*chord)
    heard: list[KeyEvent] = []
    eventually(lambda: heard.extend(hotkeys.poll()) or len(heard) == len(keys))
    hotkeys.close()
    assert [event.action for event in heard] == list(keys)


def test_two_actions_on_one_chord_and_a_bad_chord_are_refused(here: FakeSystem) -> None:
    with pytest.raises(HotkeyError, match='"hide" and "quit" both have'):
        platforms.open_hotkeys({"hide": "<ctrl>+q", "quit": "<ctrl>+q"})
    with pytest.raises(HotkeyError, match=r'"quit".*"<ctrl>[+]a[+]b"'):
        platforms.open_hotkeys({"quit": "<ctrl>+a+b"})


WINDOWS_ONLY = {"dxcam", "windows_capture", "comtypes", "winreg", "_winapi", "msvcrt"}


def _at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when a module is imported: everything but the insides of functions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _at_import(child)


def test_no_module_loads_anything_of_windows_when_it_is_imported() -> None:
    for path in sorted((ROOT / "reskin").rglob("*.py")):
        for node in _at_import(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
                assert not names & WINDOWS_ONLY, path
            if isinstance(node, ast.Attribute | ast.Constant):
                name = node.attr if isinstance(node, ast.Attribute) else node.value
                assert name not in ("windll", "WinDLL", "oledll", "OleDLL"), path


def test_the_windows_parts_are_imported_here_without_windows() -> None:
    code = (
        "import ctypes, importlib, pkgutil, sys\n"
        "class Trap:\n"
        "    def __getattr__(self, name): raise AssertionError('ctypes.windll was used')\n"
        "ctypes.windll = ctypes.WinDLL = Trap()\n"
        "import reskin.app, reskin.cli, reskin.doctor, reskin.platforms.windows\n"
        "for found in pkgutil.walk_packages(reskin.platforms.windows.__path__, 'reskin.platforms.windows.'):\n"
        "    importlib.import_module(found.name)\n"
        f"print(*sorted({WINDOWS_ONLY!r} & set(sys.modules)), 'reskin.platforms.windows.parts' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stdout.split() == ["True"], done.stderr
