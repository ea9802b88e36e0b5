"""The pages and streams for OBS: what comes, how fresh it is, and what is counted when it does not."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import cv2
import numpy as np
import pytest

from reskin.controls import Controls
from reskin.errors import StreamError
from reskin.marker import read_marker
from reskin.prompts import UNHEARD
from reskin.remote_control import ChooseTheme, RemoteControl, SetOverlay, SetStrength, SetView, ShowTheme
from reskin.renderer import View
from reskin.settings import StreamSettings
from reskin.sinks.web import routes
from reskin.sinks.web.addresses import Addresses
from reskin.sinks.web.feed import HEADER
from reskin.sinks.web.ports import open_sockets
from reskin.themes import parse_theme, shipped_themes
from reskin.web_parts.keys import kept_keys
from tests.loop.fakes import two_themes
from tests.platforms.looking import eventually
from tests.sinks.streaming import SIZE_PX, Stream
from tests.themes.stores import names_of


@pytest.fixture
def stream() -> Iterator[Stream]:
    running = Stream()
    yield running
    running.close()


@pytest.fixture(scope="module")
def quiet() -> Iterator[Stream]:
    """One for the tests that need no pictures."""
    running = Stream()
    yield running
    running.close()


def picture(message: bytes) -> tuple[int, np.ndarray]:
    """The number in the header and the pixels."""
    number, _ = HEADER.unpack_from(message)
    return number, cv2.imdecode(np.frombuffer(message[HEADER.size :], np.uint8), cv2.IMREAD_COLOR)


async def watch(
    stream: Stream, count: int, pause_s: float = 0.0, numbers: list[int] | None = None
) -> list[int]:  # fmt: skip
    """The numbers of so many pictures, each acknowledged after the pause."""
    numbers = [] if numbers is None else numbers
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{stream.port}/frames?key={stream.keys.watch}") as web_socket,
    ):
        for _ in range(count):
            number, pixels = picture(await web_socket.receive_bytes(timeout=5))
            assert pixels.shape == (SIZE_PX[1], SIZE_PX[0], 3)
            assert read_marker(pixels) == number - 1  # the sink counts from 1
            numbers.append(number)
            await asyncio.sleep(pause_s)
            await web_socket.send_str(str(number))
    return numbers


def test_a_page_gets_every_picture_when_it_keeps_up(stream: Stream) -> None:
    with stream.feed():
        numbers = asyncio.run(watch(stream, 12))
        told = stream.json("/status.json")
    gaps = sum(b - a - 1 for a, b in itertools.pairwise(numbers))
    assert gaps <= told["drops"]["viewers"] <= gaps + 5  # none, unless the machine is busy, and then counted
    assert told["pictures"] >= 12


def test_a_slow_page_gets_the_newest_picture_and_the_others_are_counted(stream: Stream) -> None:
    with stream.feed():
        numbers = asyncio.run(watch(stream, 5, pause_s=0.15))
        assert stream.pictures.shown - numbers[-1] <= 24
        time.sleep(0.05)
        gaps = sum(b - a - 1 for a, b in itertools.pairwise(numbers))
        assert gaps >= 8
        assert gaps <= stream.json("/status.json")["drops"]["viewers"] <= gaps + 5  # one more was on its way


def test_nothing_is_copied_or_encoded_while_nobody_watches(stream: Stream) -> None:
    for number in range(100):
        stream.show(number)
    feed = stream.pictures
    assert (feed.shown, feed.dropped, feed.newest) == (100, 0, None)


def test_a_viewer_never_begins_with_a_picture_of_long_ago(stream: Stream) -> None:
    with stream.feed():
        first = asyncio.run(watch(stream, 2))
        time.sleep(0.3)
        second = asyncio.run(watch(stream, 2))
    assert second[0] >= first[-1] + 5


def read_parts(stream: Stream, count: int) -> tuple[list[int], list[float]]:
    """Markers and times of so many parts of /stream.mjpg."""
    markers, times_s = [], []
    with stream.socket("/stream.mjpg") as plain, plain.makefile("rb") as file:
        head = b"".join(iter(file.readline, b"\r\n"))
        assert b"200 OK" in head
        assert b"multipart/x-mixed-replace; boundary=picture" in head
        assert b"Access-Control" not in head
        body = Chunked(file)
        assert body.line() == b"--picture\r\n"
        for _ in range(count):
            assert body.line() == b"Content-Type: image/jpeg\r\n"
            length = int(body.line().split(b":")[1])
            assert body.line() == b"\r\n"
            pixels = cv2.imdecode(np.frombuffer(body.bytes(length), np.uint8), cv2.IMREAD_COLOR)
            assert body.bytes(13) == b"\r\n--picture\r\n"  # at once, not with the next picture
            marker = read_marker(pixels)
            assert marker is not None
            markers.append(marker)
            times_s.append(time.monotonic())
    return markers, times_s


class Chunked:
    def __init__(self, file: object) -> None:
        self._file, self._waiting = file, b""

    def bytes(self, count: int) -> bytes:
        while len(self._waiting) < count:
            self._more()
        found, self._waiting = self._waiting[:count], self._waiting[count:]
        return found

    def line(self) -> bytes:
        while b"\n" not in self._waiting:
            self._more()
        return self.bytes(self._waiting.index(b"\n") + 1)

    def _more(self) -> None:
        size = int(self._file.readline(), 16)  # type: ignore[attr-defined]
        self._waiting += self._file.read(size + 2)[:-2]  # type: ignore[attr-defined]


def test_the_media_source_gets_24_pictures_a_second(stream: Stream) -> None:
    with stream.feed():
        markers, times_s = read_parts(stream, 24)
    assert markers == sorted(set(markers))
    assert times_s[-1] - times_s[0] >= 22 / 25


def test_the_media_source_never_gets_more_than_25_a_second() -> None:
    fast = Stream(hz=90)
    try:
        with fast.feed():
            markers, times_s = read_parts(fast, 20)
    finally:
        fast.close()
    assert times_s[-1] - times_s[1] >= 17 / 25
    assert markers[-1] - markers[0] >= 2 * 19


def test_twenty_viewers_one_of_which_reads_nothing_never_hold_up_the_loop(stream: Stream) -> None:
    async def everybody() -> list[list[int]]:
        return await asyncio.gather(*(watch(stream, 12) for _ in range(19)))

    with stream.feed(), stream.socket("/stream.mjpg"):
        numbers = asyncio.run(everybody())
        told = stream.json("/status.json")
    assert all(len(own) == 12 for own in numbers)
    assert [viewer["kind"] for viewer in told["viewers"]] == ["mjpg"]
    assert told["pictures"] >= 12


def test_a_viewer_that_takes_nothing_is_let_go(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "SILENT_S", 0.2)
    handshake = (
        f"GET /frames?key={stream.keys.watch} HTTP/1.1\r\nHost: localhost:{stream.port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with stream.feed(), stream.socket() as silent:
        silent.sendall(handshake.encode())
        silent.settimeout(5)
        while silent.recv(65536):
            pass  # what came before it was let go
        eventually(lambda: not stream.pictures.viewers)


def test_the_server_ends_within_a_second_whoever_still_watches(stream: Stream) -> None:
    with stream.feed(), stream.socket("/stream.mjpg") as one, stream.socket("/stream.mjpg") as another:
        assert one.recv(100)
        assert another.recv(100)
        began_s = time.monotonic()
        stream.close()
        assert time.monotonic() - began_s < 1
        with pytest.raises(OSError, match="refused"):
            stream.socket()


def test_the_same_links_hold_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "stream-key"
    first, second = kept_keys(file), kept_keys(file)
    assert first.watch == second.watch
    assert first.act != second.act
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_key_that_others_could_read_or_that_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "stream-key"
    first = kept_keys(file)
    file.chmod(0o644)
    second = kept_keys(file)
    assert first.watch != second.watch
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text("abc")
    assert len(kept_keys(file).watch) >= 20


def test_a_key_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "stream-key").mkdir()
    with pytest.raises(StreamError, match="stream-key"):
        kept_keys(tmp_path / "stream-key")


def test_the_next_port_is_taken_when_one_is_not_free_and_the_player_is_told(stream: Stream) -> None:
    other = Stream(StreamSettings(port=stream.port))
    try:
        assert stream.port < other.port < stream.port + 10
        told = Addresses(keys=other.keys, port=other.port, wanted_port=stream.port).told((640, 360))
        assert told.startswith(f"Port {stream.port} is taken, so this is {other.port}")
        assert "Width 640, Height 360" in told
    finally:
        other.close()


def test_only_this_machine_can_reach_the_server() -> None:
    sockets = open_sockets(0)
    try:
        assert [listening.getsockname()[0] for listening in sockets] in (["127.0.0.1"], ["127.0.0.1", "::1"])
        assert len({listening.getsockname()[1] for listening in sockets}) == 1
    finally:
        for listening in sockets:
            listening.close()


def test_both_addresses_answer(stream: Stream) -> None:
    if len(open_and_close()) < 2:
        pytest.skip("this machine has no ::1")
    with socket.create_connection(("::1", stream.port), timeout=5) as six:
        six.sendall(f"GET /?key={stream.keys.watch} HTTP/1.1\r\nHost: [::1]:{stream.port}\r\n\r\n".encode())
        assert six.recv(15) == b"HTTP/1.1 200 OK"


def open_and_close() -> list[socket.socket]:
    sockets = open_sockets(0)
    for listening in sockets:
        listening.close()
    return sockets


ACTIONS = [
    ("theme", "deep-sea", ChooseTheme("deep-sea")),
    ("strength", 0.25, SetStrength(0.25)),
    ("overlay", False, SetOverlay(False)),
    ("view", "split", SetView(View.SPLIT)),
]


@pytest.mark.parametrize(("action", "value", "command"), ACTIONS)
def test_an_action_becomes_a_command_of_the_loop(quiet: Stream, action: str, value: object, command: object) -> None:
    assert quiet.post({"action": action, "value": value}).status == 200
    assert quiet.remote.poll() == [command]


def test_a_prompt_becomes_a_theme_and_what_was_not_understood_is_told(quiet: Stream) -> None:
    answer = quiet.post({"action": "prompt", "value": "a pirate sea at sunset"})
    (command,) = quiet.remote.poll()
    assert isinstance(command, ShowTheme)
    assert command.theme.prompt == "a pirate sea at sunset"
    assert "note" in json.loads(answer.text)  # type: ignore[attr-defined]


def test_a_prompt_of_which_nothing_is_understood_leaves_the_theme_as_it_is(quiet: Stream) -> None:
    answer = quiet.post({"action": "prompt", "value": "?!"})
    assert json.loads(answer.text) == {"note": UNHEARD}  # type: ignore[attr-defined]
    assert quiet.remote.poll() == []


NOT_UNDERSTOOD = [
    b"", b"{", b"[]", b'{"action": "quit", "value": 1}', b'{"action": "strength", "value": 1.5}', b"[" * 60_000,
    b'{"action": "strength", "value": NaN}', b'{"action": "overlay", "value": 1}',
    b'{"action": "prompt", "value": " "}', b'{"action": "theme", "value": "a", "and": 1}',
    b'{"action": "strength", "value": "0.5"}',
]  # fmt: skip


@pytest.mark.parametrize("body", NOT_UNDERSTOOD, ids=range(len(NOT_UNDERSTOOD)))
def test_what_is_not_understood_is_told_and_does_nothing(quiet: Stream, body: bytes) -> None:
    answer = quiet.post(body)
    assert answer.status == 400
    assert "not understood" in json.loads(answer.text)["error"]  # type: ignore[attr-defined]
    assert quiet.remote.poll() == []


def test_the_gallery_has_every_shipped_theme_with_a_small_picture(quiet: Stream) -> None:
    items = {item["id"]: item for item in quiet.json("/themes.json")}
    assert list(items) == list(shipped_themes())
    for theme_id, item in items.items():
        assert item["has_picture"]
        answer = quiet.get(f"/picture/{theme_id}?token={quiet.keys.act}")
        jpeg = answer.text.encode("latin1")  # type: ignore[attr-defined]
        assert len(jpeg) < 10_000
        assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (135, 240, 3)


def test_the_controls_do_what_the_remote_says_and_say_what_is_wanted(quiet: Stream) -> None:
    controls = Controls(two_themes())
    remote = RemoteControl()
    prompted = parse_theme('name = "Prompted"\nstrength = 0.7')
    for command in (ShowTheme(prompted), SetStrength(0.4), SetView(View.SPLIT), SetOverlay(False), SetOverlay(False)):
        remote.send(command)
    assert controls.obey(remote.poll()) == ["Prompted", "Prompted: strength 40%", "Split: game | theme", "Reskin off"]
    controls.tell(quiet.status)
    told = quiet.json("/status.json")
    assert (told["theme"], told["strength"], told["view"], told["on"]) == ("Prompted", 0.4, "split", False)
    assert controls.obey([ChooseTheme("no-such")]) == ["no theme no-such"]
    assert controls.obey([SetView(View.THEME), SetOverlay(True)]) == ["Prompted", "Reskin on: Prompted"]


def test_a_prompted_theme_takes_the_place_of_the_one_before() -> None:
    store = two_themes()
    count = len(names_of(store))
    for name in ("One", "Two"):
        assert store.show(parse_theme(f'name = "{name}"')).message == name
    assert names_of(store)[-1] == "Two"
    assert len(names_of(store)) == count + 1
