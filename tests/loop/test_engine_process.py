"""The engine in a process of its own: raising, hanging, killed, slow to start; and nothing left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from reskin import engine_process, shared_frames, supervisor
from reskin.engine_link import EngineNews
from reskin.errors import EngineError
from reskin.frame import Frame
from reskin.loop import LoopOptions, run_loop
from reskin.platforms.fake import FakeHotkeys
from reskin.renderer import View
from reskin.shared_frames import create_segment, send_segment
from reskin.status import EngineState, Status
from reskin.supervisor import Supervisor
from tests.loop.fakes import CountingGame, RememberingOverlay, theme, two_themes

FAULTY = "tests.loop.stand_ins:faulty"
RED = theme("Red", "#ff0000")
PLAYED_AGAIN = 12  # pictures after the fault are enough to call the engine back


@pytest.fixture
def left_behind() -> Iterator[None]:
    """Fails a test that leaves a process or shared memory."""
    memory_before = shared_memory()
    yield
    assert [child for child in multiprocessing.active_children() if child.name == "reskin-engine"] == []
    assert shared_memory() <= memory_before


def shared_memory() -> set[str]:
    """What Python's or our own shared memory would be called; other programs have some as well."""
    return {name for name in os.listdir("/dev/shm") if name.startswith(("psm_", "sem.mp-", "reskin"))}


def play(engine: Supervisor, *, until: Callable[[Status, RememberingOverlay], bool], limit_s: float = 90) -> tuple:
    """Run the loop on fakes in real time until `until`; returns the status, the overlay and the game."""
    game, overlay, status = CountingGame(), RememberingOverlay(), Status()
    deadline_s = time.monotonic() + limit_s
    try:
        run_loop(
            game, overlay, FakeHotkeys(), [], two_themes(), engine, status=status, options=LoopOptions(note_s=0),
            stop=lambda: until(status, overlay) or time.monotonic() > deadline_s,
        )  # fmt: skip
    finally:
        engine.close()
    assert time.monotonic() < deadline_s, f"not reached in {limit_s} s: {status}"
    assert status.shown + status.dropped == status.grabbed
    return status, overlay, game


def own_lateness_ms(status: Status) -> float:
    """How long a busy machine kept the loop itself from a core at the worst: not the engine's doing."""
    return status.lateness_ms.percentile(100)


def paint(engine: Supervisor, frame: Frame, *, limit_s: float = 90) -> object:
    deadline_s = time.monotonic() + limit_s
    while time.monotonic() < deadline_s:
        engine.poll(time.monotonic_ns())
        engine.configure(theme=RED, view=View.THEME, quality=0)
        if engine.is_ready and (painting := engine.newest()) is not None and painting.index == frame.index:
            return painting
        if engine.is_ready:
            engine.submit(frame)
        time.sleep(0.01)
    raise AssertionError(f"no painting in {limit_s} s")


def numbered(index: int, h: int, w: int) -> Frame:
    return Frame(index, time.monotonic_ns(), np.full((h, w, 4), index % 251, np.uint8))


@pytest.mark.usefixtures("left_behind")
def test_a_killed_engine_gives_the_game_back_within_250_ms_and_returns_by_itself() -> None:
    engine = Supervisor(FAULTY)
    killed_ns: list[int] = []

    def kill_then_wait(status: Status, overlay: RememberingOverlay) -> bool:
        if len(overlay.shown) == 30 and not killed_ns:
            killed_ns.append(time.monotonic_ns())
            os.kill(engine.pid, signal.SIGKILL)
        return len(overlay.shown) >= 30 + PLAYED_AGAIN

    status, overlay, _ = play(engine, until=kill_then_wait)
    hidden_ns = next(ns for ns in overlay.hidden_ns if ns > killed_ns[0])
    assert (hidden_ns - killed_ns[0]) / 1e6 < 250 + own_lateness_ms(status)
    assert status.engine_deaths == 1


