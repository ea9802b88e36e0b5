"""Writes TOML: one value as text, and a whole file.

Knows nothing of what it says.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reskin.errors import ReskinError
from reskin.whole_file import write_whole


def toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_value(part)}" for key, part in value.items()) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(part) for part in value) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # the one text that JSON writes otherwise


def write_text(
    path: Path, text: str, error_type: type[ReskinError], advice: str = "check the folder and its space"
) -> None:
    """Whole or not at all. `error_type`, ending in `advice`, when it cannot be written; its folder is made."""
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise error_type(f"saving {path}: {error.strerror}; {advice}") from error
