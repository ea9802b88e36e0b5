"""From and to which addresses packets go, and what of them is looked at: bounds that aioice and aiortc lack.

aioice gathers all of this machine's addresses but its loopback, which is too much for a server that shall be reached
from this machine alone, and nothing at all on a machine without a network. And it hands every datagram on, whoever sent
it, where aiortc ends a connection over one that is empty: here only those that ICE knows get so far. ICE's own packets
are signed, and always pass. The parts of a message that never ends are looked through anew with every part that comes,
all in the event loop: here a message has few. And it waits 5 s for a STUN server that does not answer on one of several
addresses (a VPN's, a second network's), when a client has given up after 4: here 1 s. Knows nothing of sessions.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from aioice import ice
from aiortc import rtcsctptransport

LOOPBACK = "127.0.0.1"
MOST_PARTS = 64  # of a message of the data channel, or of several that wait for a part: at least 64 kB
STUN_S = 1  # an answer from the other side of the world takes 0.3
LAST_OF_STUN = 3  # the first byte of its packets is at most this (RFC 7983)
STUN_COOKIE = bytes.fromhex("2112a442")  # at byte 4 of each (RFC 8489); the header has 20
STUN_HEADER_BYTES = 20
_gathered = ice.get_host_addresses
_candidates = ice.Connection.get_component_candidates
_received = ice.StunProtocol.datagram_received
_added = rtcsctptransport.InboundStream.add_chunk
_only: list[str] = []
strangers = [0]  # datagrams that were left out


def install() -> None:
    """For every connection of this process that is made after this; calling it again changes nothing."""
    ice.get_host_addresses = _addresses
    ice.Connection.get_component_candidates = _candidates_soon  # type: ignore[assignment, method-assign]
    ice.StunProtocol.datagram_received = _from_known  # type: ignore[assignment, method-assign]
    rtcsctptransport.InboundStream.add_chunk = _add_bounded  # type: ignore[assignment, method-assign]


def listen_on(host: str) -> None:
    """Media comes and goes there alone. An address of "all" or a name means all."""
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = ipaddress.ip_address(LOOPBACK) if host == "localhost" else None
    _only[:] = [] if address is None or address.is_unspecified else [str(address)]


def _addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    return list(_only) or _gathered(use_ipv4, use_ipv6) or [LOOPBACK]


async def _candidates_soon(connection: ice.Connection, component: int, addresses: list[str]) -> list[Any]:
    return await _candidates(connection, component, addresses, STUN_S)


def _from_known(protocol: Any, data: bytes, addr: tuple[Any, ...]) -> None:
    if _is_stun(data) or (data and _is_known(protocol.receiver, (addr[0], addr[1]))):
        _received(protocol, data, addr)
    else:
        strangers[0] += 1


def _add_bounded(stream: rtcsctptransport.InboundStream, chunk: Any) -> None:
    """A stream that has so many parts waiting gets no more, and is stuck: its sender keeps no protocol of ours."""
    if len(stream.reassembly) < MOST_PARTS:
        _added(stream, chunk)


def _is_stun(data: bytes) -> bool:
    return len(data) >= STUN_HEADER_BYTES and data[0] <= LAST_OF_STUN and data[4:8] == STUN_COOKIE


def _is_known(connection: Any, address: tuple[str, int]) -> bool:
    if any(pair.remote_addr == address for pair in connection._nominated.values()):
        return True
    return any(pair.remote_addr == address for pair in connection._check_list)
