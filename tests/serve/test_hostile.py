"""Clients that mean harm: each is refused or bounded, and another player's pictures go on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import socket
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from aiortc.rtcsctptransport import SCTP_DATA_FIRST_FRAG, DataChunk
from aiortc.rtp import RtpPacket

from reskin.serve import peer as peers
from reskin.serve.limits import MOST_CANDIDATES, MOST_OFFERS_PER_MIN
from tests.serve.playing import World, playing, run, soon, world
from tools.serve_players import Clip, Player


def edited(sdp: str) -> dict[str, str]:
    """An honest offer, bent."""
    lines = sdp.split("\r\n")
    candidate = next(line for line in lines if line.startswith("a=candidate"))
    video = sdp[sdp.index("m=video") : sdp.index("m=application")]
    return {
        "empty": " ",
        "a word": "hello",
        "only a beginning": "v=0\r\n",
        "cut short": sdp[: len(sdp) // 2],
        "without its fingerprint": "\r\n".join(line for line in lines if "fingerprint" not in line),
        "without its password": "\r\n".join(line for line in lines if "ice-pwd" not in line),
        "without video": sdp.replace(video, ""),
        "with a fingerprint that is none": re.sub(r"(a=fingerprint:\S+ ).*", r"\1zz", sdp),
        "two videos": sdp.replace(video, video + video),
        "many parts": sdp + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" * 40,
        "a codec that nobody has": re.sub(r"(H264|VP8)/90000", r"MAGIC/90000", sdp),
        "a port beyond": re.sub(r"m=video \d+", "m=video 99999", sdp),
        "numbers that are none": re.sub(r"a=rtpmap:\d+", "a=rtpmap:x", sdp),
        "control characters": sdp.replace("a=mid", "a=\x00mid"),
        "too many candidates": sdp.replace(candidate, "\r\n".join([candidate] * (MOST_CANDIDATES + 1))),
        "a long line": sdp + "a=" + "x" * 5000 + "\r\n",
        "many lines": sdp + "a=x\r\n" * 5000,
    }


def test_malformed_offers_are_refused_and_leave_nothing_behind() -> None:
    async def knock() -> None:
        async with world() as here, playing(here) as good:
            model = Player(here, here.play, clip=Clip())
            await model.connection.setLocalDescription(await model.connection.createOffer())
            before = len(asyncio.all_tasks())
            for name, sdp in edited(model.connection.localDescription.sdp).items():
                token = here.tokens.issue("play", 1)
                status, answer = await here.post({**model.offer, "sdp": sdp}, token)
                assert status == 400, (name, status, answer)
                assert sdp[:40].strip() not in answer["error"] or len(sdp) < 40
            assert set(here.host.seated) == {good.session}
            await soon(lambda: len(asyncio.all_tasks()) <= before + 2)
            for field, value in {"theme": "nothing", "strip": "yes", "session": "../x", "watch": 5}.items():
                assert (await here.post({**model.offer, "sdp": "v=0", field: value}, here.play))[0] == 400
            await model.leave()

    run(knock())


@contextlib.asynccontextmanager
async def unharmed(here: World) -> AsyncIterator[Player]:
    """Another player's pictures go on during the block: as many as are sent, but for what a busy machine drops."""
    async with playing(here, token=here.tokens.issue("play", 1)) as other:
        clip = other.clip
        assert clip is not None
        sent, got = clip.number, len(other.numbers)
        yield other
        await soon(lambda: clip.number - sent >= 36)
        assert len(other.numbers) - got >= 0.5 * (clip.number - sent)
        assert other.session in here.host.seated


def test_garbage_to_a_players_port_ends_nothing() -> None:
    """What a stranger sends: empty, noise, RTP, RTCP, DTLS and STUN by their first bytes."""

    async def knock() -> None:
        async with world() as here, playing(here) as victim, unharmed(here):
            found = re.search(r"a=candidate:\S+ 1 udp \d+ ([\d.]+) (\d+) ", victim.connection.remoteDescription.sdp)
            assert found
            noise = np.random.default_rng(2)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.connect((found[1], int(found[2])))
                for first in (b"", b"\x00\x01", b"\x16\xfe\xfd", b"\x15\xfe\xfd", b"\x80\x60", b"\x80\xc8", b"\xff"):
                    for length in (0, 1, 11, 200, 1400):
                        for _ in range(10):
                            stranger.send(first + noise.bytes(length))
                        await asyncio.sleep(0.005)
            before = len(victim.numbers)
            await soon(lambda: len(victim.numbers) >= before + 5)

    run(knock())


