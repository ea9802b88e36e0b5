"""Writes a file so that it is whole, the old one or the new, whatever happens meanwhile; and tells that one changed."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

Stamp = tuple[int, int, int]  # mtime_ns, size, inode; the inode tells a rename within one clock tick


def file_stamp(path: Path) -> Stamp | None:
    """By which a file is known to be as it was; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def write_whole(path: Path, content: bytes) -> None:
    """Beside the file, then renamed over it. OSError when it cannot be written; its folder is made."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        with contextlib.suppress(OSError):  # renamed, or its folder may be none
            partial.unlink()
