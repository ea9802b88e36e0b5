"""Who gets in and who does not: PLAYER_FACTS.md section 2.4 row by row, and clients that mean harm."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from reskin.sinks.web import routes
from reskin.sinks.web.pages import control_page, view_page
from reskin.sinks.web.routes import MOST_VIEWERS
from reskin.web_parts import guard
from reskin.web_parts.guard import MOST_STRANGERS
from tests.platforms.looking import eventually
from tests.sinks.streaming import Stream

HANDSHAKE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip
STRENGTH = b'{"action": "strength", "value": 0.5}'
EVERY_PATH = ["/", "/control", "/frames", "/stream.mjpg", "/status.json", "/themes.json", "/picture/candy", "/nothing"]


@pytest.fixture(scope="module")
def stream() -> Iterator[Stream]:
    running = Stream()
    with running.feed():
        yield running
    running.close()


def filled(stream: Stream, text: str) -> str:
    return text.replace("PORT", str(stream.port)).replace("KEY", stream.keys.watch).replace("TOKEN", stream.keys.act)


# request line, extra headers, status. "PORT", "KEY" and "TOKEN" are filled in; Host is right where none is said.
ROWS = {
    # obs-websocket #778, #424, #907: any web page can open ws://localhost, so nothing goes without a key
    "no key: the page": ("GET /", {}, 403),
    "no key: the pictures": ("GET /frames", HANDSHAKE, 403),
    "no key: the stream": ("GET /stream.mjpg", {}, 403),
    "no key: the figures": ("GET /status.json", {}, 403),
    "a wrong key": ("GET /?key=0000000000000000000000", {}, 403),
    "a key that is cut short": ("GET /?key=", {}, 403),
    "a key that is no ASCII": ("GET /?key=%F0%9F%94%91", {}, 403),
    "the key: the page": ("GET /?key=KEY", {}, 200),
    "the key: the pictures": ("GET /frames?key=KEY", HANDSHAKE, 101),
    "the key: the stream": ("GET /stream.mjpg?key=KEY", {}, 200),
    "the key lets watch, not act": ("GET /control?key=KEY", {}, 403),
    "nor see the gallery": ("GET /themes.json?key=KEY", {}, 403),
    "the token: the control page": ("GET /control?token=TOKEN", {}, 200),
    "the token lets watch too": ("GET /stream.mjpg?token=TOKEN", {}, 200),
    # Ollama CVE-2024-28224, Jupyter: DNS rebinding says another Host
    "a rebound name": ("GET /?key=KEY", {"Host": "attacker.com:PORT"}, 421),
    "a rebound name without a port": ("GET /?key=KEY", {"Host": "attacker.com"}, 421),
    "the right name, another port": ("GET /?key=KEY", {"Host": "127.0.0.1:80"}, 421),
    "an address that is ours as well": ("GET /?key=KEY", {"Host": "0.0.0.0:PORT"}, 421),
    "a name that begins like ours": ("GET /?key=KEY", {"Host": "localhost:PORT.attacker.com"}, 421),
    "localhost": ("GET /?key=KEY", {"Host": "LocalHost:PORT"}, 200),
    "::1": ("GET /?key=KEY", {"Host": "[::1]:PORT"}, 200),
    # quadwork PR#980: Origin equal to Host is beaten by rebinding, for both say attacker.com
    "Origin equal to Host": ("GET /?key=KEY", {"Host": "attacker.com:PORT", "Origin": "http://attacker.com:PORT"}, 421),
    # Claude Code CVE-2025-52882, MCP CVE-2025-49596: a WebSocket without a look at Origin
    "a WebSocket of another site": ("GET /frames?key=KEY", {**HANDSHAKE, "Origin": "http://attacker.com"}, 403),
    "a WebSocket of a file": ("GET /frames?key=KEY", {**HANDSHAKE, "Origin": "null"}, 403),
    "a WebSocket of another port": ("GET /frames?key=KEY", {**HANDSHAKE, "Origin": "http://127.0.0.1:3000"}, 403),
    "a WebSocket of https": ("GET /frames?key=KEY", {**HANDSHAKE, "Origin": "https://127.0.0.1:PORT"}, 403),
    "a WebSocket of our page": ("GET /frames?key=KEY", {**HANDSHAKE, "Origin": "http://localhost:PORT"}, 101),
    # ComfyUI: Sec-Fetch-Site
    "another site's picture": ("GET /stream.mjpg?key=KEY", {"Sec-Fetch-Site": "cross-site"}, 403),
    "another port's picture": ("GET /stream.mjpg?key=KEY", {"Sec-Fetch-Site": "same-site"}, 403),
    "our page's picture": ("GET /stream.mjpg?key=KEY", {"Sec-Fetch-Site": "same-origin"}, 200),
    "a link that is typed": ("GET /?key=KEY", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, 200),
    # Scope: POST from any page. GET does nothing, POST is JSON with the token in a header that no form can send
    "an action by GET": ("GET /action?token=TOKEN&action=strength&value=0.5", {}, 405),
    "an action by HEAD": ("HEAD /action?token=TOKEN", {}, 405),
    "an action without a token": ("POST /action", {"Content-Type": "application/json"}, 403),
    "an action with the token in the link": ("POST /action?token=TOKEN", {"Content-Type": "application/json"}, 403),
    "an action with the key": (
        "POST /action", {"Content-Type": "application/json", "Authorization": "Bearer KEY"}, 403,
    ),
    "an action as a form": ("POST /action", {"Content-Type": "text/plain", "Authorization": "Bearer TOKEN"}, 415),
    "an action of another site": (
        "POST /action",
        {"Content-Type": "application/json", "Authorization": "Bearer TOKEN", "Origin": "http://attacker.com"}, 403,
    ),
    "an action of our page": (
        "POST /action",
        {"Content-Type": "application/json", "Authorization": "Bearer TOKEN", "Origin": "http://127.0.0.1:PORT"}, 200,
    ),
    "a question before an action": ("OPTIONS /action", {"Origin": "http://attacker.com"}, 403),
    "another method": ("DELETE /?token=TOKEN", {}, 405),
    # paths
    "a path that climbs": ("GET /picture/../../../../etc/passwd?token=TOKEN", {}, 404),
    "a path that climbs in disguise": ("GET /picture/..%2F..%2F..%2Fetc%2Fpasswd?token=TOKEN", {}, 404),
    "a path from the root": ("GET //etc/passwd?token=TOKEN", {}, 404),
    "a picture that is not there": ("GET /picture/candy%00.jpg?token=TOKEN", {}, 404),
}  # fmt: skip


@pytest.mark.parametrize(("request_line", "headers", "status"), ROWS.values(), ids=ROWS)
def test_who_gets_in(stream: Stream, request_line: str, headers: dict[str, str], status: int) -> None:
    method, path = request_line.split(" ")
    with socket.create_connection(("127.0.0.1", stream.port), timeout=5) as plain:
        lines = {"Host": f"127.0.0.1:{stream.port}", **{name: filled(stream, text) for name, text in headers.items()}}
        body = STRENGTH if method == "POST" else b""
        lines["Content-Length"] = str(len(body))
        head = f"{method} {filled(stream, path)} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines.items())
        plain.sendall(head.encode() + b"\r\n" + body)
        answer = plain.recv(65536)
    assert int(answer.split()[1]) == status
    assert b"Access-Control" not in answer
    assert (stream.remote.poll() != []) == (request_line == "POST /action" and status == 200)


@pytest.mark.parametrize("path", EVERY_PATH)
def test_no_path_answers_without_a_key_and_none_says_what_is_there(stream: Stream, path: str) -> None:
    answer = stream.get(path)
    assert (answer.status, answer.headers["Connection"]) == (403, "close")
    assert "wrong key" in answer.text  # type: ignore[attr-defined]


@pytest.mark.parametrize("hosts", [[], ["127.0.0.1:PORT", "attacker.com"]], ids=["none", "two"])
def test_a_request_says_one_host(stream: Stream, hosts: list[str]) -> None:
    with stream.socket() as plain:
        lines = "".join(f"Host: {filled(stream, host)}\r\n" for host in hosts)
        plain.sendall(f"GET /?key={stream.keys.watch} HTTP/1.1\r\n{lines}\r\n".encode())
        assert int(plain.recv(100).split()[1]) in (400, 421)


def test_the_pages_may_load_nothing_from_elsewhere_and_nobody_may_frame_them(stream: Stream) -> None:
    for path, page in (("/", view_page()), ("/control", control_page())):
        answer = stream.get(f"{path}?token={stream.keys.act}")
        policy = answer.headers["Content-Security-Policy"]
        assert policy == page.policy
        for said in ("default-src 'none'", "frame-ancestors 'none'", "script-src 'sha256-", "connect-src 'self'"):
            assert said in policy
        assert "unsafe" not in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        text = answer.text  # type: ignore[attr-defined]
        assert "/*s" not in text, "style and script are in"
        assert not any(urlsplit(word).netloc for word in text.replace('"', " ").split() if word.startswith("http"))


def test_actions_are_few_a_second(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    def status() -> int:
        return stream.post({"action": "strength", "value": 0.5}).status

    with monkeypatch.context() as patched:
        patched.setattr(guard, "ACTIONS_PER_S", 0.0)  # as if all came in one moment
        answers = [status() for _ in range(int(guard.ACTIONS_AT_ONCE) + 1)]
    stream.remote.poll()
    assert answers[-1] == 429
    assert set(answers[:-10]) == {200}  # the last of them may have gone to the tests before
    eventually(lambda: status() == 200)
    stream.remote.poll()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_10_mb_is_refused_and_not_read(stream: Stream, chunked: bool) -> None:
    time.sleep(0.1)  # for the next action to be allowed
    with stream.socket() as plain:
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {10_000_000}"
        plain.sendall(
            f"POST /action HTTP/1.1\r\nHost: 127.0.0.1:{stream.port}\r\nAuthorization: Bearer {stream.keys.act}\r\n"
            f"Content-Type: application/json\r\n{length}\r\n\r\n".encode()
        )
        sent = flood(plain, (b"10000\r\n" + b" " * 65536 + b"\r\n") if chunked else b" " * 65536)
    assert sent < 8_000_000
    assert stream.refused["a body that is too big"] >= 1
    assert stream.remote.poll() == []


def flood(plain: socket.socket, piece: bytes) -> int:
    """Sends 10 MB as far as anybody takes them; how much that was."""
    plain.settimeout(0.5)
    sent = 0
    try:
        while sent < 10_000_000:
            sent += plain.send(piece)
    except OSError:  # reset, broken pipe, or nobody reads
        pass
    return sent


def test_a_body_that_does_not_come_is_not_waited_for(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "SILENT_S", 0.2)
    with stream.socket() as plain:
        plain.sendall(
            f"POST /action HTTP/1.1\r\nHost: 127.0.0.1:{stream.port}\r\nAuthorization: Bearer {stream.keys.act}\r\n"
            'Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{"action":'.encode()
        )
        assert plain.recv(12) == b"HTTP/1.1 408"


def test_a_message_of_10_mb_ends_the_connection_and_not_the_server(stream: Stream) -> None:
    with stream.socket() as plain:
        lines = {"Host": f"[::1]:{stream.port}", **HANDSHAKE}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        plain.sendall(f"GET /frames?key={stream.keys.watch} HTTP/1.1\r\n{head}\r\n".encode())
        plain.sendall(b"\x82\xff" + (10_000_000).to_bytes(8, "big") + b"\0\0\0\0")
        assert flood(plain, b"\0" * 65536) < 8_000_000


@pytest.mark.parametrize("text", ["again", "999999999", "1" * 65, ""])
def test_a_message_that_was_not_asked_for_ends_the_connection(stream: Stream, text: str) -> None:
    async def send() -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"http://127.0.0.1:{stream.port}/frames?key={stream.keys.watch}") as web_socket,
        ):
            await web_socket.receive_bytes(timeout=5)
            await web_socket.send_str(text)
            async with asyncio.timeout(5):
                while (await web_socket.receive()).type is aiohttp.WSMsgType.BINARY:
                    pass

    asyncio.run(send())


def test_more_viewers_than_there_is_room_for_are_refused(stream: Stream) -> None:
    viewers = []
    try:
        for _ in range(MOST_VIEWERS):
            viewers.append(stream.socket("/stream.mjpg"))
            assert viewers[-1].recv(12) == b"HTTP/1.1 200"
        with stream.socket("/stream.mjpg") as one_more:
            assert one_more.recv(12) == b"HTTP/1.1 503"
    finally:
        for viewer in viewers:
            viewer.close()
    end_s = time.monotonic() + 5
    while stream.pictures.viewers:
        assert time.monotonic() < end_s, "those that have gone still count"
        time.sleep(0.01)


NO_HTTP = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"\0" * 500, b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"/" * 9000,
           b"GET / HTTP/1.1\r\nA: " + b"b" * 9000, b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 500]  # fmt: skip


@pytest.mark.parametrize("sent", NO_HTTP, ids=range(len(NO_HTTP)))
def test_bytes_that_are_no_http_are_refused_without_a_traceback(
    stream: Stream, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    before = stream.refused["a request that is no HTTP"]
    with stream.socket() as plain:
        plain.sendall(sent + b"\r\n\r\n")
        try:
            answer = plain.recv(1000)
        except ConnectionError:
            answer = b""
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400", b"HTTP/1.1 4"))
    assert stream.refused["a request that is no HTTP"] >= before
    assert not [record for record in caplog.records if record.exc_info]


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def test_a_thousand_connections_cost_nobody_anything(caplog: pytest.LogCaptureFixture) -> None:
    """A thousand that say nothing or half a line, while a viewer watches and the loop shows."""
    stream = Stream()
    half_open: list[socket.socket] = []
    try:
        with stream.feed(), stream.socket("/stream.mjpg") as viewer, caplog.at_level(logging.WARNING):
            viewer.recv(1)
            gc.collect()
            before_mb, shown = resident_mb(), stream.pictures.shown
            for index in range(1000):
                half_open.append(stream.socket())
                if index % 2:
                    half_open[-1].sendall(b"GET /?key=")
                if len(half_open) > 200:
                    half_open.pop(0).close()
                if index % 100 == 99:
                    assert stream.get(f"/?key={stream.keys.watch}").status == 200, "who has a key is let in"
            gc.collect()
            eventually(lambda: len(half_open) > 2 * MOST_STRANGERS > stream.connections())
            assert list(stream.refused) == ["a connection, for there were too many"]
            assert stream.refused["a connection, for there were too many"] >= 100  # those that the test had not closed
            assert resident_mb() - before_mb < 20
            assert stream.pictures.shown > shown
            assert viewer.recv(1), "who watched still watches"
            told = json.loads(stream.get(f"/status.json?key={stream.keys.watch}").text)  # type: ignore[attr-defined]
            assert told["refused"] == dict(stream.refused)
        said = [record.getMessage() for record in caplog.records]
        assert said == ["reskin: the stream refused a connection, for there were too many (said once; "
                        "status.json counts them)"]  # fmt: skip
    finally:
        for plain in half_open:
            plain.close()
        stream.close()


def test_hundreds_of_wrong_keys_are_logged_once_and_memory_stays(caplog: pytest.LogCaptureFixture) -> None:
    stream = Stream()
    try:
        with caplog.at_level(logging.WARNING):
            for index in range(400):
                if index == 100:
                    gc.collect()
                    before_mb = resident_mb()
                assert stream.get(f"/?key={index}").status == 403
        assert resident_mb() - before_mb < 10
        assert stream.refused["a wrong key"] == 400
        assert len(caplog.records) == 1
    finally:
        stream.close()
