"""Several sessions on one engine: batches, turns, faults, admission, and the engine in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import numpy as np
import pytest

from reskin.errors import EngineError
from reskin.flash_safety import FlashProfile
from reskin.serve import process_renderer
from reskin.serve.admission import PATIENCE_S, Admission, AdmissionRefused
from reskin.serve.batch import BatchRenderer, Done, EachInTurn, Job
from reskin.serve.process_renderer import ProcessRenderer
from reskin.serve.session import Painting, Session
from reskin.serve.stepper import Stepper
from tests.reskin.flash_rule import judge
from tests.serve.playing import Negative, run, shipped, soon


def frame(value: int, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    return np.full((*size, 4), value, np.uint8)


class Together:
    """Paints whatever comes as one batch; waits for a start, so that a test may let frames gather."""

    name, why, most = "together", "", 8

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.forgotten: list[str] = []

    def render_many(self, jobs: Sequence[Job]) -> list[Done]:
        self.sizes.append(len(jobs))
        return [self._painted(job.bgra_u8) for job in jobs]

    def _painted(self, bgra_u8: np.ndarray) -> Done:
        is_bad = bgra_u8[0, 0, 0] == 13
        return Done(None, error="it is a bad frame") if is_bad else Done(255 - bgra_u8, {"engine": 1.0})

    def forget(self, key: str) -> None:
        self.forgotten.append(key)

    def close(self) -> None:
        pass


@contextlib.asynccontextmanager
async def stepping(
    renderer: BatchRenderer, count: int, flash_limiter: FlashProfile = "off"
) -> AsyncIterator[tuple[Stepper, list[Session]]]:
    stepper = Stepper(renderer, flash_limiter=flash_limiter)
    sessions = [Session(shipped(), "candy") for _ in range(count)]
    for session in sessions:
        stepper.enter(session)
    try:
        yield stepper, sessions
    finally:
        await asyncio.to_thread(stepper.close)


def test_frames_that_are_there_together_are_one_batch_and_each_gets_its_own() -> None:
    async def play() -> None:
        renderer = Together()
        async with stepping(renderer, 5) as (stepper, sessions):
            with stepper._lock:  # the stepper waits at its next look
                for value, session in enumerate(sessions):
                    session.offer(frame(value), value)
            for value, session in enumerate(sessions):
                painting = await session.painted()
                assert (painting.number, painting.bgra_u8[0, 0, 0], painting.is_painted) == (value, 255 - value, True)
            assert max(renderer.sizes) >= 4, renderer.sizes
            stepper.leave(sessions[0])
            await soon(lambda: renderer.forgotten == [sessions[0].id])

    run(play())


def test_a_frame_that_cannot_be_painted_comes_back_untouched_and_the_others_are_painted() -> None:
    async def play() -> None:
        async with stepping(Together(), 3) as (stepper, sessions):
            for value, session in zip((13, 14, 15), sessions, strict=True):
                session.offer(frame(value), value)
            paintings = [await session.painted() for session in sessions]
            assert [painting.is_painted for painting in paintings] == [False, True, True]
            assert [int(painting.bgra_u8[0, 0, 0]) for painting in paintings] == [13, 241, 240]
            assert "bad frame" in sessions[0].notes()[0]
            assert (stepper.failures, sessions[1].notes()) == (1, [])
            sessions[0].offer(frame(20), 20)
            assert (await sessions[0].painted()).is_painted, "it goes on with the next frame"

    run(play())


@pytest.mark.parametrize("profile", ["broadcast", "off"])
def test_what_every_session_gets_keeps_the_flash_rule_unless_the_limiter_is_off(profile: FlashProfile) -> None:
    async def play() -> None:
        async with stepping(EachInTurn(Negative), 2, flash_limiter=profile) as (_, sessions):
            seen: list[list[np.ndarray]] = [[], []]
            for number in range(96):
                for session, pictures in zip(sessions, seen, strict=True):
                    session.offer(frame(255 * (number // 2 % 2)), number)
                    pictures.append((await session.painted()).bgra_u8)
            assert [judge(pictures).passes for pictures in seen] == [profile == "broadcast"] * 2

    run(play())


def test_nobody_starves_and_each_has_a_renderer_of_its_own() -> None:
    """One session sends as fast as it can, two send now and then: each of theirs is painted at its turn."""
    made: list[Negative] = []

    def create() -> Negative:
        made.append(Negative(takes_s=0.002))
        return made[-1]

    async def play() -> None:
        async with stepping(EachInTurn(create), 3) as (_, (greedy, *modest)):
            done = asyncio.Event()

            async def flood() -> None:
                while not done.is_set():
                    greedy.offer(frame(1), 1)
                    await asyncio.sleep(0)

            flooding = asyncio.create_task(flood())
            for number in range(10):
                for session in modest:
                    session.offer(frame(2), number)
                for session in modest:
                    assert (await session.painted()).number == number
            done.set()
            await flooding
            assert [session.dropped for session in modest] == [0, 0]
            assert greedy.painted_frames <= 2 * 10 + 5, "it had at most its turns"
            assert len(made) == 3

    run(play())


def test_a_cut_a_reset_and_a_new_size_begin_the_history_anew() -> None:
    async def play() -> None:
        renderer = Negative()
        async with stepping(EachInTurn(lambda: renderer), 1) as (_, (session,)):

            async def one(pixels: np.ndarray) -> Painting:
                session.offer(pixels)
                return await session.painted()

            await one(frame(1))
            await one(frame(2))
            before = renderer.resets
            session.apply({"do": "reset"})
            await one(frame(3))
            assert renderer.resets == before + 1
            await one(frame(3, (64, 48)))
            assert renderer.resets == before + 2

    run(play())


def test_the_queue_keeps_its_order_and_forgets_who_does_not_come_back() -> None:
    now = [0.0]
    admission = Admission(2, clock=lambda: now[0])
    admission.enter("a", 0)
    admission.enter("b", 1)

    def place(who: str, taken: int = 2) -> int:
        with pytest.raises(AdmissionRefused) as raised:
            admission.enter(who, taken)
        return raised.value.position

    assert [place("c"), place("d"), place("c")] == [1, 2, 1]
    assert place("d", taken=1) == 2, "the free slot is for who waits longer"
    admission.enter("c", 1)
    assert [place("e"), place("d")] == [2, 1]
    now[0] = PATIENCE_S + 1
    assert place("f") == 1, "nobody else has asked again"
    assert admission.waiting == 1


def failing() -> BatchRenderer:
    raise EngineError("there are no weights")


def negatives() -> BatchRenderer:
    return EachInTurn(Negative)


def test_the_engine_may_live_in_a_process_that_is_killed_and_comes_back() -> None:
    async def play() -> None:
        engine = ProcessRenderer("tests.serve.test_stepper:negatives")
        await asyncio.to_thread(engine.wait_ready)
        assert engine.name == "negative"
        async with stepping(engine, 2) as (_, (first, second)):
            for session, value in ((first, 7), (second, 9)):
                session.offer(frame(value), value)
                painting = await session.painted()
                assert (painting.is_painted, int(painting.bgra_u8[0, 0, 0])) == (True, 255 - value)
                assert painting.stages_ms["engine"] > 0
            first.offer(frame(30, (200, 300)), 30)
            assert (await first.painted()).bgra_u8.shape == (200, 300, 4)
            assert engine.pid is not None
            os.kill(engine.pid, signal.SIGKILL)

            async def again() -> bool:
                first.offer(frame(50), 50)
                painting = await first.painted()
                assert int(painting.bgra_u8[0, 0, 0]) in (50, 205)
                return painting.is_painted

            states = [await again()]
            while not states[-1]:
                await asyncio.sleep(0.02)
                states.append(await again())
            assert states[0] is False, "the frame at its death came back as it was"
            assert engine.deaths == 1

    run(play())


class Hanging(Negative):
    def render(self, bgra_u8: np.ndarray, *arguments: Any, **more: Any) -> dict[str, float]:
        if bgra_u8[0, 0, 0] == 66:
            time.sleep(600)
        return super().render(bgra_u8, *arguments, **more)


def hanging() -> BatchRenderer:
    return EachInTurn(Hanging)


def test_an_engine_that_hangs_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_renderer, "HANG_S", 1.0)

    async def play() -> None:
        engine = ProcessRenderer("tests.serve.test_stepper:hanging")
        await asyncio.to_thread(engine.wait_ready)
        async with stepping(engine, 1) as (_, (session,)):
            for value, is_painted in ((1, True), (66, False)):
                session.offer(frame(value))
                assert (await session.painted()).is_painted is is_painted
            states = [False]
            while not states[-1]:
                session.offer(frame(2))
                states.append((await session.painted()).is_painted)
                await asyncio.sleep(0.02)
            assert engine.deaths == 1

    run(play())


def test_an_engine_that_cannot_start_says_why() -> None:
    engine = ProcessRenderer("tests.serve.test_stepper:failing")
    with pytest.raises(EngineError, match="no weights"):
        engine.wait_ready()
    engine.close()


def test_an_engine_that_crashes_leaves_its_stack_in_the_server_s_log(capfd: pytest.CaptureFixture[str]) -> None:
    engine = ProcessRenderer("ctypes:string_at", (0,))
    with pytest.raises(EngineError, match="died"):
        engine.wait_ready()
    engine.close()
    said = capfd.readouterr().err
    assert "Fatal Python error" in said
    assert "string_at" in said
