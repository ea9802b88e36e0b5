"""The two pages, each one document: script and style are put into the HTML, and the policy allows exactly those.

A content policy by their hashes: nothing else runs or is loaded, and no page may frame ours. Knows nothing of requests.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

FILES = Path(__file__).resolve().parent / "pages"


@dataclass(frozen=True, slots=True)
class Page:
    html: str
    policy: str  # the header Content-Security-Policy


def view_page() -> Page:
    return _page("view.html", "view.css", "viewer.js", "view.js")


def control_page() -> Page:
    return _page("control.html", "control.css", "viewer.js", "control.js")


def _page(html: str, style: str, *scripts: str) -> Page:
    css = _text(style)
    script = '"use strict";\n' + "".join(_text(name) for name in scripts)
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(css)}'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Page(_text(html).replace("/*style*/", css).replace("/*script*/", script), policy)


def _text(name: str) -> str:
    return (FILES / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
