"""`reskin serve` without its words: opens what was asked for, says so, and runs until it is told to stop.

The order matters: the socket and the certificate first (cheap, and they fail often), then the engine's process, then
the door opens. Knows nothing of the command line.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.config import PRESETS
from engine.cores import usable_cores
from reskin.errors import ServeError
from reskin.flash_safety import FlashProfile
from reskin.remote_engine.address import is_loopback
from reskin.serve import addresses, codecs, tls
from reskin.serve.door import Door
from reskin.serve.front import Front, offered
from reskin.serve.host import Host
from reskin.serve.observing import Observer
from reskin.serve.process_renderer import ProcessRenderer
from reskin.serve.routes import Site
from reskin.serve.server import listening, open_socket, until
from reskin.serve.tokens import Tokens, kept_tokens
from reskin.settings import settings_path
from reskin.theme_store import ThemeStore

ENGINE = "reskin.serve.engines:open_engine"
SLOTS_OF_A_GPU = 4  # until it was measured: tools/bench_slots.py
ANY = ("0.0.0.0", "::", "")
POLL_S = 0.05  # while the engine starts


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    host: str = "127.0.0.1"
    port: int = 8443  # 0: any that is free
    preset: str = "nano"
    threads: int = 1  # of an engine on a CPU
    slots: int | None = None  # None: by the machine
    theme: str = ""
    certificate: Path | None = None
    key: Path | None = None
    is_plain: bool | None = None  # without TLS; None: on this machine alone
    names: tuple[str, ...] = ()  # by which clients call this server, beside its own
    token_hours: float = 12.0
    link_sessions: int | None = None  # that one link opens at once; None: as many as there are slots
    bits_at_720p: int = codecs.BITS_AT_720P
    ice_servers: tuple[str, ...] = ()
    open_metrics: bool = False
    flash_limiter: FlashProfile = "broadcast"
    engine: tuple[str, tuple[object, ...]] | None = None  # another factory, and its arguments: for tests
    tokens: Tokens | None = None  # None: of the secret that is kept


@dataclass(frozen=True, kw_only=True)
class Started:
    """What is told when the door is open."""

    address: str  # https://192.168.1.5:8443/
    port: int  # that it listens on
    play: str  # links
    watch: str
    admin_token: str
    fingerprint: str  # of a certificate that was made here; else ""
    engine: str
    slots: int
    is_for_others: bool  # not on this machine alone
    other_names: tuple[str, ...] = ()  # of this machine, to try in place of the one in the links


async def serve(options: ServeOptions, tell: Callable[[Started], None], stopping: asyncio.Event) -> None:
    """Until `stopping` is set; ServeError, EngineError and the others as they come."""
    _require_ascii((options.host, *options.names))
    is_local = is_loopback(options.host)
    is_plain = options.is_plain if options.is_plain is not None else is_local and options.certificate is None
    store = ThemeStore.open(options.theme)
    themes, first = offered(store)
    sock = open_socket(options.host, options.port)
    port: int = sock.getsockname()[1]
    own = _own_names(options.host)
    identity = None
    if not is_plain:
        certificate, named = options.certificate, _without_ports(options.names)
        identity = (
            tls.load(certificate, options.key) if certificate else
            tls.kept_or_made(settings_path().parent, (*own, *named), needed=named)
        )  # fmt: skip
    scheme = "http" if identity is None else "https"
    tokens = options.tokens or kept_tokens()
    door = Door(tokens, scheme=scheme, hosts=_hosts((*own, *options.names), port),
                open_metrics=options.open_metrics)  # fmt: skip
    codecs.Rates.bits_at_720p = options.bits_at_720p
    addresses.listen_on(options.host)
    slots = options.slots or slots_of(options.preset)
    factory, arguments = options.engine or (ENGINE, (options.preset, options.threads, slots))
    engine = ProcessRenderer(factory, arguments)
    is_ready = False
    try:
        while not (is_ready := engine.poll_ready()) and not stopping.is_set():
            await asyncio.sleep(POLL_S)
    finally:
        if not is_ready:
            engine.close()
            sock.close()
    if not is_ready:
        return
    host = Host(engine, themes, theme=first, slots=slots, flash_limiter=options.flash_limiter,
                ice_servers=options.ice_servers)  # fmt: skip
    observer = Observer(host, door.refused)
    site = Site(host=host, observer=observer, front=Front.of(store))
    try:
        async with listening(sock, identity.context if identity else None, door, site):
            address = _address(options, own[0], port, scheme)
            fingerprint = identity.fingerprint if identity is not None and identity.is_own else ""
            started = Started(
                address=address, port=port, fingerprint=fingerprint, engine=engine.name, slots=slots,
                is_for_others=not is_local, **_links(options, tokens, address, slots),
                other_names=() if options.names else tuple(name for name in own[1:] if not is_loopback(name)),
            )  # fmt: skip
            tell(started)
            await until(stopping, lambda: host.stepper.error)
    finally:
        await observer.close()
        await host.close()


def slots_of(preset: str) -> int:
    """How many sessions this machine is trusted with: on a CPU one for two cores."""
    return max(1, usable_cores() // 2) if preset in PRESETS else SLOTS_OF_A_GPU


def _links(options: ServeOptions, tokens: Tokens, address: str, slots: int) -> dict[str, str]:
    """To play, to watch who plays by that one, and the token that may do all."""
    hours = options.token_hours
    play = tokens.issue("play", hours, sessions=options.link_sessions or slots)
    watch = tokens.issue("watch", hours, watches=tokens.read(play).sub)
    return {
        "play": f"{address}#token={play}", "watch": f"{address}#token={watch}",
        "admin_token": tokens.issue("admin", hours),
    }  # fmt: skip


def _own_names(host: str) -> tuple[str, ...]:
    """By which a client may call a server that listens there; the one to print first."""
    if host not in ANY:
        return tuple(dict.fromkeys((host, *(("localhost", "127.0.0.1") if is_loopback(host) else ()))))
    import ifaddr  # aioice, by which aiortc finds its addresses, brings it

    found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    first, name = _route_address(), socket.gethostname().lower()

    def rank(address: str) -> tuple[bool, bool, bool]:
        ip = ipaddress.ip_address(address)
        return ip.is_loopback, ip.is_link_local, address != first

    names = (name,) if name.isascii() else ()  # browsers write such a name in another way, and a certificate must too
    return tuple(dict.fromkeys((*sorted(found, key=rank), *names, "localhost", "127.0.0.1")))


def _route_address() -> str:
    """This machine's own on the way to others, and not a bridge's beside it; "" where there is no way."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # of documentation; over UDP this sends nothing
        return str(probe.getsockname()[0])
    return ""


