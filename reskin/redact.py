"""What must not leave the machine in a report: the home folder, the user's and the machine's name, titles, tokens.

Works on text alone. Better too much is taken out than too little.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
import re
from dataclasses import dataclass, field
from pathlib import Path

_LINK_TOKEN = re.compile(r"(https?://[^\s\"#]*#)(?!token=)[^\s\"]+")  # `[engine] url` may name a token by itself
_STREAM_KEY = re.compile(r"(\brtmp[a-z]*://[^\s\"/]+/)[^\s\"]+", re.IGNORECASE)  # the stream key
_SECRETS = re.compile(r"""(?i)((?<![^\W_])(?:token|key|password|secret)["']?\s*[=:]\s*["']?|\bbearer\s+)[^\s"'&,;]+""")


def without_titles(text: str) -> str:
    """A sentence of our own without what stands in quotes: from the first quote to the last one of its kind."""
    for quote in ('"', "'"):
        text = re.sub(f"(?s)(?<!\\w){quote}.*{quote}", "(a title)", text)
    return text


def _user_names() -> tuple[str, ...]:
    names = {Path.home().name, *(os.environ.get(name, "") for name in ("USER", "USERNAME", "LOGNAME"))}
    with contextlib.suppress(KeyError, OSError):  # a user without an entry in the password file
        names.add(getpass.getuser())
    return tuple(sorted(name for name in names if len(name) > 1))


@dataclass(frozen=True, kw_only=True)
class Redactor:
    homes: tuple[str, ...] = field(default_factory=lambda: (str(Path.home()), str(Path.home().resolve())))
    users: tuple[str, ...] = field(default_factory=_user_names)
    machine: str = field(default_factory=platform.node)

    def text(self, text: str) -> str:
        variants = {variant for home in self.homes for variant in _written(home)}
        for home in sorted(variants, key=len, reverse=True):
            text = re.sub(re.escape(home) + r"(?![\w.-])", "~", text, flags=re.IGNORECASE)
        for name, stand_in in (*((user, "<user>") for user in self.users), (self.machine, "<machine>")):
            if name:
                text = re.sub(rf"(?<![\w]){re.escape(name)}(?![\w])", stand_in, text, flags=re.IGNORECASE)
        text = _LINK_TOKEN.sub(r"\1<removed>", text)
        text = _STREAM_KEY.sub(r"\1<removed>", text)
        return _SECRETS.sub(r"\1<removed>", text)


def _written(home: str) -> tuple[str, ...]:
    """As it stands in text, in JSON, and with the other slashes."""
    if len(home.strip("/\\")) < 2:  # "/" is nobody's home, and is everywhere
        return ()
    return home, home.replace("\\", "\\\\"), home.replace("\\", "/")
