"""A page as one document: script and style are put into the HTML, and the policy allows exactly those.

A content policy by their hashes: nothing else runs or is loaded, and no page may frame ours. Knows nothing of requests.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SHARED = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Page:
    html: str
    policy: str  # the header Content-Security-Policy


def document(folder: Path, html: str, *, styles: Sequence[str], scripts: Sequence[str]) -> Page:
    """`html` of `folder` with those files put in, in order; a name that `folder` has not is one of SHARED."""
    css = "".join(_text(folder, name) for name in styles)
    script = '"use strict";\n' + "".join(_text(folder, name) for name in scripts)
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(css)}'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Page(_text(folder, html).replace("/*style*/", css).replace("/*script*/", script), policy)


def _text(folder: Path, name: str) -> str:
    own = folder / name
    return (own if own.is_file() else SHARED / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
