"""Many viewers at once: who came first is served in full, and nobody costs the game its cores."""

from __future__ import annotations

import asyncio
import contextlib

from reskin.sinks.web.feed import AT_FULL_RATE, CROWD_SPACING_S
from tests.sinks.streaming import Stream
from tests.sinks.test_web_stream import stream, watch

__all__ = ["stream"]  # a fixture


def test_who_came_first_gets_every_picture_and_a_crowd_fewer_each(stream: Stream) -> None:
    got: list[list[int]] = [[] for _ in range(AT_FULL_RATE + 2)]

    async def all_watch() -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await asyncio.gather(*(watch(stream, 10_000, numbers=numbers) for numbers in got))

    with stream.feed():
        asyncio.run(all_watch())
    counts = sorted(len(numbers) for numbers in got)
    crowd, first = counts[:2], counts[2:]
    assert max(crowd) <= 2 / CROWD_SPACING_S + 1
    assert min(first) > max(crowd)
