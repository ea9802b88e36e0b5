"""The two sockets of this machine that a stream is served on. Knows nothing of servers."""

from __future__ import annotations

import errno
import socket

from reskin.errors import StreamError
from reskin.web_parts.lone_port import have_alone

MOST_PORTS = 10  # that are tried, one after the other
_NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def open_sockets(port: int) -> list[socket.socket]:
    """127.0.0.1 and, where there is one, ::1, on that port or the next that is free on both; 0: any that is free."""
    tried = range(port, min(port + MOST_PORTS, 65536)) if port else [0] * MOST_PORTS
    error: OSError | None = None
    for number in tried:
        try:
            return _both(number)
        except OSError as taken:
            error = taken
    raise StreamError(
        f"opening a port for OBS: none from {tried[0]} to {tried[-1]} can be had ({error}). "
        "Give another in the settings: [stream] port."
    ) from error


def _both(port: int) -> list[socket.socket]:
    four = _listen(socket.AF_INET, "127.0.0.1", port)
    try:
        return [four, _listen(socket.AF_INET6, "::1", four.getsockname()[1])]
    except OSError as error:
        if error.errno in _NO_SUCH_ADDRESS or not socket.has_ipv6:
            return [four]
        four.close()  # ::1 is another's: "localhost" in a browser would be theirs
        raise


def _listen(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        have_alone(listening)
        if family is socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((host, port))
        listening.listen(128)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening
