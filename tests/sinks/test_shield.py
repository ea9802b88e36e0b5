"""A sink that fails is dropped and told of once; the loop, the overlay and the other sinks go on."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from reskin.engine_link import InlineEngine
from reskin.errors import SinkEnded, SinkError
from reskin.frame import Frame, Region
from reskin.loop import LoopOptions, run_loop
from reskin.platforms.fake import FakeCapture, FakeHotkeys, FakeOverlay, FakeSink
from reskin.renderer import TintRenderer
from reskin.sinks.mailbox import Mailbox
from reskin.sinks.shield import Shield
from reskin.sinks.sink_thread import SinkThread
from tests.loop.fakes import JumpingClock, two_themes

FRAME = Frame(0, 0, np.zeros((4, 6, 4), np.uint8))
REGION = Region(0, 0, 6, 4)


@pytest.mark.parametrize("failure", [SinkError("no space"), ValueError("no space"), OSError(28, "no space")])
def test_the_loop_outlives_a_failing_sink(failure: Exception) -> None:
    clock = JumpingClock()
    failures: list[str] = []
    shield, bad, good = Shield(failures), FakeSink(), FakeSink()
    bad.failure = failure
    said: list[str] = []

    def warnings() -> list[str]:
        said.extend(notes := shield.notes())
        return notes

    overlay, grabbed = FakeOverlay(), list[int]()
    status = run_loop(
        FakeCapture((64, 48), clock_ns=clock.now_ns), overlay, FakeHotkeys(), [shield.over(bad), shield.over(good)],
        two_themes(), InlineEngine(TintRenderer(), clock), clock=clock,
        options=LoopOptions(
            seconds=1.0, poll_warnings=warnings, on_grab=[lambda frame: grabbed.append(frame.index)]
        ),
    )  # fmt: skip
    assert status.ended_because == "1 s are over"
    assert good.shown >= 24
    assert grabbed == list(range(grabbed[0], grabbed[0] + len(grabbed)))
    assert len(grabbed) >= good.shown
    assert overlay.shown >= 18
    assert [note for note in said if "fake sink has ended" in note and "no space" in note] == said
    assert len(said) == 1
    assert len(failures) == 1


def test_closing_one_by_hand_is_a_note_and_no_failure() -> None:
    failures: list[str] = []
    shield, sink = Shield(failures), FakeSink()
    shielded = shield.over(sink)
    sink.failure = SinkEnded("The output window is closed")
    shielded.show(FRAME, REGION)
    shielded.show(FRAME, REGION)
    shielded.close()
    assert (shield.notes(), shield.notes(), failures) == (["The output window is closed"], [], [])
    assert sink.closed


def test_what_goes_wrong_in_a_sinks_thread_comes_out_at_the_next_look_and_at_the_end() -> None:
    began = threading.Event()

    def serve(mailbox: Mailbox) -> None:
        mailbox.wait()
        began.set()
        raise KeyError("planted")

    thread = SinkThread("camera", serve)
    thread.check()
    thread.mailbox.put(0, FRAME.bgra_u8)
    assert began.wait(5)
    with pytest.raises(SinkError, match="camera: KeyError: 'planted'"):
        thread.close()
    with pytest.raises(SinkError):
        thread.check()
