"""The marker: a game's own clock as a pattern of blocks in its window's corner, so that each frame can be told apart.

A test game draws the milliseconds of its own clock (`draw_marker`). The engine's process carries those pixels around
the model and flags them (`carry_marker`). Whoever watches a screen or a stream reads them back (`read_marker`):
`reskin.glass_meter` for one. Knows nothing of screens.

The pattern: 31 columns of 6 px; each column is a bit in the upper row and its opposite in the lower row, so noise does
not read as a marker. Columns: sync 1010, 16 bits of number, 8 bits of CRC, sync 01, and one that tells a carried
marker from the game's own: without it, an overlay that hides would be measured as a very fast one.
"""

from __future__ import annotations

import numpy as np

BLOCK_PX = 6
NUMBER_BITS = 16
NUMBER_LIMIT = 1 << NUMBER_BITS  # a number is taken modulo this: 65.5 s when it is milliseconds
_HEAD, _TAIL = (1, 0, 1, 0), (0, 1)
_CRC_BITS = 8
COLUMNS = len(_HEAD) + NUMBER_BITS + _CRC_BITS + len(_TAIL) + 1
MARKER_W_PX = COLUMNS * BLOCK_PX
MARKER_H_PX = 2 * BLOCK_PX
_DARK, _BRIGHT = 16, 240  # what is drawn
_DARK_AT_MOST, _BRIGHT_AT_LEAST = 64, 192  # what is read: rounding and dithering pass, a picture of a game does not


def marker_time(now_ns: int) -> int:
    """The number that a game draws for a frame that it presents now."""
    return now_ns // 1_000_000 % NUMBER_LIMIT


def draw_marker(bgra_u8: np.ndarray, number: int) -> None:
    """Draw into the upper left corner of (h, w, 3 or 4) pixels; the frame must be at least MARKER_W_PX wide."""
    bits = _bits(number % NUMBER_LIMIT, NUMBER_BITS)
    columns = np.array([*_HEAD, *bits, *_bits(_crc8(number % NUMBER_LIMIT), _CRC_BITS), *_TAIL, 0])
    levels = np.where(np.stack([columns, 1 - columns]), _BRIGHT, _DARK).astype(np.uint8)
    bgra_u8[:MARKER_H_PX, :MARKER_W_PX, :3] = levels.repeat(BLOCK_PX, axis=0).repeat(BLOCK_PX, axis=1)[..., None]


def carry_marker(game_u8: np.ndarray, painted_u8: np.ndarray) -> None:
    """Put the game frame's own marker over its painting, flagged as carried. No marker: nothing changes."""
    if read_marker(game_u8) is None:
        return
    painted_u8[:MARKER_H_PX, :MARKER_W_PX] = game_u8[:MARKER_H_PX, :MARKER_W_PX]
    flag = painted_u8[:MARKER_H_PX, MARKER_W_PX - BLOCK_PX : MARKER_W_PX]
    flag[:BLOCK_PX, :, :3], flag[BLOCK_PX:, :, :3] = _BRIGHT, _DARK


def read_marker(bgra_u8: np.ndarray) -> int | None:
    """The number in the upper left corner, or None when there is no whole, undamaged marker."""
    columns = _read_columns(bgra_u8)
    if columns is None:
        return None
    number = int(columns[len(_HEAD) : len(_HEAD) + NUMBER_BITS] @ (1 << np.arange(NUMBER_BITS)[::-1]))
    head, tail = columns[: len(_HEAD)], columns[-1 - len(_TAIL) : -1]
    crc = columns[len(_HEAD) + NUMBER_BITS : -1 - len(_TAIL)]
    if tuple(head) != _HEAD or tuple(tail) != _TAIL or tuple(crc) != _bits(_crc8(number), _CRC_BITS):
        return None
    return number


def is_carried(bgra_u8: np.ndarray) -> bool:
    """Whether the marker came through the engine's process; False when there is none."""
    columns = _read_columns(bgra_u8)
    return columns is not None and bool(columns[-1])


def _read_columns(bgra_u8: np.ndarray) -> np.ndarray | None:
    """(columns,) bits, or None when any block is neither dark nor bright or not its partner's opposite."""
    corner = bgra_u8[:MARKER_H_PX, :MARKER_W_PX, :3]
    if corner.shape[:2] != (MARKER_H_PX, MARKER_W_PX):
        return None
    blocks = corner.reshape(2, BLOCK_PX, COLUMNS, BLOCK_PX, 3).astype(np.uint16).sum(axis=(1, 3, 4))
    level = blocks // (BLOCK_PX * BLOCK_PX * 3)  # (2, columns)
    upper, lower = level >= _BRIGHT_AT_LEAST
    if not np.all((level <= _DARK_AT_MOST) | (level >= _BRIGHT_AT_LEAST)) or not np.all(upper != lower):
        return None
    return upper.astype(np.int64)


def _bits(value: int, count: int) -> tuple[int, ...]:
    return tuple(value >> shift & 1 for shift in reversed(range(count)))


def _crc8(number: int) -> int:
    """CRC-8 with polynomial 0x07, over the number's two bytes; starts at 0xFF so that zero is not all zeros."""
    crc = 0xFF
    for byte in number.to_bytes(2, "big"):
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07 if crc & 0x80 else crc << 1) & 0xFF
    return crc
