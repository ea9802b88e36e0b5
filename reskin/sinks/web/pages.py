"""The pages of the streamer outputs: the bare picture for OBS, and the control page. Knows nothing of requests."""

from __future__ import annotations

from pathlib import Path

from reskin.web_parts.document import Page, document

FILES = Path(__file__).resolve().parent / "pages"

__all__ = ["Page", "control_page", "view_page"]


def view_page() -> Page:
    return document(FILES, "view.html", styles=["view.css"], scripts=["viewer.js", "view.js"])


def control_page() -> Page:
    return document(
        FILES, "control.html", styles=["look.css", "control.css"],
        scripts=["viewer.js", "gallery.js", "controls.js", "plot.js", "control.js"],
    )  # fmt: skip