@pytest.mark.parametrize("codec", ["video/H264", "video/VP8"])
def test_media_that_is_no_video_harms_only_its_sender(codec: str) -> None:
    """Properly encrypted RTP with noise in it, and pictures larger than any that is served."""

    async def knock() -> None:
        async with world() as here, playing(here, codec=codec) as bad, unharmed(here):
            sender = bad.connection.getSenders()[0]
            payload_type = bad.connection.getTransceivers()[0]._codecs[0].payloadType
            noise = np.random.default_rng(2)
            for number in range(400):
                packet = RtpPacket(payload_type=payload_type, sequence_number=20_000 + number, timestamp=number * 3000)
                packet.ssrc, packet.marker = sender._ssrc ^ 1, number % 3 == 0
                packet.payload = noise.bytes(int(noise.integers(0, 1200)))
                await sender.transport._send_rtp(packet.serialize())
                await sender.transport._send_rtp(bytes([0x80, 200 + number % 7]) + noise.bytes(40))
            huge = Player(here, here.tokens.issue("play", 1), clip=Clip((2048, 1600), 5), codec=codec)
            assert (await huge.enter())[0] == 200
            await soon(lambda: huge.connection.connectionState == "connected")
            await soon(lambda: huge.clip.number >= 6)  # type: ignore[union-attr]
            session = here.host.seated[huge.session].session
            assert session.frames == 0, "its decoder makes no such picture"
            await huge.leave()

    run(knock())


