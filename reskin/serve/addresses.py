"""On which addresses media is taken: those that the server listens on, where it was told to listen on some.

aioice gathers all of this machine's addresses but its loopback, which is too much for a server that shall be reached
from this machine alone, and nothing at all on a machine without a network. Knows nothing of sessions.
"""

from __future__ import annotations

import ipaddress

from aioice import ice

LOOPBACK = "127.0.0.1"
_gathered = ice.get_host_addresses
_only: list[str] = []


def listen_on(host: str) -> None:
    """For every connection of this process that is made after this. An address of "all" or a name means all."""
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = ipaddress.ip_address(LOOPBACK) if host == "localhost" else None
    _only[:] = [] if address is None or address.is_unspecified else [str(address)]
    ice.get_host_addresses = _addresses


def _addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    return list(_only) or _gathered(use_ipv4, use_ipv6) or [LOOPBACK]
