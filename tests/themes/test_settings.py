"""Settings are found, checked and written back, with chords that pynput can read and that do not collide."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import PLAYABLE
from reskin.errors import SettingsError
from reskin.platforms.chords import chord_parts
from reskin.settings import (
    ACTIONS,
    HotkeySettings,
    Settings,
    commented_settings,
    load_settings,
    parse_settings,
    settings_path,
)


def test_the_actions_are_those_that_the_player_was_promised() -> None:
    themes = [f"theme_{n}" for n in range(1, 10)]
    others = ["toggle_overlay", "strength_up", "strength_down", "compare", "split", "materials", "prompt", "keep_box"]
    others += ["screenshot", "panic", "quit"]
    assert list(ACTIONS) == ["next_theme", "previous_theme", *themes, *others]


def test_every_action_has_a_chord_of_its_own_by_default() -> None:
    chords = Settings().hotkeys.chords()
    assert list(chords) == list(ACTIONS)
    assert len({chord_parts(chord) for chord in chords.values()}) == len(ACTIONS)


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    assert settings_path() == tmp_path / "settings.toml"
    assert load_settings() == Settings()
    settings_path().write_text('theme = "candy"\n[hotkeys]\nquit = "<f12>"\nsplit = ""')
    changed = load_settings()
    assert (changed.theme, changed.hotkeys.quit) == ("candy", "<f12>")
    assert "split" not in changed.hotkeys.chords()


@pytest.mark.parametrize(
    "settings",
    [
        Settings(), Settings(theme='a "b" \\c', hotkeys=HotkeySettings(split="")),
        Settings(theme="a\nb\x7f", screenshots="/home/ü/\U0001f3ae"),
    ],
)  # fmt: skip
def test_the_written_file_says_what_the_settings_are(settings: Settings) -> None:
    assert parse_settings(commented_settings(settings)) == settings


def test_a_chord_given_twice_is_refused_with_both_names() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings('[hotkeys]\nsplit = "<ALT>+<ctrl>+n"')
    assert 'next_theme and split both have the chord "<alt>+<ctrl>+n"; change one' in str(caught.value)


MISTAKES = {
    "ctrl+n": '"ctrl" must be written "<ctrl>"',
    "<ctrl>+<pageup>": '"<pageup>" is no key (did you mean "page_up"?)',
    "<ctrl_r>+s": '"<ctrl_r>" is no key (did you mean "ctrl"?)',
    "<ctrl>+<ctrl>+n": "has the same key twice",
    "<ctrl>+<alt>": "has 0 keys besides the modifiers",
    "a+b": "has 2 keys besides the modifiers",
    "<ctrl>+": '"<ctrl>+" is no key',
    "++": '"" is no key',
}


@pytest.mark.parametrize(("chord", "message"), MISTAKES.items())
def test_a_chord_that_cannot_be_pressed_is_told(chord: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(f'[hotkeys]\nquit = "{chord}"')
    assert f'line 2, hotkeys.quit: got the text "{chord}": {message}' in str(caught.value)


def test_other_mistakes_are_told_like_those_of_themes() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings('preset = "tiny"\nfps = 30\n[hotkeys]\nnext_them = "<f5>"\n[overlay]\nnote_s = -1')
    assert str(caught.value).splitlines()[1:] == [
        '  line 1, preset: got the text "tiny": no such preset; expected one of ' + ", ".join(PLAYABLE),
        "  line 2, fps: unknown key (valid are: theme, preset, screenshots, hotkeys, overlay, stream, safety, engine)",
        '  line 4, hotkeys.next_them: unknown key (did you mean "next_theme"?)',
        "  line 6, overlay.note_s: got -1, expected a number from 0 to 30: seconds a note stays, 0 = none",
    ]


def test_the_parts_of_a_chord_are_those_of_pynputs_grammar() -> None:
    parts = {
        "<ctrl>+<alt>+=": {"<ctrl>", "<alt>", "="},
        "<ctrl>++": {"<ctrl>", "+"},
        "+": {"+"},
        "<F9>": {"<f9>"},
        "<65>": {"<65>"},
        "": set(),
    }
    assert {chord: set(chord_parts(chord)) for chord in parts} == parts
