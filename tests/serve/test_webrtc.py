"""The whole server in one process against a real WebRTC client (aiortc's): a clip in, painted numbered frames out."""

from __future__ import annotations

import asyncio

import aiohttp
import numpy as np
import pytest

from reskin.serve.batch import EachInTurn
from reskin.serve.limits import MOST_UNSENT_BYTES
from reskin.themes import Theme, prompted_theme
from tests.serve.playing import Negative, playing, run, soon, world
from tools.serve_players import SIZE_PX, Clip, Player


@pytest.mark.parametrize("codec", ["video/H264", "video/VP8"])
def test_a_clip_goes_in_and_its_painting_comes_out_with_its_own_numbers(codec: str) -> None:
    async def play() -> None:
        async with world() as here, playing(here, codec=codec) as player:
            await soon(lambda: len(player.numbers) >= 20)
            clip = player.clip
            assert clip is not None
            assert player.picture is not None
            assert player.picture.shape == (SIZE_PX[1], SIZE_PX[0], 4)
            error = np.abs(player.picture[..., :3].astype(int) - (255 - clip.picture[..., :3].astype(int)))
            assert error.mean() < 8, "the painting of the clip, as a codec leaves it"
            assert player.numbers == sorted(set(player.numbers)), "each frame once, in order"
            await soon(lambda: clip.number - player.numbers[-1] <= 3)  # the newest, not the one that waits longest
            assert codec.split("/")[1] in player.connection.remoteDescription.sdp

    run(play())


def test_what_a_player_asks_for_over_the_channel_is_done_and_figures_come() -> None:
    renderers: list[Negative] = []

    def create() -> Negative:
        renderers.append(Negative())
        return renderers[-1]

    async def play() -> None:
        async with world(renderer=EachInTurn(create)) as here, playing(here, theme="noir-ink") as player:
            await soon(lambda: player.heard("state"))
            assert player.heard("state")[0]["theme"] == "noir-ink"
            player.ask(do="theme", id="wildwood")
            player.ask(do="strength", value=0.25)
            player.ask(do="quality", value=2)
            player.ask(do="prompt", text="a stormy night at sea")
            player.ask(do="ping", at=42.0)
            await soon(lambda: player.heard("pong") and len(player.heard("state")) >= 3)
            assert player.heard("pong")[0]["at"] == 42.0
            assert [said["theme"] for said in player.heard("state")][1:3] == ["wildwood", "wildwood"]
            await soon(lambda: player.heard("state")[-1]["theme"] == "a stormy night at sea")
            await soon(lambda: player.heard("figures"))
            asked = [one for renderer in renderers for one in renderer.asked]
            assert asked[-1][2] == 2
            player.ask(do="nothing")
            await soon(lambda: player.heard("error"))

    run(play())


def test_a_watcher_sees_the_same_and_may_change_nothing() -> None:
    async def play() -> None:
        async with world() as here, playing(here) as player:
            watcher = Player(here, here.watch)
            status, answer = await watcher.enter()
            assert (status, answer.get("session")) == (200, player.session)
            await soon(lambda: len(watcher.numbers) >= 5)
            assert watcher.numbers[-1] <= player.clip.number  # type: ignore[union-attr]
            watcher.ask(do="theme", id="noir-ink")
            watcher.ask(do="ping", at=1.0)
            await soon(lambda: watcher.heard("error") and watcher.heard("pong"))
            assert here.host.seated[player.session].session.look.theme_id == "candy"
            await watcher.leave()
            await soon(lambda: not here.host.seated[player.session].watchers)
            stranger = Player(here, here.tokens.issue("watch", 1, watches="somebody else"), watch=player.session)
            assert (await stranger.enter())[0] == 404
            await stranger.leave()

    run(play())


def test_one_who_was_cut_off_comes_back_to_the_same_look() -> None:
    async def play() -> None:
        async with world(slots=1) as here:
            async with playing(here) as player:
                player.ask(do="theme", id="woodblock")
                player.ask(do="strength", value=0.5)
                await soon(lambda: here.host.seated[player.session].session.look.theme.strength == 0.5)
            await soon(lambda: not here.host.seated)
            other = here.tokens.issue("play", 1)
            async with playing(here, token=other, session=player.session) as stranger:
                assert not stranger.resumed
                assert stranger.session != player.session
            await soon(lambda: not here.host.seated)
            async with playing(here, session=player.session) as again:
                assert again.resumed
                assert again.session == player.session
                await soon(lambda: again.heard("state"))
                assert (again.heard("state")[0]["theme"], again.heard("state")[0]["strength"]) == ("woodblock", 0.5)
                async with playing(here, session=again.session) as reloaded:  # the page, before the server misses it
                    assert reloaded.resumed
                path = f"/session/{again.session}"
                ended = [(await here.ask("DELETE", path, token))[0] for token in (other, here.play, here.play)]
                assert ended == [404, 200, 404], "by its own token, and what its client ends is not kept"

    run(play())


