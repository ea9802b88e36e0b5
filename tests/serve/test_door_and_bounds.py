"""A proxy in front of the door, what the flash limiter needs of the bounds, and what Windows has otherwise."""

from __future__ import annotations

import asyncio
import socket
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from aiohttp.test_utils import make_mocked_request
from aioice import ice

from reskin.errors import ServeError
from reskin.flash_limiter import FlashLimiter
from reskin.serve import addresses, prompt_reader
from reskin.serve import run as run_module
from reskin.serve.door import Door
from reskin.serve.limits import MOST_FRAMES_AT_ONCE, MOST_FRAMES_PER_S, Bucket
from reskin.serve.run import ServeOptions, _address, _hosts, _own_names, _route_address, serve, slots_of
from reskin.serve.server import open_socket
from reskin.serve.stepper import MOST_FPS
from reskin.serve.tokens import Tokens
from tests.reskin.flash_rule import judge
from tests.serve.playing import SECRET


@pytest.mark.parametrize("name", ["play.example.org", "play.example.org:443"])
def test_a_page_behind_a_proxy_with_tls_may_play(name: str) -> None:
    door = Door(Tokens(SECRET), scheme="http", hosts=_hosts(("127.0.0.1", name), 8443))

    def refused(**headers: str) -> object:
        request = make_mocked_request("POST", "/offer", {"Host": "play.example.org", **headers})
        return door.host(request) or door.origin(request)

    assert refused(Origin="https://play.example.org") is None
    assert refused(Origin="https://evil.example") == (403, "a wrong Origin")
    assert refused(Origin="https://play.example.org:8444") == (403, "a wrong Origin")
    assert refused(Host="evil.example") == (421, "a wrong Host")


def test_the_link_that_is_printed_is_the_one_that_players_open() -> None:
    behind = ServeOptions(names=("play.example.org",), is_plain=True)
    assert _address(behind, "127.0.0.1", 8443, "http") == "https://play.example.org/"
    assert _address(ServeOptions(names=("play.example.org",)), "::", 8443, "https") == "https://play.example.org:8443/"
    assert _address(ServeOptions(), "127.0.0.1", 8443, "http") == "http://127.0.0.1:8443/"


@pytest.mark.parametrize("fps", [30, 60, 200])
def test_no_rate_of_frames_outruns_the_flash_limiter(fps: int) -> None:
    """What the door of the pictures lets through, as it is seen: flashes of 3.75 Hz, four at once now and then."""
    now_s = [100.0]
    bucket = Bucket(MOST_FRAMES_PER_S, MOST_FRAMES_AT_ONCE, clock=lambda: now_s[0])
    limiter = FlashLimiter("broadcast", fps=MOST_FPS)
    shown: dict[int, np.ndarray] = {}
    for number in range(3 * fps):
        now_s[0] = 100 + number / fps
        if bucket.take():
            picture = np.full((36, 64, 4), 255 * (int(number / fps * 7.5) % 2), np.uint8)
            shown[number] = limiter.apply(picture, int(now_s[0] * 1e9)).copy()
    assert max(sum(at <= number < at + fps for number in shown) for at in shown) <= MOST_FPS
    settled = {number: picture for number, picture in shown.items() if number >= fps}
    for at in range(fps, 2 * fps + 1, max(1, fps // 8)):
        second = [picture for number, picture in settled.items() if at <= number < at + fps]
        assert judge(second).passes, at


def test_prompts_are_read_where_a_process_has_no_niceness(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    monkeypatch.setattr(prompt_reader, "die_with", begun.append)
    monkeypatch.setattr(prompt_reader, "show_crashes", lambda: begun.append(2))
    monkeypatch.delattr(prompt_reader.os, "nice")
    prompt_reader._begin(1)
    assert begun == [1, 2]


def test_slots_are_for_the_cores_that_the_server_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "usable_cores", lambda: 14)
    assert slots_of("nano") == 7
    monkeypatch.setattr(run_module, "usable_cores", lambda: 1)
    assert slots_of("nano") == 1


def test_a_stun_server_that_does_not_answer_holds_up_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "STUN_S", 0.05)

    async def gather() -> list[str]:
        addresses.install()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
            mute.bind(("127.0.0.1", 0))
            connection = ice.Connection(ice_controlling=False, stun_server=mute.getsockname())
            async with asyncio.timeout(2):  # aioice itself: 5
                found = await connection.get_component_candidates(component=1, addresses=["127.0.0.1"])
            await connection.close()
        return [candidate.type for candidate in found]

    assert asyncio.run(gather()) == ["host"]


def test_on_windows_a_port_is_had_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """There SO_REUSEADDR lets any program bind the same port, and take what is meant for us."""
    asked: list[int] = []

    class Socket(socket.socket):
        def setsockopt(self, level: int, option: int, *value: object) -> None:  # type: ignore[override]
            asked.append(option)

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", -5, raising=False)
    monkeypatch.setattr(socket, "socket", Socket)
    open_socket("127.0.0.1", 0).close()
    assert asked == [-5]


def test_the_address_on_the_way_to_others_is_printed_first_and_no_name_that_a_certificate_cannot_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = ("127.0.0.1", "169.254.7.7", "172.17.0.1", "192.168.1.5")
    adapters = [SimpleNamespace(ips=[SimpleNamespace(ip=address)]) for address in here]
    monkeypatch.setattr("ifaddr.get_adapters", lambda: adapters)
    monkeypatch.setattr(socket, "gethostname", lambda: "Küche")
    monkeypatch.setattr(run_module, "_route_address", lambda: "192.168.1.5")
    assert _own_names("0.0.0.0") == ("192.168.1.5", "172.17.0.1", "169.254.7.7", "127.0.0.1", "localhost")
    monkeypatch.setattr(run_module, "_route_address", lambda: "")
    monkeypatch.setattr(socket, "gethostname", lambda: "Kitchen")
    assert _own_names("0.0.0.0") == (
        "172.17.0.1", "192.168.1.5", "169.254.7.7", "127.0.0.1", "kitchen", "localhost",
    )  # fmt: skip


def test_without_a_network_there_is_no_address_on_the_way_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    class Socket(socket.socket):
        def connect(self, address: object) -> None:
            raise OSError("Network is unreachable")

    monkeypatch.setattr(socket, "socket", Socket)
    assert _route_address() == ""


def test_a_name_outside_ascii_is_asked_for_in_its_idna_form() -> None:
    options = ServeOptions(port=0, names=("küche.example",))
    with pytest.raises(ServeError, match=r"küche.*Give its IDNA form"):
        asyncio.run(serve(options, lambda started: None, asyncio.Event()))