def test_a_process_that_cannot_be_started_is_a_death_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when memory has run out, which is when engines are killed."""
    engine = Supervisor(FAULTY)
    with monkeypatch.context() as full:
        full.setattr(supervisor, "_Life", _no_memory)
        news = engine.poll(1)
    assert news.died
    assert "Cannot allocate memory" in news.notes[-1]
    assert engine.state is EngineState.DEAD


def _no_memory(*_: object) -> None:
    raise OSError(12, "Cannot allocate memory")


@pytest.mark.usefixtures("left_behind")
def test_a_hanging_engine_gives_the_game_back_within_250_ms_and_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "HUNG_NS", 1_000_000_000)  # five seconds for a player
    engine = Supervisor(FAULTY, ("hang", 30, 0.0, str(tmp_path / "once")))
    last: list[int] = []

    def wait(status: Status, overlay: RememberingOverlay) -> bool:
        if not overlay.is_visible and not last and overlay.shown:
            last.append(len(overlay.shown))
        return bool(last) and len(overlay.shown) > last[0] + PLAYED_AGAIN

    status, overlay, _ = play(engine, until=wait)
    assert status.engine_deaths == 1
    hung_ns = (tmp_path / "once").stat().st_mtime_ns - time.time_ns() + time.monotonic_ns()
    hidden_ns = next(ns for ns in overlay.hidden_ns if ns > hung_ns)
    assert (hidden_ns - hung_ns) / 1e6 < 250 + own_lateness_ms(status)


@pytest.mark.usefixtures("left_behind")
def test_the_drift_of_every_painting_reaches_the_status() -> None:
    status, _, _ = play(Supervisor(FAULTY), until=lambda status, overlay: len(overlay.shown) > 5)
    assert status.drift == (0.03, 0.9, 2)


@pytest.mark.usefixtures("left_behind")
def test_one_exception_costs_one_frame_and_no_restart(tmp_path: Path) -> None:
    engine = Supervisor(FAULTY, ("raise", 20, 0.0, str(tmp_path / "once")))
    status, _, _ = play(engine, until=lambda status, overlay: len(overlay.shown) > 30)
    assert status.engine_errors == 1
    assert status.engine_deaths == 0


@pytest.mark.usefixtures("left_behind")
def test_an_engine_that_only_raises_gives_the_game_back_and_is_restarted() -> None:
    engine = Supervisor(FAULTY, ("raise", 20))
    status, overlay, _ = play(engine, until=lambda status, overlay: status.engine_deaths == 1)
    assert status.engine_errors >= 20
    hidden = [ns for ns in overlay.hidden_ns if ns > overlay.shown[-1].time_ns]
    assert (hidden[0] - overlay.shown[-1].time_ns) / 1e6 < 250 + own_lateness_ms(status)


@pytest.mark.usefixtures("left_behind")
def test_three_deaths_in_ten_minutes_lower_the_quality_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "RESTART_PAUSE_NS", 1_000_000)
    engine = Supervisor(FAULTY, ("exit", 10))
    poll, lowered = engine.poll, []  # at each death: a busy machine may lower the quality before, by missed ticks

    def listened(now_ns: int) -> EngineNews:
        news = poll(now_ns)
        if news.died:
            lowered.append(news.lower_tier)
        return news

    monkeypatch.setattr(engine, "poll", listened)
    play(engine, until=lambda status, overlay: len(lowered) == 3 and status.quality > 0)
    assert lowered == [False, False, True]


@pytest.mark.usefixtures("left_behind")
def test_an_engine_that_cannot_start_says_why() -> None:
    with pytest.raises(EngineError, match=r"no weights at engine/weights/nano\.onnx.*reskin doctor"):
        play(Supervisor("tests.loop.stand_ins:unable"), until=lambda status, overlay: False)


def test_an_engine_whose_kernels_cannot_be_kept_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("cannot cache function 'compose': no locator available for file 'compose.py'")

    said: list[tuple[str, str]] = []
    monkeypatch.setattr(engine_process, "die_with", lambda pid: None)
    monkeypatch.setattr(engine_process, "start_process_log", lambda name: None)
    monkeypatch.setattr(engine_process, "made_by", refuse)
    engine_process.engine_main(SimpleNamespace(send=said.append), "a:b", (), False, 0)  # type: ignore[arg-type]
    ((word, text),) = said
    assert word == "failed"
    assert text.endswith("'compose.py'; set NUMBA_CACHE_DIR to a folder that can be written")


@pytest.mark.usefixtures("left_behind")
def test_frames_of_any_size_cross_and_come_back_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Supervisor(FAULTY)
    try:
        paint(engine, numbered(1, 1, 1))
        with monkeypatch.context() as full:
            full.setattr(supervisor, "create_segment", _no_memory)
            engine.submit(numbered(2, 1440, 2560))  # as a window that grows: nothing is raised, and it is tried again
        made: list[int] = []
        monkeypatch.setattr(supervisor, "create_segment", lambda size: made.append(size) or create_segment(size))
        for index, (h, w) in enumerate([(48, 64), (719, 1283), (1440, 2560), (1500, 2600), (2, 3)], start=3):
            painting = paint(engine, numbered(index, h, w))
            assert painting.bgra_u8.shape == (h, w, 4)
            assert (painting.bgra_u8 == painting.bgra_u8[0, 0]).all()
        assert engine.state is EngineState.ACTIVE
        assert made == [1440 * 2560 * 5]  # one for the drag of a border, not one for each size on its way
    finally:
        engine.close()


def test_a_segment_for_a_process_that_has_ended_leaves_no_file_open() -> None:
    ours, theirs = multiprocessing.Pipe()
    theirs.close()
    segment, handle = create_segment(4096)
    with pytest.raises(OSError, match="pipe"):
        send_segment(ours, segment, handle, os.getpid())
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(int(handle))
    ours.close()


def test_a_segment_that_cannot_be_mapped_leaves_no_file_open(monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.listdir("/proc/self/fd")
    with monkeypatch.context() as full:
        full.setattr(shared_frames.mmap, "mmap", _no_memory)
        with pytest.raises(OSError, match="memory"):
            create_segment(4096)
    assert len(os.listdir("/proc/self/fd")) == len(before)


@pytest.mark.usefixtures("left_behind")
def test_the_newest_frame_wins_and_pictures_are_never_torn() -> None:
    engine = Supervisor(FAULTY)
    seen: list[int] = []
    try:
        paint(engine, numbered(1, 90, 160))
        end_s = time.monotonic() + 0.7
        index = 1
        while time.monotonic() < end_s:  # far faster than the engine
            index += 1
            engine.submit(numbered(index, 90, 160))
            if (painting := engine.newest()) is not None:
                assert len(np.unique(painting.bgra_u8[..., 0])) == 1
                seen.append(painting.index)
        assert index > 2 * len(seen)
        assert seen == sorted(seen)
        last = numbered(index + 1, 90, 160)
        assert paint(engine, last).bgra_u8 is not None  # the last one is never forgotten
    finally:
        engine.close()


def test_whatever_ends_the_app_ends_the_engine_and_leaves_nothing(tmp_path: Path) -> None:
    signs = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)  # an app for each, all at once
    memory_before = shared_memory()
    script = tmp_path / "app.py"
    script.write_text(
        "import time\n"
        "from reskin.supervisor import Supervisor\n"
        "if __name__ == '__main__':\n"
        f"    engine = Supervisor('{FAULTY}')\n"
        "    try:\n"
        "        while not engine.is_ready:\n"
        "            engine.poll(time.monotonic_ns())\n"
        "            time.sleep(0.01)\n"
        "        print(engine.pid, flush=True)\n"
        "        while True:\n"
        "            engine.poll(time.monotonic_ns())\n"
        "            time.sleep(0.05)\n"
        "    except KeyboardInterrupt:\n"
        "        pass\n"
        "    finally:\n"
        "        engine.close()\n"
    )
    apps = [
        subprocess.Popen(
            [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.getcwd()}, start_new_session=True,
        )
        for _ in signs
    ]  # fmt: skip
    engine_pids = [int(app.stdout.readline()) for app in apps]
    for app, sign in zip(apps, signs, strict=True):
        os.killpg(app.pid, sign) if sign is signal.SIGINT else os.kill(app.pid, sign)
    errors = {sign: app.communicate(timeout=10)[1] for app, sign in zip(apps, signs, strict=True)}
    assert errors == dict.fromkeys(signs, "")
    deadline_s = time.monotonic() + 2
    while any(map(is_running, engine_pids)) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert not any(map(is_running, engine_pids))
    assert shared_memory() <= memory_before


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
