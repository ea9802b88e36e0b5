"""What a picture file asks of a decoder, before a decoder is asked: width and height, and how long its parts are.

PNG, JPEG, WebP and BMP, after their specifications. Knows nothing of pixels.
"""

from __future__ import annotations

import struct

_PNG = b"\x89PNG\r\n\x1a\n"
MOST_PX = 100_000_000  # a photo of 100 megapixels is 0.4 GB when decoded; a file of 1 kB can say a thousand times that


def picture_size(content: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels as the header says; None where it says none or is of another format."""
    try:
        if content.startswith(_PNG):
            return struct.unpack_from(">II", content, 16)
        if content[:2] == b"BM":
            w, h = struct.unpack_from("<ii", content, 18)
            return abs(w), abs(h)  # a height below zero: rows from the top
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _webp(content)
        if content[:2] == b"\xff\xd8":
            return _jpeg(content)
    except (struct.error, IndexError):  # it ends before that
        pass
    return None


def is_cut_off(content: bytes) -> bool:
    """Whether a PNG's chunk says that it is longer than the file: OpenCV's decoder takes that much memory first."""
    at = len(_PNG)
    while content.startswith(_PNG) and at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        at += 12 + length
        if at > len(content):
            return True
        if kind == b"IEND":
            break
    return False


def _webp(content: bytes) -> tuple[int, int] | None:
    match content[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(content[24:27], "little"), 1 + int.from_bytes(content[27:30], "little")
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", content, 21)
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            w, h = struct.unpack_from("<HH", content, 26)
            return w & 0x3FFF, h & 0x3FFF
        case _:
            return None


def _jpeg(content: bytes) -> tuple[int, int] | None:
    """From the first frame header among the segments."""
    at = 2
    while at < len(content):
        if content[at] != 0xFF:
            return None
        kind = content[at + 1]
        if kind == 0xFF:
            at += 1
        elif 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            h, w = struct.unpack_from(">HH", content, at + 5)
            return w, h
        elif kind in (0xD9, 0xDA):
            return None
        else:
            at += 2 + int(struct.unpack_from(">H", content, at + 2)[0])
    return None
