"""Writes a file so that it is whole, the old one or the new, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


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
