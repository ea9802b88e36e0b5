"""Writes a file so that it is whole, the old one or the new, whatever happens meanwhile; and tells that one changed."""

from __future__ import annotations

import contextlib
import os
import shutil
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
    """Beside the file, then renamed over it. OSError when it cannot be written; its folder is made.

    A link stays one, and a file keeps its permissions.
    """
    path = _behind_link(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        if path.is_file() and not path.is_symlink():
            with contextlib.suppress(OSError):  # a file system that knows no permissions
                shutil.copymode(path, partial)
        partial.replace(path)
    finally:
        with contextlib.suppress(OSError):  # renamed, or its folder may be none
            partial.unlink()


def _behind_link(path: Path) -> Path:
    """The file that a link leads to, as where settings are kept in a folder of dotfiles.

    Only where link and folder are of one owner: in a folder for all, such as /tmp, another user may have laid it.
    """
    if path.is_symlink() and path.lstat().st_uid == path.parent.stat().st_uid:
        return Path(os.path.realpath(path))
    return path
