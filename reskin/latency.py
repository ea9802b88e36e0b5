"""Glass to glass: from the moment a game draws a frame to the moment a player sees its painting, by a marker.

A test game draws the milliseconds of its own clock as a pattern of blocks into its window's corner (`draw_marker`). The
engine's process carries those pixels around the model and flags them (`carry_marker`). A `GlassMeter`, a process of
its own, reads them back from the screen (`read_marker`): the time now minus the time in the marker is the latency.

The pattern: 31 columns of 6 px; each column is a bit in the upper row and its opposite in the lower row, so noise does
not read as a marker. Columns: sync 1010, 16 bits of number, 8 bits of CRC, sync 01, and one that tells a carried
marker from the game's own: without it, an overlay that hides would be measured as a very fast one.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from reskin.child_process import die_with, spawn
from reskin.errors import DisplayError
from reskin.frame import Region

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
_POLL_S = 0.002
_REST_S = 0.025  # after a new painting: the next is a tick of 42 ms away, and looking costs the loop that is measured


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


@dataclass(frozen=True, kw_only=True)
class GlassReport:
    count: int  # paintings that were seen
    p50_ms: float
    p95_ms: float
    p99_ms: float
    unread_share: float  # of looks at the screen in which no carried marker was there

    @staticmethod
    def of(latencies_ms: list[int], looks: int, unread: int) -> GlassReport:
        values: list[float] = [*latencies_ms] or [float("nan")]
        p50, p95, p99 = np.percentile(values, (50, 95, 99), method="higher")
        return GlassReport(
            count=len(latencies_ms), p50_ms=float(p50), p95_ms=float(p95), p99_ms=float(p99),
            unread_share=unread / looks if looks else 1.0,
        )  # fmt: skip


class GlassMeter:
    """Watches the marker at the upper left corner of `region` on the screen, from `begin` to `finish`."""

    def __init__(self, region: Region) -> None:
        self._process, self._connection = spawn("reskin-glass-meter", _watch, os.getpid(), region.x, region.y)

    def begin(self) -> None:
        """Forget what was seen so far (the warm-up). Should the process have ended, `finish` says so."""
        with contextlib.suppress(OSError):
            self._connection.send("begin")

    def finish(self) -> GlassReport:
        try:
            self._connection.send("finish")
            if not self._connection.poll(10):
                raise DisplayError("reading the marker from the screen: no answer in 10 s; is the display still there?")
            answer = self._connection.recv()
        except (EOFError, OSError) as error:
            raise DisplayError(
                "reading the marker from the screen: the process that does it has ended; run it again without other "
                "programs that read the screen"
            ) from error
        finally:
            self.close()
        if isinstance(answer, str):
            raise DisplayError(f"reading the marker from the screen: {answer}")
        return GlassReport.of(*answer)

    def close(self) -> None:
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._connection.close()


def _watch(connection: Connection, parent_pid: int, x: int, y: int) -> None:
    """Look every 2 ms while a painting is due; one latency for each, when it is first seen."""
    die_with(parent_pid)
    import mss

    latencies_ms: list[int] = []
    looks = unread = 0
    number: int | None = None
    last: int | None = None
    last_pixels = b""
    try:
        with mss.MSS() as screen:
            area = {"left": max(0, x), "top": max(0, y), "width": MARKER_W_PX, "height": MARKER_H_PX}
            while True:
                if connection.poll():
                    if connection.recv() == "finish":
                        break
                    latencies_ms, looks, unread = [], 0, 0
                shot: Any = screen.grab(area)
                now = marker_time(time.monotonic_ns())
                looks += 1
                if shot.raw != last_pixels:
                    last_pixels = bytes(shot.raw)
                    corner = np.frombuffer(last_pixels, np.uint8).reshape(MARKER_H_PX, MARKER_W_PX, 4)
                    number = read_marker(corner) if is_carried(corner) else None
                unread += number is None
                is_new = number is not None and number != last
                if number is not None and is_new:
                    latencies_ms.append((now - number) % NUMBER_LIMIT)
                    last = number
                time.sleep(_REST_S if is_new else _POLL_S)
        connection.send((latencies_ms, looks, unread))
    except EOFError:
        return  # the app is gone
    except Exception as error:  # noqa: BLE001  whatever the screen does, the app is told instead of waiting
        with contextlib.suppress(OSError):
            connection.send(f"{type(error).__name__}: {error}")
