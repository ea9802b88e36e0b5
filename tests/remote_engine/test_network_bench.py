"""The bench of the way to a server, on scripted paintings: what it counts is what the player sees."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from reskin.remote_engine.fallback import FallbackEngine, Source
from reskin.remote_engine.states import LinkChanged, LinkState
from tools.remote_network import Play

TICK_NS = 100_000_000
AGE_NS = 50_000_000


class ScriptedServer:
    """A `RemoteEngine` whose painting of a tick is there at that tick, where the script says so."""

    name, is_ready, extra_age_ns = "server scripted", True, 0

    def __init__(self, comes: list[bool]) -> None:
        self.link = LinkChanged(LinkState.LIVE)
        self.received = 0
        self._comes = enumerate(comes)

    def poll(self, now_ns: int) -> Any:
        return SimpleNamespace(notes=[], errors=0)

    def submit(self, frame: Any) -> None:
        pass

    def newest(self) -> Any:
        index, does_come = next(self._comes)
        self.received += does_come
        return SimpleNamespace(index=index) if does_come else None


def played(comes: list[bool]) -> tuple[Play, ScriptedServer, FallbackEngine]:
    """Ten ticks a second, all of them measured."""
    server = ScriptedServer(comes)
    engine = FallbackEngine(server, None)  # type: ignore[arg-type]
    play = Play(began_ns=TICK_NS)
    for index in range(len(comes)):
        now_ns = (index + 1) * TICK_NS
        engine.poll(now_ns)
        play.submitted_ns[index] = now_ns - AGE_NS
        engine.submit(SimpleNamespace(index=index))  # type: ignore[arg-type]
        play.take(engine, now_ns)
    play.ended_ns = len(comes) * TICK_NS + TICK_NS
    return play, server, engine


def test_a_painting_that_is_received_and_not_shown_counts_for_nothing() -> None:
    """After a silence of half a second the server has to be in time six times before it is shown."""
    play, server, engine = played([True] * 10 + [False] * 5 + [True] * 5)
    assert engine.source is Source.NOBODY
    assert server.received == 15
    assert play.elapsed_s == 2.0
    assert [index for _, index in play.shown] == list(range(10))
    assert play.fps == pytest.approx(5.0)
    assert play.longest_stall_ms == pytest.approx(1100)  # to the end, not to the first that came again
    assert play.latency_ms(50) == pytest.approx(50)
    assert play.untouched == 8  # all but the ten and the 250 ms until it is given up


def test_nothing_shown_is_one_stall_and_no_latency() -> None:
    play, _, _ = played([False] * 10)
    assert play.fps == 0
    assert play.longest_stall_ms == pytest.approx(1000)
    assert math.isnan(play.latency_ms(50))
    assert play.untouched == play.ticks == 10