def test_a_flood_of_messages_ends_the_session_that_sends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a flood is depends on the time that it takes, and that on what else runs: so a small one will do here."""
    monkeypatch.setattr(peers, "MOST_CONTROLS_PER_S", 0.2)
    monkeypatch.setattr(peers, "MOST_CONTROL_FLOOD", 50)

    async def knock() -> None:
        async with world() as here, playing(here) as bad, unharmed(here):
            for _ in range(400):
                if bad.channel.readyState == "open":
                    bad.ask(do="prompt", text="x" * 250)
            await soon(lambda: bad.session not in here.host.seated)
            assert here.host.ended["too many messages"] == 1

    run(knock())


def test_a_message_that_never_ends_ends_the_session() -> None:
    async def knock() -> None:
        async with world() as here, playing(here) as bad, unharmed(here):
            sctp = bad.connection.sctp
            assert sctp is not None
            number = 0
            while bad.session in here.host.seated:
                chunk = DataChunk(flags=SCTP_DATA_FIRST_FRAG if number == 0 else 0)
                chunk.tsn, chunk.stream_id, chunk.stream_seq, chunk.protocol = sctp._local_tsn, 1, 900, 51
                chunk.user_data = b"y" * 1150
                sctp._local_tsn = (sctp._local_tsn + 1) % (1 << 32)
                with contextlib.suppress(ConnectionError):
                    await sctp._send_chunk(chunk)
                number += 1
                await asyncio.sleep(0.005 if number % 16 == 0 else 0)
            assert here.host.ended["it sends too much"] == 1

    run(knock())


def test_a_flood_of_offers_is_bounded_by_token_and_by_slot() -> None:
    async def knock() -> None:
        async with world(slots=3) as here, unharmed(here):
            one = here.tokens.issue("play", 1, sessions=1)
            model = Player(here, one, clip=Clip())
            await model.connection.setLocalDescription(await model.connection.createOffer())
            offer = {**model.offer, "sdp": model.connection.localDescription.sdp}
            answers = []
            for _ in range(4):
                answers += await asyncio.gather(*(here.post(offer, one) for _ in range(15)))
            statuses = sorted(status for status, _ in answers)
            assert statuses.count(200) == 1, "one session at once is what this token is for"
            assert set(statuses) == {200, 429}
            assert all("retry_s" in answer for status, answer in answers if status == 429)
            refused = here.door.refused
            assert refused["a token's quota"] >= 60 - MOST_OFFERS_PER_MIN
            many = here.tokens.issue("play", 1, sessions=50)
            statuses = [(await here.post(offer, many))[0] for _ in range(6)]
            assert statuses == [200, 429, 429, 429, 429, 429], "and then every slot is taken"
            await model.leave()

    run(knock())


def test_one_that_offers_and_never_comes_gives_its_slot_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "CONNECT_S", 0.5)

    async def knock() -> None:
        async with world(slots=1) as here:
            absent = Player(here, here.play, clip=Clip())
            await absent.connection.setLocalDescription(await absent.connection.createOffer())
            offer = {**absent.offer, "sdp": absent.connection.localDescription.sdp}
            await absent.connection.close()
            assert (await here.post(offer, here.play))[0] == 200
            await soon(lambda: not here.host.seated)
            assert here.host.ended["silent"] == 1
            await absent.leave()

    run(knock())


def test_one_that_falls_silent_is_let_go_and_kept_in_mind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "SILENT_S", 0.5)

    async def knock() -> None:
        async with world() as here, playing(here) as player:
            for transceiver in player.connection.getTransceivers():
                for protocol in transceiver.sender.transport.transport._connection._protocols:
                    protocol.transport.pause_reading = lambda: None
                    protocol.transport.sendto = lambda *_: None  # as a cable that was pulled
            await soon(lambda: not here.host.seated)
            assert player.session in here.host._remembered

    run(knock())


def test_connections_that_say_nothing_hold_nobody_up() -> None:
    async def knock() -> None:
        async with world() as here:
            mute = []
            for _ in range(60):
                _, writer = await asyncio.open_connection("127.0.0.1", here.port)
                writer.write(b"POST /offer HTTP/1.1\r\nHost: 127.")
                mute.append(writer)
            async with unharmed(here):
                pass
            assert here.door.refused["a connection, for there were too many"] == 0, "sixty players may come at once"
            for writer in mute:
                writer.transport.abort()

    run(knock())


def test_the_time_of_a_link_ends_its_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    from reskin.serve import host

    monkeypatch.setattr(host, "QUOTA_CHECK_S", 0.1)

    async def knock() -> None:
        async with world() as here, playing(here) as player:
            seated = here.host.seated[player.session]
            watcher = Player(here, here.watch)
            assert (await watcher.enter())[0] == 200
            (peer,) = seated.watchers
            seated.watchers[peer] = seated.watchers[peer].model_copy(update={"exp": int(time.time()) - 1})
            await soon(lambda: peer.ended)  # it is closed by a task of its own, a moment after it has left its seat
            assert peer.ended == "the time of its link is over"
            assert not seated.watchers
            assert here.host.seated, "and its player plays on"
            await watcher.leave()
            seated.claims = seated.claims.model_copy(update={"exp": int(time.time()) - 1})
            await soon(lambda: not here.host.seated)
            assert player.session not in here.host._remembered

    run(knock())


_opened: list[str] | None = None


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _opened is None or event != "open" or arguments[2] is None or isinstance(arguments[0], int):
        return  # a number is a pipe or a socket that is open already
    if arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        _opened.append(str(arguments[0]))


def test_no_frame_is_written_to_a_disk_or_into_a_log(caplog: pytest.LogCaptureFixture) -> None:
    """No file is opened for writing while a session runs, whatever happens in it, and no log says a secret."""
    global _opened
    sys.addaudithook(_hear)  # it stays for good, and costs nothing while it hears nothing

    async def play() -> None:
        global _opened
        async with world() as here:
            async with playing(here) as player:
                _opened = []
                await soon(lambda: len(player.numbers) >= 8)
                player.ask(do="prompt", text="a s3cret prompt")
                player.ask(do="view", value="materials")
                await soon(lambda: len(player.heard("state")) >= 3)
                await here.post({"version": 1, "type": "offer", "sdp": "v=0 s3cret"}, here.play)
            await soon(lambda: not here.host.seated)
            text = caplog.text
            for secret in ("s3cret", here.play, here.watch, here.play.split(".")[2], "a=ice-pwd"):
                assert secret not in text
            assert "array(" not in text

    with caplog.at_level(logging.DEBUG, "reskin"):
        run(play())
    opened, _opened = _opened, None
    assert opened == []
