"""The stream's sink with its process: what goes over, what comes back, and that the loop never waits for it."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import numpy as np
import pytest

from reskin.errors import StreamError
from reskin.frame import Frame, Region
from reskin.marker import draw_marker, read_marker
from reskin.remote_control import RemoteControl, SetStrength, ShowTheme
from reskin.sinks.picture_process import END_LIMIT_S
from reskin.sinks.web.sink import WebSink
from reskin.status import Status
from reskin.web_parts.keys import Keys
from tests.platforms.looking import eventually
from tests.sinks.streaming import ANY_PORT, SIZE_PX, shipped_store
from tests.sinks.test_web_stream import picture

PIXELS = np.full((*SIZE_PX[::-1], 4), 90, np.uint8)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[WebSink, RemoteControl]]:
    remote = RemoteControl()
    sink = WebSink(ANY_PORT, keys=Keys(), status=Status(theme="Noir Ink"), store=shipped_store(), remote=remote)
    yield sink, remote
    sink.close()


def show(sink: WebSink, number: int = 0) -> None:
    draw_marker(PIXELS, number)
    sink.show(Frame(number, time.monotonic_ns(), PIXELS), Region(0, 0, *SIZE_PX))


def ask(sink: WebSink, method: str, path: str, body: object = None) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", sink.addresses.port, timeout=20)
    headers = {"Authorization": f"Bearer {sink.keys.act}", "Content-Type": "application/json"}
    try:
        connection.request(method, f"{path}?token={sink.keys.act}", body and json.dumps(body), headers)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def test_pictures_go_over_only_while_somebody_watches(running: tuple[WebSink, RemoteControl]) -> None:
    sink, _ = running
    show(sink)
    assert not sink.is_watched
    for number, sent in asyncio.run(seen(sink, (7, 2000))):
        assert number == 7 or sent == sink._shown  # counted from the first, watched or not
    eventually(lambda: [show(sink), not sink.is_watched][1])


async def seen(sink: WebSink, numbers: tuple[int, ...]) -> list[tuple[int, int]]:
    """Shows a picture with each number in its marker; that number, and the picture's own as a viewer got it."""
    found = []
    async with aiohttp.ClientSession() as session, session.ws_connect(sink.link("/frames")) as web_socket:
        eventually(lambda: [show(sink), sink.is_watched][1])
        for number in numbers:
            eventually(lambda: not sink._process._segment.game.is_waiting)
            show(sink, number)
            marker = None
            while marker != number:
                sent, pixels = picture(await web_socket.receive_bytes(timeout=5))
                await web_socket.send_str(str(sent))
                marker = read_marker(pixels)
            found.append((number, sent))
    return found


def test_figures_themes_and_commands_cross(running: tuple[WebSink, RemoteControl]) -> None:
    sink, remote = running

    def told(path: str) -> Any:
        sink.listen()  # as at every tick, also while the game is paused and nothing is shown
        return ask(sink, "GET", path)

    eventually(lambda: len(told("/themes.json")) == len(shipped_store().with_files()))
    eventually(lambda: told("/status.json").get("theme") == "Noir Ink")
    sink._status.theme = "Candy Kingdom"
    eventually(lambda: told("/status.json")["theme"] == "Candy Kingdom")
    show(sink)
    eventually(lambda: told("/status.json")["pictures"] == sink._shown)
    remote.poll()
    assert ask(sink, "POST", "/action", {"action": "strength", "value": 0.25}) == {"note": ""}
    assert ask(sink, "POST", "/action", {"action": "prompt", "value": "a frozen lake at night"}) == {"note": ""}
    commands: list[object] = []
    eventually(lambda: [sink.listen(), commands.extend(remote.poll()), len(commands) == 2][2])
    assert commands[0] == SetStrength(0.25)
    assert isinstance(commands[1], ShowTheme)


def test_a_server_that_stands_still_holds_nobody_up_and_is_ended() -> None:
    sink = WebSink(ANY_PORT, keys=Keys(), store=shipped_store())
    try:
        assert ask(sink, "GET", "/status.json")["viewers"] == []
        sink.is_watched = True  # pictures and figures go over, and nobody takes them
        os.kill(sink.pid or 0, signal.SIGSTOP)
        slowest_s = 0.0
        for _ in range(480):  # far more than the pipe holds
            began_s = time.perf_counter()
            show(sink)
            slowest_s = max(slowest_s, time.perf_counter() - began_s)
        assert slowest_s < 1.0
    finally:
        began_s = time.monotonic()
        sink.close()
    assert time.monotonic() - began_s < 3 * END_LIMIT_S


def test_a_server_that_dies_is_an_error_of_the_sink() -> None:
    sink = WebSink(ANY_PORT, keys=Keys())
    try:
        os.kill(sink.pid or 0, signal.SIGKILL)
        with pytest.raises(StreamError, match="exit code -9"):
            eventually(lambda: show(sink), limit_s=10)
    finally:
        sink.close()