def _require_ascii(names: tuple[str, ...]) -> None:
    for name in names:
        if not name.isascii():
            raise ServeError(
                f"serving as {name!r}: a name in a certificate, and in what browsers send, is ASCII. Give its IDNA "
                "form, such as xn--mnchen-3ya.example."
            )


def _with_port(name: str, port: int) -> str:
    if name.startswith("[") or name.count(":") == 1:
        return name  # it has one, or is an address of IPv6 as browsers write it
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def _address(options: ServeOptions, own: str, port: int, scheme: str) -> str:
    """To print: plain HTTP with a name given is behind a proxy, which has TLS and a port of its own."""
    if not options.names:
        return f"{scheme}://{_with_port(own, port)}/"
    name = options.names[0]
    if scheme == "https":
        return f"https://{_with_port(name, port)}/"
    return f"https://{f'[{name}]' if name.count(':') > 1 and not name.startswith('[') else name}/"


def _hosts(names: tuple[str, ...], port: int) -> tuple[str, ...]:
    """As browsers say it in Host: without the scheme's usual port, which may be that of a proxy's."""
    hosts = [_with_port(name, port) for name in names]
    return (
        *hosts,
        *names,
        *(host.removesuffix(end) for host in hosts for end in (":443", ":80") if host.endswith(end)),
    )


def _without_ports(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.rsplit(":", 1)[0] if name.count(":") == 1 else name.strip("[]") for name in names)
