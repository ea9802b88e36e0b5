"""The keyboard's layout as the X server tells it: a key's code and the modifiers held give a keysym.

The core protocol's map: two groups (layouts) of two levels, then the third and fourth level of each as XKB adds them
(X11 protocol, section 5; the XKB protocol, section 12.4). A third or fourth layout is read as the first.
"""

from __future__ import annotations

from dataclasses import dataclass

from reskin.platforms.x11.keysyms import LEVEL3_SHIFT, MODE_SWITCH, NUM_LOCK, text_of

SHIFT, LOCK, CONTROL, ALT, SUPER = 1, 2, 4, 8, 64  # of an event's state; Mod1 is Alt and Mod4 Super everywhere
_KEYPAD = range(0xFF80, 0xFFBE)


@dataclass(frozen=True, kw_only=True)
class Keymap:
    first_code: int
    keysyms: tuple[tuple[int, ...], ...]  # by key code, from the first
    level3_mask: int = 0
    group2_mask: int = 0  # Mode_switch, the group key from before XKB
    num_lock_mask: int = 0

    @classmethod
    def of_replies(cls, first_code: int, mapping: object, modifiers: object) -> Keymap:
        """From the replies of GetKeyboardMapping and GetModifierMapping."""
        width = mapping.keysyms_per_keycode  # type: ignore[attr-defined]
        flat = list(mapping.keysyms)  # type: ignore[attr-defined]
        rows = tuple(tuple(flat[at : at + width]) for at in range(0, len(flat), width)) if width else ()
        per_modifier = modifiers.keycodes_per_modifier  # type: ignore[attr-defined]
        codes = list(modifiers.keycodes)  # type: ignore[attr-defined]

        def mask_of(keysym: int) -> int:
            found = 0
            for bit in range(8):
                held = codes[bit * per_modifier : (bit + 1) * per_modifier]
                if any(code and keysym in rows[code - first_code] for code in held):
                    found |= 1 << bit
            return found & ~(SHIFT | LOCK | CONTROL)

        level3_mask = mask_of(LEVEL3_SHIFT)
        return cls(
            first_code=first_code, keysyms=rows, level3_mask=level3_mask,
            group2_mask=mask_of(MODE_SWITCH) & ~level3_mask,  # XKB puts both on one modifier, and means the third level

            num_lock_mask=mask_of(NUM_LOCK),
        )  # fmt: skip

    def keysym(self, code: int, state: int) -> int:
        """The keysym of a key with these modifiers; 0 where the layout has none there."""
        index = code - self.first_code
        row = self.keysyms[index] if 0 <= index < len(self.keysyms) else ()
        group = 1 if (state >> 13) & 3 == 1 or state & self.group2_mask else 0
        shifted = bool(state & SHIFT)
        if state & self.num_lock_mask and _at(row, 2 * group + 1) in _KEYPAD:
            shifted = not shifted
        third = bool(state & self.level3_mask) and any(row[4:])
        keysym = self._level(row, group, third=third, shifted=shifted)
        if state & LOCK and not third and _is_letter(keysym):
            keysym = self._level(row, group, third=third, shifted=not shifted)
        return keysym

    def is_shortcut(self, state: int) -> bool:
        """Whether Control, Alt or Super is held, so that no text is meant. Alt may be the third level's key."""
        return bool(state & (CONTROL | ALT | SUPER) & ~self.level3_mask)

    @staticmethod
    def _level(row: tuple[int, ...], group: int, *, third: bool, shifted: bool) -> int:
        start = 2 * group + (4 if third else 0)
        if not _at(row, start) and not _at(row, start + 1):
            start = 4 if third else 0  # the first group's
        plain, upper = _at(row, start), _at(row, start + 1)
        if not shifted:
            return plain
        text = text_of(plain)
        if not upper and len(text.upper()) == 1 and text.upper() != text:
            return 0x01000000 + ord(text.upper()) if ord(text.upper()) > 0xFF else ord(text.upper())
        return upper or plain


def _at(row: tuple[int, ...], index: int) -> int:
    return row[index] if index < len(row) else 0


def _is_letter(keysym: int) -> bool:
    text = text_of(keysym)
    return text.upper() != text.lower()
