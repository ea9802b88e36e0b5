"""How a port of this machine is had alone. Knows nothing of addresses and servers."""

from __future__ import annotations

import socket
import sys


def have_alone(unbound: socket.socket) -> None:
    """Its port shall be free again at once when the server ends, and nobody else's before: on Windows the option that
    does the one elsewhere lets any program bind the same port."""
    if sys.platform == "win32":
        unbound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        unbound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
