"""A still picture's file: read into pixels and written whole. PNG, JPEG, WebP and BMP, after their specifications.

What a file asks of a decoder, width and height and how long its parts are, is looked at before a decoder is asked.
Pixels are (h, w, 3 or 4) uint8, BGR first. Knows nothing of what a picture shows.
"""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np

from reskin.errors import VideoError
from reskin.themes import PICTURE_SUFFIXES
from reskin.whole_file import write_whole

_PNG = b"\x89PNG\r\n\x1a\n"
MOST_PX = 100_000_000  # a photo of 100 megapixels is 0.4 GB when decoded; a file of 1 kB can say a thousand times that


def is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_SUFFIXES


def read_picture(path: Path) -> np.ndarray:
    """(h, w, 4) uint8 BGRA; VideoError when it is no picture, or one of more pixels than fit."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise VideoError(f"reading the picture {path}: {error.strerror}; check the path") from error
    w, h = picture_size_px(content) or (0, 0)
    if w * h > MOST_PX:
        raise VideoError(f"reading the picture {path}: {w}x{h} pixels; expected at most {MOST_PX // 10**6} million")
    if is_cut_off(content):
        raise VideoError(f"reading the picture {path}: it is damaged, a part of it is missing; fetch it again")
    try:
        bgr_u8 = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    except cv2.error:  # of a header that says the impossible
        bgr_u8 = None
    if bgr_u8 is None:
        raise VideoError(f"reading the picture {path}: it is none; expected one of {', '.join(PICTURE_SUFFIXES)}")
    return cv2.cvtColor(bgr_u8, cv2.COLOR_BGR2BGRA)


def check_picture_path(path: Path) -> None:
    """VideoError when no picture can be written there: for before the work that it is to show."""
    if not is_picture(path):
        raise VideoError(f"writing the picture {path}: expected a name ending in {', '.join(PICTURE_SUFFIXES)}")
    if not path.absolute().parent.is_dir():
        raise VideoError(f"writing the picture {path}: there is no folder {path.absolute().parent}; make it first")


def write_picture(path: Path, bgr_u8: np.ndarray) -> None:
    """Writes beside the target and renames, so that no half picture is left; VideoError when it cannot be written."""
    check_picture_path(path)
    fits, encoded = cv2.imencode(path.suffix, bgr_u8)
    if not fits:
        h, w = bgr_u8.shape[:2]
        raise VideoError(f"writing the picture {path}: {w}x{h} is too large for {path.suffix}; name it .png")
    try:
        write_whole(path, encoded.tobytes())
    except OSError as error:
        raise VideoError(f"writing the picture {path}: {error.strerror}; check the folder and its space") from error


def picture_size_px(content: bytes) -> tuple[int, int] | None:
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
