"""From X keysyms to text: what a key says in its layout. Pure; knows no display.

Keysyms are numbers from before Unicode, in sets that follow the ISO 8859 parts and KOI8; newer ones are Unicode with a
mark (X11 protocol, appendix A). Dead keys are joined to the letter after them by Unicode's own composition. A test
holds the whole table against libxkbcommon.
"""
# ruff: noqa: RUF001  accents and Greek letters are meant here

from __future__ import annotations

import unicodedata

from reskin.platforms.base import EditKey

UNICODE_MARK = 0x01000000
LEVEL3_SHIFT, MODE_SWITCH, NUM_LOCK = 0xFE03, 0xFF7E, 0xFF7F
EDIT_KEYS = {
    0xFF0D: EditKey.ENTER, 0xFF8D: EditKey.ENTER, 0xFF1B: EditKey.ESCAPE, 0xFF08: EditKey.BACKSPACE,
    0xFFFF: EditKey.DELETE, 0xFF9F: EditKey.DELETE, 0xFF51: EditKey.LEFT, 0xFF96: EditKey.LEFT,
    0xFF53: EditKey.RIGHT, 0xFF98: EditKey.RIGHT, 0xFF50: EditKey.HOME, 0xFF95: EditKey.HOME,
    0xFF57: EditKey.END, 0xFF9C: EditKey.END, 0xFF52: EditKey.UP, 0xFF97: EditKey.UP, 0xFF54: EditKey.DOWN,
    0xFF99: EditKey.DOWN,
}  # fmt: skip
# Dead keys: the combining character, and what the key gives before a space.
DEAD = {
    0xFE50: ("\u0300", "`"), 0xFE51: ("\u0301", "´"), 0xFE52: ("\u0302", "^"), 0xFE53: ("\u0303", "~"),
    0xFE54: ("\u0304", "¯"), 0xFE55: ("\u0306", "˘"), 0xFE56: ("\u0307", "˙"), 0xFE57: ("\u0308", "¨"),
    0xFE58: ("\u030a", "°"), 0xFE59: ("\u030b", "˝"), 0xFE5A: ("\u030c", "ˇ"), 0xFE5B: ("\u0327", "¸"),
    0xFE5C: ("\u0328", "˛"), 0xFE60: ("\u0323", ""), 0xFE61: ("\u0309", ""), 0xFE62: ("\u031b", ""),
}  # fmt: skip
# The keysym's high byte: the code page that its low byte is of.
_PAGES = {1: "iso8859_2", 2: "iso8859_3", 3: "iso8859_4", 5: "iso8859_6", 12: "iso8859_8", 13: "iso8859_11"}
_CYRILLIC = "ђѓёєѕіїјљњћќґўџ№ЂЃЁЄЅІЇЈЉЊЋЌҐЎЏ"  # 0x6a1 and on, before the letters of KOI8
_GREEK_ACCENTED = {
    **dict(zip(range(0x7A1, 0x7A6), "ΆΈΉΊΪ", strict=True)),
    **dict(zip((0x7A7, 0x7A8, 0x7A9, 0x7AB, 0x7AE, 0x7AF, 0x7D2, 0x7F2, 0x7F3), "ΌΎΫΏ΅―Σσς", strict=True)),
    **dict(zip(range(0x7B1, 0x7BC), "άέήίϊΐόύϋΰώ", strict=True)),
}  # fmt: skip
_LATIN_9 = {0x13BC: "Œ", 0x13BD: "œ", 0x13BE: "Ÿ"}
# Punctuation of the sets for publishing.
_SIGNS = {0xAA9: "—", 0xAAA: "–", 0xAAE: "…", 0xAC9: "™", 0xAD0: "‘", 0xAD1: "’", 0xAD2: "“", 0xAD3: "”",
          0xAFD: "‚", 0xAFE: "„"}  # fmt: skip


def text_of(keysym: int) -> str:
    """The character of a keysym; "" for one that has none, or that is no printable one."""
    text = _character(keysym)
    return text if text.isprintable() else ""


def _character(keysym: int) -> str:
    if UNICODE_MARK < keysym <= UNICODE_MARK + 0x10FFFF:
        return chr(keysym - UNICODE_MARK)
    if keysym < 0x100 or 0x20A0 <= keysym <= 0x20AC:  # Latin-1; currencies
        return chr(keysym)
    if 0xFFAA <= keysym <= 0xFFB9 or keysym == 0xFFBD:  # the keypad
        return chr(keysym & 0x7F)
    page, low = keysym >> 8, bytes([keysym & 0xFF])
    if low < b"\xa1":
        return " " if keysym == 0xFF80 else ""
    if page in _PAGES:
        return low.decode(_PAGES[page], errors="ignore")
    if page == 6:
        return low.decode("koi8_r") if keysym >= 0x6C0 else _CYRILLIC[keysym - 0x6A1 : keysym - 0x6A0]
    if page == 7:
        return _GREEK_ACCENTED.get(keysym) or low.decode("iso8859_7", errors="ignore")
    return _LATIN_9.get(keysym) or _SIGNS.get(keysym, "")


def composed(dead: int, text: str) -> str:
    """A dead key and what was typed after it."""
    combining, alone = DEAD[dead]
    if text == " ":
        return alone
    joined = unicodedata.normalize("NFC", text + combining)
    return joined if len(joined) == 1 else alone + text
