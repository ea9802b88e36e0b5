"""Certificates: the first meeting, the next ones, another server at the same address, a fingerprint that was given."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import socket
import ssl
import threading
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from reskin.errors import EngineError
from reskin.remote_engine.address import EngineAddress, read_address
from reskin.remote_engine.doctor import probe_remote_engine
from reskin.remote_engine.signalling import Conflict, Queued, Refused, Signalling, Unreachable, _read_json
from reskin.remote_engine.trust import KnownServers, trust
from reskin.serve import tls
from reskin.settings import EngineSettings

ANSWERS = {
    "wrong": (401, {"error": "a wrong token"}), "watch": (403, {"error": "scope"}),
    "taken": (409, {"error": "the session is taken"}), "full": (429, {"queue": 3, "retry_s": 5}),
    "used": (429, {"error": "the 5 minutes of this link are used up", "queue": 0, "retry_s": 0}),
    "quota": (429, {"error": "a token of a cluster has its sessions"}),
    "twice": (429, {"error": "this link is for 1 sessions at once", "queue": 0, "retry_s": 5}),
    "odd": (400, {"error": "malformed"}), "ill": (503, {}), "empty": (200, {}),
    "good": (200, {"sdp": "v=0", "session": "s1", "resume": True, "what a newer one says": 1}),
}  # fmt: skip


class Site:
    """An HTTPS server with a certificate of its own that answers offers by the token's text."""

    def __init__(self, folder: Path) -> None:
        identity = tls.kept_or_made(folder, ("127.0.0.1",))
        self.fingerprint = identity.fingerprint
        self.offers: list[dict] = []
        self._loop = asyncio.new_event_loop()
        self._is_up = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(identity.context,))
        self._thread.start()
        assert self._is_up.wait(20)

    def address(self, token: str = "good", fingerprint: str = "") -> EngineAddress:
        return read_address(f"https://127.0.0.1:{self.port}/#token={token}", fingerprint=fingerprint)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, context: ssl.SSLContext) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application()
        app.router.add_post("/offer", self._offer)
        app.router.add_get("/health", self._health)
        runner = web.AppRunner(app)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        self._loop.run_until_complete(site.start())
        self.port = runner.addresses[0][1]
        self._is_up.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _offer(self, request: web.Request) -> web.Response:
        self.offers.append(await request.json())
        status, answer = ANSWERS[request.headers["Authorization"].removeprefix("Bearer ")]
        return web.json_response(answer, status=status)

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"healthy": True})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.close()


@pytest.fixture
def known(tmp_path: Path) -> KnownServers:
    return KnownServers(tmp_path / "known-servers.json")


def test_the_first_meeting_is_told_and_the_next_one_is_not(site: Site, known: KnownServers) -> None:
    first = trust(site.address(), known)
    assert first.fingerprint == site.fingerprint.replace(":", "").lower()
    assert "First time" in first.note
    assert trust(site.address(), known).note == ""


def test_another_certificate_at_the_same_address_is_refused(site: Site, known: KnownServers) -> None:
    known.remember(site.address().name, hashlib.sha256(b"another").hexdigest())
    with pytest.raises(EngineError, match="not the one expected"):
        trust(site.address(), known)


def test_a_file_that_was_damaged_is_a_first_meeting(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "known-servers.json"
    path.write_text('{"127.0.0.1', encoding="utf-8")
    assert "First time" in trust(site.address(), KnownServers(path)).note


def ask(address: EngineAddress, known: KnownServers, session: str | None = None) -> object:
    async def offer() -> object:
        async with Signalling(address, known) as signalling:
            return await signalling.offer("v=0", session=session)

    return asyncio.run(offer())


def test_a_given_fingerprint_is_held_to(site: Site, known: KnownServers) -> None:
    ask(site.address(fingerprint=site.fingerprint), known)
    with pytest.raises(Refused, match="not the one expected"):
        ask(site.address(fingerprint="00" * 32), known)


def test_a_refused_server_that_does_not_hang_up_leaves_no_connection_behind(
    known: KnownServers, tmp_path: Path
) -> None:
    identity = tls.kept_or_made(tmp_path, ("127.0.0.1",))
    is_asked, is_over = threading.Event(), threading.Event()

    def greet_and_say_nothing() -> None:
        with listener.accept()[0] as plain, identity.context.wrap_socket(plain, server_side=True):
            is_asked.set()
            is_over.wait(20)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = threading.Thread(target=greet_and_say_nothing)
        silent.start()
        try:
            address = read_address(f"https://127.0.0.1:{listener.getsockname()[1]}/#token=t", fingerprint="00" * 32)
            with warnings.catch_warnings(record=True) as leaks:
                warnings.simplefilter("always", ResourceWarning)
                with pytest.raises(Refused, match="not the one expected"):
                    ask(address, known)
                gc.collect()
            assert is_asked.is_set()
        finally:
            is_over.set()
            silent.join()
    assert [str(leak.message) for leak in leaks] == []


def test_an_offer_says_what_was_agreed_on(site: Site, known: KnownServers) -> None:
    answer = ask(site.address(), known, session="s0")
    assert vars(answer) | {"note": ""} == {"sdp": "v=0", "session": "s1", "is_resumed": True, "note": ""}
    assert site.offers[-1] == {
        "version": 1, "sdp": "v=0", "type": "offer", "theme": None, "strip": True, "session": "s0", "watch": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("token", "kind", "words"),
    [
        ("wrong", Refused, "does not take the token"), ("watch", Refused, "not for playing"),
        ("taken", Conflict, "taken"), ("full", Queued, "place 3"),
        ("used", Refused, "minutes of this link are used up"), ("quota", Refused, "has its sessions"),
        ("twice", Queued, "nobody in now: this link is for 1"), ("odd", Refused, "another version"),
        ("ill", Unreachable, "answered 503"), ("empty", Unreachable, "answered 200"),
    ],
)  # fmt: skip
def test_each_refusal_says_what_it_means(
    site: Site, known: KnownServers, token: str, kind: type[EngineError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        ask(site.address(token), known)


def test_nobody_at_the_port_is_told(known: KnownServers) -> None:
    with pytest.raises(Unreachable, match=r"reaching the engine at 127\.0\.0\.1:9"):
        ask(read_address("https://127.0.0.1:9/#token=t"), known)


def test_the_doctor_says_whether_it_answers(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    assert "this machine paints" in probe_remote_engine(EngineSettings()).why
    found = probe_remote_engine(EngineSettings(url=f"{site.address().url}#token=good", fallback="game"))
    assert found.chosen == site.address().name
    assert "while it is silent: the game itself" in found.why
    assert probe_remote_engine(EngineSettings(url="https://127.0.0.1:9/#token=t")).chosen == "none"


def test_an_answer_that_is_nested_too_deep_is_no_answer() -> None:
    async def chunks(_: int) -> AsyncIterator[bytes]:
        yield b"[" * 200_000

    response: Any = SimpleNamespace(content=SimpleNamespace(iter_chunked=chunks))
    assert asyncio.run(_read_json(response)) == {}
