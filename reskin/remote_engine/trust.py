"""Whether the server is the one that it says it is: by the usual authorities, by a fingerprint, or as the first time.

A server without a certificate of an authority makes one itself; its fingerprint is written down at the first meeting,
and from then on a server of that name with another one is refused. Knows nothing of what is said afterwards.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from reskin.errors import EngineError
from reskin.remote_engine.address import EngineAddress
from reskin.whole_file import write_whole

LIMIT_S = 3.0
MOST_BYTES = 1_000_000  # of the file


@dataclass(frozen=True, kw_only=True)
class Trust:
    fingerprint: str  # what its certificate must have; "" where an authority vouches for it, or nothing is encrypted
    note: str = ""  # for the player


class KnownServers:
    """One JSON file: "host:port" to the SHA-256 of its certificate."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or known_servers_path()

    def fingerprint(self, name: str) -> str:
        return self._read().get(name, "")

    def remember(self, name: str, fingerprint: str) -> None:
        known = {**self._read(), name: fingerprint}
        with contextlib.suppress(OSError):  # then it is met for the first time again
            write_whole(self._path, json.dumps(known, indent=1).encode())

    def _read(self) -> dict[str, str]:
        try:
            if self._path.stat().st_size > MOST_BYTES:
                return {}
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def known_servers_path() -> Path:
    """Beside the settings; may not exist."""
    from reskin.settings import settings_path

    return settings_path().with_name("known-servers.json")


def trust(address: EngineAddress, known: KnownServers) -> Trust:
    """Blocks for at most some seconds. OSError when nobody is there, EngineError when it is somebody else."""
    if not address.is_encrypted:
        return Trust(fingerprint="")
    if address.fingerprint:
        return Trust(fingerprint=address.fingerprint)
    before = known.fingerprint(address.name)
    certificate, is_vouched_for = _shown_certificate(address.host, address.port)
    if is_vouched_for:
        return Trust(fingerprint="")
    shown = hashlib.sha256(certificate).hexdigest()
    if before and shown != before:
        raise EngineError(changed(address.name, shown))
    if not before:
        known.remember(address.name, shown)
        note = f"First time at {address.name}: its certificate is trusted from now on, SHA-256 {shown[:16]}..."
        return Trust(fingerprint=shown, note=note)
    return Trust(fingerprint=shown)


def changed(name: str, shown: str) -> str:
    """What the player is told of a server that is not the one it was."""
    return (
        f"reaching the engine at {name}: its certificate is not the one expected (it shows SHA-256 {shown}). Either "
        "the server was set up anew, or somebody stands between. If it was set up anew, give --engine-fingerprint as "
        f"it prints it, or take its line out of {known_servers_path()}."
    )


def _shown_certificate(host: str, port: int) -> tuple[bytes, bool]:
    """The certificate in DER, and whether this system's authorities vouch for it."""
    try:
        return _handshake(host, port, ssl.create_default_context()), True
    except ssl.SSLCertVerificationError:
        any_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        any_context.check_hostname = False
        any_context.verify_mode = ssl.CERT_NONE  # only to look at it; the connection itself is held to its fingerprint
        return _handshake(host, port, any_context), False


def _handshake(host: str, port: int, context: ssl.SSLContext) -> bytes:
    with (
        socket.create_connection((host, port), LIMIT_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        return connection.getpeercert(binary_form=True) or b""
