"""The page that `reskin serve` gives: share a picture, see it in a theme. Knows nothing of requests and sessions.

play.js      what is done                      show.js     what is shown of it
source.js    a window, a tab or a camera       words.js    every state in words
link.js      the connection to the engine      figures.js  what the connection costs
compare.js   the original beside the skin      recorder.js to a file on this device
"""

from __future__ import annotations

from pathlib import Path

from reskin.web_parts.document import Page, document

FILES = Path(__file__).resolve().parent
SCRIPTS = (
    "gallery.js", "controls.js", "plot.js", "words.js", "source.js", "link.js", "figures.js", "compare.js",
    "recorder.js", "show.js", "play.js",
)  # fmt: skip


def play_page() -> Page:
    """For players and, with a link that lets only watch, for watchers."""
    return document(FILES, "play.html", styles=["look.css", "play.css"], scripts=SCRIPTS)
