"""Letters that OpenCV has not: two fonts of pixels as old games have them, and digits of seven segments.

Capitals, digits and some signs; lower case is written as capitals, and what a font lacks is left blank.
"""

from __future__ import annotations

import cv2
import numpy as np

# A row of a letter is one digit: its pixels as bits, the leftmost one highest.
_TALL = """
    A ehhvhhh B uhhuhhu C ehggghe D uhhhhhu E vgguggv F vgguggg G ehgnhhf H hhhvhhh I e44444e J 72222ic K hikokih
    L ggggggv M hrllhhh N hhpljhh O ehhhhhe P uhhuggg Q ehhhlid R uhhukih S fgge11u T v444444 U hhhhhhe V hhhhha4
    W hhhllla X hha4ahh Y hhha444 Z v1248gv 0 ehjlphe 1 4c4444e 2 eh1248v 3 v2421he 4 26aiv22 5 vgu11he 6 68guhhe
    7 v124888 8 ehhehhe 9 ehhf12c . 00000cc , 0000c48 : 0cc0cc0 ! 4444404 ? eh12404 - 000v000 + 044v440 / 01248g0
    % op248j3 ' c480000
""".split()  # noqa: SIM905 - quotes would hide the letters
_SMALL = """
    A 25755 B 65656 C 34443 D 65556 E 74647 F 74644 G 34553 H 55755 I 72227 J 11152 K 55655 L 44447 M 57755 N 65555
    O 25552 P 65644 Q 25563 R 65655 S 34216 T 72222 U 55557 V 55552 W 55775 X 55255 Y 55222 Z 71247 0 75557 1 26227
    2 71747 3 71717 4 55711 5 74717 6 74757 7 71222 8 75757 9 75717 . 00002 , 00024 : 02020 ! 22202 ? 71202 - 00700
    + 02720 / 11244 % 51245 ' 22000
""".split()  # noqa: SIM905


def _glyphs(table: list[str], wide: int) -> dict[str, np.ndarray]:
    """(rows, wide) bool of each sign."""
    bits = 1 << np.arange(wide)[::-1]
    return {sign: (np.array([int(row, 32) for row in rows])[:, None] & bits) > 0
            for sign, rows in zip(table[::2], table[1::2], strict=True)}  # fmt: skip


FONTS = {"pixels5x7": _glyphs(_TALL, 5), "pixels3x5": _glyphs(_SMALL, 3)}
ROWS = {"pixels5x7": 7, "pixels3x5": 5}
# Which of the segments a digit lights: top, upper left and right, middle, lower left and right, bottom.
SEGMENTS = {
    "0": "1110111", "1": "0010010", "2": "1011101", "3": "1011011", "4": "0111010", "5": "1101011", "6": "1101111",
    "7": "1010010", "8": "1111111", "9": "1111011", "-": "0001000", " ": "0000000",
}  # fmt: skip
SEGMENT_SIGNS = {*SEGMENTS, ":", ".", "/"}


def pixel_text(words: str, font: str, scale: int) -> np.ndarray:
    """(h, w) uint8 coverage of one line in one of FONTS, each of its pixels `scale` wide, with a rim of one."""
    glyphs = FONTS[font]
    blank = np.zeros_like(glyphs["A"])
    cells = [np.pad(glyphs.get(sign, blank), ((1, 1), (1, 0))) for sign in words.upper()]
    line = np.concatenate([*cells, np.zeros((ROWS[font] + 2, 1), bool)], axis=1).astype(np.uint8) * 255
    return np.kron(line, np.ones((scale, scale), np.uint8))


def segment_text(words: str, tall: int, thick: int) -> np.ndarray:
    """(tall, w) uint8 coverage of SEGMENT_SIGNS, of bars `thick` pixels strong."""
    wide, gap = round(tall * 0.55), max(1, thick // 4)
    cells = []
    for sign in words:
        if sign in SEGMENTS:
            cell = np.zeros((tall, wide), np.uint8)
            middle, right = (tall - thick) // 2, wide - thick
            half = thick // 2
            across, left, last = slice(gap + half, wide - gap - half), slice(0, thick), slice(right, wide)
            upper, lower = slice(half + gap, middle + half - gap), slice(middle + half + gap, tall - half - gap)
            boxes = ((slice(0, thick), across), (upper, left), (upper, last), (slice(middle, middle + thick), across),
                     (lower, left), (lower, last), (slice(tall - thick, tall), across))  # fmt: skip
            for box, lit in zip(boxes, SEGMENTS[sign], strict=True):
                if lit == "1":
                    cell[box] = 255
        else:
            cell = np.zeros((tall, 2 * thick), np.uint8)
            half = thick // 2
            if sign == "/":
                cv2.line(cell, (2 * thick - 1, 0), (0, tall - 1), 255, half)
            for y in {":": (tall // 3, 2 * tall // 3), ".": (tall - half,)}.get(sign, ()):
                cell[max(0, y - half) : y + half, half : half + thick] = 255
        cells.append(np.pad(cell, ((0, 0), (0, thick))))
    return np.concatenate(cells, axis=1)
