"""Saves a text file so that it is whole, the old one or the new, whatever happens. Knows nothing of what it says."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from reskin.errors import ReskinError, ThemeError


def write_text(path: Path, text: str, error_type: type[ReskinError] = ThemeError) -> None:
    """Beside the file, then renamed over it. `error_type` when it cannot be written; its folder is made."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8", newline="")
        partial.replace(path)
    except OSError as error:
        raise error_type(f"saving {path}: {error.strerror}; check the folder and its space") from error
    finally:
        with contextlib.suppress(OSError):  # its folder may be none
            partial.unlink()
