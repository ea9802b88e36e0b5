"""Where an engine at a distance is and what opens it, from the link that `reskin serve` prints.

    https://192.168.1.20:8443/#token=eyJ...

What stands after the # is never sent to anybody as a part of the link. Knows nothing of networks.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs, urlsplit, urlunsplit

from reskin.errors import EngineError

TOKEN_VARIABLE = "RESKIN_ENGINE_TOKEN"
EXPECTED = "expected a link as `reskin serve` prints it, such as https://192.168.1.20:8443/#token=..."
UP_MBIT = 10.0  # more than comes back: what the codec blurs, the engine reads wrongly
Fallback = Literal["local", "game"]


@dataclass(frozen=True, kw_only=True)
class EngineAddress:
    url: str  # without the token, with a slash at its end
    token: str = field(repr=False)
    fingerprint: str = ""  # SHA-256 of its certificate, 64 hexadecimal digits; "" trusts the first that it shows
    mbit: float = UP_MBIT  # a second, of video to it at 1280x720; other sizes by their area
    fallback: Fallback = "local"  # who paints while it does not answer: this machine's engine, or nobody

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def is_encrypted(self) -> bool:
        return self.url.startswith("https:")

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.host}:{self.port}"


def read_address(
    link: str, *, token: str = "", fingerprint: str = "", fallback: Fallback = "local", mbit: float = UP_MBIT
) -> EngineAddress:
    """The link's own token wins over none, `token` over the link's, and that over RESKIN_ENGINE_TOKEN; EngineError."""
    try:
        parts = urlsplit(link.strip())
        host = parts.hostname or ""
        parts.port  # noqa: B018  ValueError for one that is none
    except ValueError as error:
        raise EngineError(f"reading the engine's link: {error}; {EXPECTED}") from None
    if parts.scheme not in ("https", "http") or not host:
        raise EngineError(f"reading the engine's link: it begins with {parts.scheme or 'no scheme'}; {EXPECTED}")
    if parts.scheme == "http" and not is_loopback(host):
        raise EngineError(
            f"reading the engine's link: http to {host} would send the token and the game's pictures for all to read. "
            "Use https; http is for this machine alone."
        )
    given = token or _in_fragment(parts.fragment) or os.environ.get(TOKEN_VARIABLE, "")
    if not given:
        raise EngineError(
            f"reading the engine's link: it has no token. Take the whole link that `reskin serve` prints, or give "
            f"--engine-token or the variable {TOKEN_VARIABLE}."
        )
    path = parts.path if parts.path.endswith("/") else f"{parts.path}/"
    url = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", ""))
    return EngineAddress(url=url, token=given, fingerprint=plain_fingerprint(fingerprint), mbit=mbit, fallback=fallback)


def plain_fingerprint(text: str) -> str:
    """64 small hexadecimal digits from any usual way of writing a SHA-256; "" stays; EngineError."""
    plain = re.sub(r"(?i)^sha-?256[:=]", "", text.strip()).replace(":", "").replace(" ", "").lower()
    if plain and not re.fullmatch(r"[0-9a-f]{64}", plain):
        raise EngineError(
            f"reading the fingerprint: got {len(plain)} digits, expected the 64 of a SHA-256 as `reskin serve` prints."
        )
    return plain


def _in_fragment(fragment: str) -> str:
    """#token=TOKEN, or the token alone."""
    return parse_qs(fragment).get("token", [""])[0] or ("" if "=" in fragment else fragment)


def is_loopback(host: str) -> bool:
    """Whether a name or an address, IPv6 without its brackets, is this machine's own and nobody else's."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
