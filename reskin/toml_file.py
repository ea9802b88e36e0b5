"""Writes TOML: one value as text, and a file so that it is whole, the old one or the new, whatever happens.

Knows nothing of what it says.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from reskin.errors import ReskinError, ThemeError


def toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_value(part)}" for key, part in value.items()) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(part) for part in value) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # the one text that JSON writes otherwise


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
