"""What of a client's session description is let through, before WebRTC sees it: one video, one data channel, no names.

An offer makes this server send packets to the addresses in it, so there are few of them, and they are addresses: a name
would be looked up for a stranger, and is left out. Knows nothing of sessions.
"""

from __future__ import annotations

import ipaddress
import re

from reskin.serve.limits import MOST_CANDIDATES
from reskin.serve.messages import MessageError

MOST_LINES = 600
MOST_LINE = 1024  # characters
NEEDED = ("a=fingerprint:", "a=ice-ufrag:", "a=ice-pwd:")
FINGERPRINT = re.compile(r"a=fingerprint:sha-\d+ [0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){19,63}")
MOST_PARTS = 3  # m-lines; audio that a page offers is left silent
DISCARD_PORT = 9
FOUNDATION, _COMPONENT, TRANSPORT, _PRIORITY, ADDRESS = range(5)  # words of a candidate


def checked(sdp: str, client: str) -> str:
    """The same without candidates that cannot be used; MessageError for what is no offer of ours.

    `client` is the address that asked. Where no candidate is left (browsers hide theirs behind names), one stands in
    that leads nowhere: the client finds us, and that is how we learn where it is.
    """
    lines = sdp.replace("\r\n", "\n").rstrip("\n").split("\n")
    if len(lines) > MOST_LINES or any(len(line) > MOST_LINE or not line.isprintable() for line in lines):
        raise MessageError("reading an offer: its SDP is too long, or holds control characters")
    parts = [line[2:].split(" ", 1)[0] for line in lines if line.startswith("m=")]
    if not lines[0].startswith("v=0") or parts.count("video") != 1 or parts.count("application") > 1:
        raise MessageError("reading an offer: expected an SDP with one video and at most one data channel")
    if len(parts) > MOST_PARTS or not set(parts) <= {"video", "application", "audio"}:
        raise MessageError("reading an offer: its SDP has more parts than one video, one data channel and one audio")
    if not all(any(line.startswith(needed) for line in lines) for needed in NEEDED) or not all(map(_is_sound, lines)):
        raise MessageError(
            "reading an offer: its SDP lacks a fingerprint or ICE's password, or has a port beyond 65535"
        )
    kept = [line for line in lines if not line.startswith("a=candidate:") or _is_usable(line)]
    count = sum(line.startswith("a=candidate:") for line in kept)
    if count > MOST_CANDIDATES:
        raise MessageError(f"reading an offer: more than {MOST_CANDIDATES} ICE candidates")
    if not count:
        kept = _with_stand_in(kept, client)
    return "\r\n".join(kept) + "\r\n"


def _is_sound(line: str) -> bool:
    if line.startswith("a=fingerprint:"):
        return FINGERPRINT.fullmatch(line) is not None
    if line.startswith("m="):
        words = line.split()
        return len(words) > 3 and words[1].isdecimal() and int(words[1]) < 65536
    return True


def _is_usable(line: str) -> bool:
    words = line.removeprefix("a=candidate:").split()
    if len(words) < 8 or words[TRANSPORT].lower() != "udp":
        return False
    try:
        address = ipaddress.ip_address(words[ADDRESS])
    except ValueError:
        return False
    return not (address.is_multicast or address.is_unspecified)


def _with_stand_in(lines: list[str], client: str) -> list[str]:
    try:
        address = str(ipaddress.ip_address(client))
    except ValueError:
        address = "127.0.0.1"
    stand_in = f"a=candidate:0 1 udp 1 {address} {DISCARD_PORT} typ host"
    out: list[str] = []
    for line in lines:
        out.append(line)
        if line.startswith("a=ice-pwd:"):
            out.append(stand_in)
    return out
