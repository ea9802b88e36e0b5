"""How a video file of a stranger is opened: that file alone, and only kinds of file that hold pictures themselves.

Left to itself, FFmpeg looks at what lies in the file and not at its name. A text named holiday.mp4 may be a list of
other files (ffconcat, HLS, DASH, SDP), which it would open, also over the network.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av

KINDS = "mp4, mov, mkv, webm, avi, ts, mpg, flv, ogg, wmv or gif"
# The readers of those by FFmpeg's names, and of wav, which then is told to hold no pictures.
_READERS = "mov,matroska,avi,mpegts,mpeg,flv,ogg,asf,gif,wav"
OPTIONS = {"protocol_whitelist": "file", "format_whitelist": _READERS}


def open_video(path: Path) -> Any:
    """A PyAV container to read from; av.FFmpegError, OSError or ValueError where it is none of KINDS."""
    return av.open(str(path), options=dict(OPTIONS), metadata_errors="replace")  # a title in Latin-1 is no fault
