"""Where Reskin keeps its files on this platform; RESKIN_HOME moves them all into one folder. Makes nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal


def place(kind: Literal["config", "data", "state", "log"], *parts: str, in_home: str | None = None) -> Path:
    """The platform's folder of that kind, or what lies in it at `parts`; may not exist.

    Below RESKIN_HOME all kinds are one folder; `in_home` is another name there.
    """
    home = os.environ.get("RESKIN_HOME")
    if home:
        return Path(home, *parts) if in_home is None else Path(home, in_home)
    import platformdirs

    folder: Path = getattr(platformdirs, f"user_{kind}_path")("reskin", appauthor=False)
    return folder.joinpath(*parts)