def test_a_dropout_costs_neither_the_seat_nor_the_look_of_a_full_server() -> None:
    async def play() -> None:
        async with world(slots=1) as here:
            other = Player(here, here.tokens.issue("play", 1), clip=Clip())
            async with playing(here, theme="noir-ink") as player:
                assert (await other.enter())[0] == 429
                async with playing(here, session=player.session) as again:
                    assert (again.resumed, again.session) == (True, player.session)
                    assert here.host.free_slots == 0
                    seated = here.host.seated[again.session]
                    await here.host._unseat(seated, "silent", remember=True)
            offer = {**other.offer, "session": again.session}
            assert (await here.post(offer, here.play))[0] == 429, "that seat is free, and another waits for it"
            assert (await here.post(other.offer, other.token))[0] == 200
            here.host._later(here.host._unseat(next(iter(here.host.seated.values())), "ended", remember=False))
            async with playing(here, session=again.session) as later:
                assert later.resumed
                assert here.host.seated[later.session].session.look.theme_id == "noir-ink"
            await other.leave()

    run(play())


def test_what_is_chosen_after_a_prompt_stays_when_the_prompt_has_been_read() -> None:
    async def play() -> None:
        async with world() as here, playing(here) as player:
            session = here.host.seated[player.session].session
            is_read = asyncio.Event()

            async def read(text: str) -> tuple[Theme | None, str]:
                await is_read.wait()
                return prompted_theme(text), ""

            here.host._prompts.read = read  # type: ignore[method-assign]
            player.ask(do="prompt", text="a stormy night at sea")
            player.ask(do="strength", value=0.25)
            await soon(lambda: session.look.theme.strength == 0.25)
            is_read.set()
            await soon(lambda: session.look.theme.name == "a stormy night at sea")
            assert session.look.theme.strength == 0.25
            is_read.clear()
            player.ask(do="prompt", text="a garden of glass")
            player.ask(do="theme", id="woodblock")
            await soon(lambda: session.look.theme_id == "woodblock")
            is_read.set()
            await asyncio.sleep(0.3)
            assert session.look.theme_id == "woodblock"
            player.ask(do="prompt", text="a garden of glass")
            await soon(lambda: session.look.theme.name == "a garden of glass")

    run(play())


def test_a_full_server_gives_places_and_lets_in_when_one_leaves() -> None:
    async def play() -> None:
        async with world(slots=1) as here:
            async with playing(here) as player:
                others = [Player(here, here.tokens.issue("play", 1), clip=Clip()) for _ in range(2)]
                answers = [await other.enter() for other in others]
                assert [(status, answer["queue"]) for status, answer in answers] == [(429, 1), (429, 2)]
                assert (await here.ask("GET", "/ready"))[0] == 503
                status, _ = await here.ask("DELETE", f"/session/{player.session}", here.play)
                assert status == 200
            for other, wanted in zip(reversed(others), (429, 200), strict=True):
                assert (await here.post(other.offer, other.token))[0] == wanted, "in their order"
                await other.leave()

    run(play())


def test_a_slow_client_delays_nobody_and_one_that_never_reads_is_bounded() -> None:
    """Nothing that the slow one gets is read. The other's pictures go on."""

    async def play() -> None:
        async with world() as here:
            silent = Player(here, here.play, clip=Clip())
            assert (await silent.enter())[0] == 200
            await soon(lambda: here.host.seated[silent.session].session.frames >= 2)
            seated = here.host.seated[silent.session]
            for receiver in silent.connection.getReceivers():
                receiver._enabled = False  # takes packets, decodes and reports nothing
            async with playing(here) as player:
                before = len(player.numbers)
                for _ in range(300):
                    seated.peer.tell(seated.session.state("x" * 500))  # type: ignore[union-attr]
                    await asyncio.sleep(0.005)
                channel = seated.peer._channel  # type: ignore[union-attr]
                assert channel.bufferedAmount <= MOST_UNSENT_BYTES + 1024
                await soon(lambda: len(player.numbers) >= before + 24, 10)  # 24 a second are sent
            await silent.leave()

    run(play())


def test_the_page_the_probes_and_the_figures() -> None:
    async def visit() -> None:
        async with world() as here, playing(here) as player:
            assert await here.ask("GET", "/health") == (200, {"healthy": True, "why": []})
            assert await here.ask("GET", "/ready") == (200, {"ready": True, "why": []})
            status, told = await here.ask("GET", "/status.json", here.admin)
            assert (status, told["slots"], told["free"], told["engine"]["name"]) == (200, 4, 3, "negative")
            assert told["sessions"][0]["id"] == player.session
            assert told["sessions"][0].keys() >= {"overtaken", "refused", "sent", "replaced", "dropped"}
            assert told["sessions"][0]["sent"] >= 2
            assert (await here.ask("GET", "/status.json", here.play))[0] == 403
            status, told = await here.ask("GET", "/metrics", here.admin)
            assert status == 200
            assert "reskin_sessions 1.0" in told["text"]
            assert 'reskin_refusals_total{reason="scope"} 1.0' in told["text"]
            assert here.play not in told["text"]
            async with aiohttp.ClientSession() as http, http.get(here.url + "/") as response:
                assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            assert (await here.ask("GET", "/themes.json"))[0] == 401
            status, items = await here.ask("GET", "/themes.json", here.play)
            assert status == 200
            async with aiohttp.ClientSession() as http, http.get(here.url + items[0]["picture_url"]) as response:
                assert response.content_type == "image/jpeg"

    run(visit())
