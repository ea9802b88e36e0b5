"""The server and the own engine as one: who paints when, how soon, and that the loop's books stay right."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from reskin.engine_link import EngineNews, InlineEngine
from reskin.errors import EngineError
from reskin.frame import Frame
from reskin.loop import LoopOptions, run_loop
from reskin.pace import TICK_NS, GrabTimer
from reskin.platforms.fake import FakeHotkeys
from reskin.remote_engine.fallback import SILENT_NS, FallbackEngine
from reskin.remote_engine.states import LinkChanged, LinkState
from reskin.renderer import TintRenderer, View
from reskin.shared_frames import SharedFrame
from reskin.status import EngineState, PlayState, Status
from reskin.themes import Theme
from tests.loop.fakes import CountingGame, JumpingClock, RememberingOverlay, two_themes

WAY_NS = 110_000_000  # of a frame to the server and back
HALF_S_NS = 500_000_000


class FakeServer:
    """A `RemoteEngine` whose paintings come `WAY_NS` later, while `is_up`."""

    name = "server fake"
    extra_age_ns = WAY_NS + 150_000_000

    def __init__(self, clock: JumpingClock) -> None:
        self.link = LinkChanged(LinkState.CONNECTING)
        self.is_silent = False
        self.submitted = 0
        self._clock = clock
        self._on_its_way: list[Frame] = []

    @property
    def is_ready(self) -> bool:
        return self.link.state is LinkState.LIVE

    @property
    def state(self) -> EngineState:
        return EngineState.REMOTE

    def poll(self, now_ns: int) -> EngineNews:
        return EngineNews()

    def configure(self, *, theme: Theme, view: View, quality: int, fade_frames: int = 0) -> None:
        pass

    def submit(self, frame: Frame) -> None:
        self.submitted += 1
        if not self.is_silent:
            self._on_its_way.append(Frame(frame.index, self._clock.time_ns, frame.bgra_u8.copy()))

    def newest(self) -> SharedFrame | None:
        came = [frame for frame in self._on_its_way if self._clock.time_ns - frame.captured_ns >= WAY_NS]
        if not came:
            return None
        self._on_its_way = [frame for frame in self._on_its_way if frame.index > came[-1].index]
        frame = came[-1]
        frame.bgra_u8[:] = 222
        return SharedFrame(
            index=frame.index, captured_ns=frame.captured_ns, submitted_ns=frame.captured_ns, quality=0,
            finished_ns=frame.captured_ns + WAY_NS, stages_ms={"engine": 9.0}, bgra_u8=frame.bgra_u8,
            extra_age_ns=self.extra_age_ns,
        )  # fmt: skip

    def go(self, state: LinkState, text: str = "") -> None:
        self.link = LinkChanged(state, text)
        self._on_its_way.clear()

    def close(self) -> None:
        pass


class Play:
    """The loop on fakes with a script: second of play to what happens then."""

    def __init__(self, *, has_own: bool, script: dict[float, Callable[[FakeServer], None]], seconds: float) -> None:
        self.clock = JumpingClock()
        self.server = FakeServer(self.clock)
        self.own = InlineEngine(TintRenderer(), self.clock, cost_ms=20.0) if has_own else None
        self.own_frames = 0
        if self.own is not None:
            submit = self.own.submit
            self.own.submit = lambda frame: self._count(submit, frame)  # type: ignore[method-assign]
        self.engine = FallbackEngine(self.server, self.own)  # type: ignore[arg-type]
        self.overlay, self.status = RememberingOverlay(self.clock.now_ns), Status()
        self.states: list[tuple[float, str]] = []
        self.sources: list[tuple[float, str]] = []
        self._script = sorted(script.items())
        self._began_ns, self._end_ns = self.clock.time_ns, self.clock.time_ns + int(seconds * 1e9)
        game = CountingGame(clock=self.clock.now_ns)
        run_loop(
            game, self.overlay, FakeHotkeys(), [self], two_themes(), self.engine, clock=self.clock,
            status=self.status, stop=self._step,
            options=LoopOptions(note_s=0, flash_limiter="off", on_state=lambda text: self._said(text)),
        )  # fmt: skip

    pictures_ns: list[int]

    def show(self, frame: Frame, region: object) -> None:
        """As a sink: a picture, painted or not, at every tick."""
        self.pictures_ns = [*getattr(self, "pictures_ns", []), self.clock.time_ns]

    def close(self) -> None:
        pass

    @property
    def now_s(self) -> float:
        return (self.clock.time_ns - self._began_ns) / 1e9

    def _count(self, submit: Callable[[Frame], None], frame: Frame) -> None:
        self.own_frames += 1
        submit(frame)

    def _said(self, text: str) -> None:
        self.states.append((self.now_s, text))

    def _step(self) -> bool:
        while self._script and self.now_s >= self._script[0][0]:
            self._script.pop(0)[1](self.server)
        source = self.engine.source.value
        if not self.sources or self.sources[-1][1] != source:
            self.sources.append((self.now_s, source))
        return self.clock.time_ns >= self._end_ns

    def since(self, second: float, source: str) -> float:
        """How long after that second this source was in use."""
        return next(at for at, name in self.sources if at >= second and name == source) - second

    def longest_still_s(self) -> float:
        """Between two new paintings that the overlay showed."""
        times = [shown.time_ns for n, shown in enumerate(self.overlay.shown)
                 if n == 0 or shown.index != self.overlay.shown[n - 1].index]  # fmt: skip
        return max(b - a for a, b in itertools.pairwise(times)) / 1e9

    def kept_every_tick(self) -> bool:
        gaps = [b - a for a, b in itertools.pairwise(self.pictures_ns)]
        return max(gaps) < 1.5 * TICK_NS


def live(server: FakeServer) -> None:
    server.go(LinkState.LIVE)


def lost(server: FakeServer) -> None:
    server.go(LinkState.LOST, "nobody there")


def silent(server: FakeServer) -> None:
    server.is_silent = True


def speaking(server: FakeServer) -> None:
    server.is_silent = False


def test_a_silent_server_is_replaced_in_time_and_shown_again_by_itself() -> None:
    play = Play(has_own=True, script={0.5: live, 4.0: silent, 6.0: speaking}, seconds=9)
    assert play.since(4.0, "own") < 0.45
    assert play.since(6.0, "server") < 1.0
    assert play.longest_still_s() < 0.4, "the overlay has never frozen"
    assert play.kept_every_tick()
    assert play.overlay.hidden_ns == [] or play.overlay.hidden_ns[-1] >= play._end_ns - TICK_NS
    assert play.status.shown + play.status.dropped == play.status.grabbed


def test_while_the_server_paints_the_own_engine_gets_no_frames_beyond_its_first_ones() -> None:
    play = Play(has_own=True, script={0.2: live}, seconds=6)
    assert play.own_frames < 12
    assert play.status.engine is EngineState.REMOTE
    assert play.status.missed_share < 0.05


def test_a_server_that_is_killed_five_times_is_back_as_soon_each_time() -> None:
    script = {0.2: live}
    for n in range(5):
        script |= {3.0 + 4 * n: lost, 4.5 + 4 * n: live}
    play = Play(has_own=True, script=script, seconds=23)
    for n in range(5):
        assert play.since(3.0 + 4 * n, "own") < 0.1
        assert play.since(4.5 + 4 * n, "server") < 0.7
    assert play.longest_still_s() < 0.4
    assert play.kept_every_tick()


def test_without_an_engine_of_its_own_the_game_itself_is_there_at_once_and_the_skin_again_each_time() -> None:
    script = {0.2: live}
    for n in range(5):
        script |= {3.0 + 4 * n: lost, 4.5 + 4 * n: live}
    play = Play(has_own=False, script=script, seconds=23)
    for n in range(5):
        at_ns = play._began_ns + int((3.0 + 4 * n) * 1e9)
        assert any(at_ns <= hidden < at_ns + HALF_S_NS for hidden in play.overlay.hidden_ns)
        back_ns = play._began_ns + int((4.5 + 4 * n) * 1e9)
        assert next(shown.time_ns for shown in play.overlay.shown if shown.time_ns > back_ns) - back_ns < 3e9
    said = [text for _, text in play.states if play.now_s > 1]
    assert said.count("fault: The server does not answer: this is the game itself") == 5
    assert not any("engine is late" in text for text in said)
    assert play.kept_every_tick()


def test_each_state_is_in_words() -> None:
    script = {0.2: live, 3.0: silent, 5.0: speaking, 8.0: lambda server: server.go(LinkState.QUEUED, "Place 3")}
    play = Play(has_own=True, script=script, seconds=10)
    said = [text for _, text in play.states]
    assert "active: The server is late: painted on this machine" in said
    assert said[-1] == "active: Place 3: painted on this machine"
    assert play.status.state is PlayState.ACTIVE
    assert "for the server fake" in play.status.engine_name


def test_a_server_that_never_answers_costs_the_start_three_seconds() -> None:
    play = Play(has_own=True, script={}, seconds=6)
    assert play.sources[-1][1] == "own"
    assert 2.5 < play.since(0, "own") < 3.5


def test_a_connection_that_keeps_falling_silent_is_trusted_less_each_time() -> None:
    script = {0.2: live}
    for n in range(4):
        script |= {3.0 + 5 * n: silent, 4.0 + 5 * n: speaking}
    play = Play(has_own=True, script=script, seconds=23)
    backs = [play.since(4.0 + 5 * n, "server") for n in range(4)]
    assert backs == sorted(backs)
    assert backs[-1] > backs[0] + 0.5
    assert backs[-1] < 3.0


def test_a_frame_is_grabbed_so_that_its_painting_is_there_just_before_a_tick_however_long_the_way() -> None:
    timer = GrabTimer()
    deadline_ns = 100 * TICK_NS
    now_ns = deadline_ns - TICK_NS
    for n in range(100):
        timer.add(110 + n % 4)
    arrives_ns = timer.grab_ns(deadline_ns, now_ns, overlaps=True) + 113_000_000
    assert -5_000_000 < arrives_ns % TICK_NS - TICK_NS < 0
    assert timer.grab_ns(deadline_ns, now_ns) == now_ns, "an engine that is slow here has one frame at a time"


def test_a_paused_game_is_no_silent_server() -> None:
    clock = JumpingClock()
    server = FakeServer(clock)
    live(server)
    engine = FallbackEngine(server, None)  # type: ignore[arg-type]
    game = CountingGame(clock=clock.now_ns)

    def tick(*, plays: bool) -> None:
        clock.time_ns += TICK_NS
        engine.poll(clock.time_ns)
        frame = game.grab()
        if plays and frame is not None:
            engine.submit(frame)
        engine.newest()

    for plays in (*(True,) * 12, *(False,) * 48, *(True,) * 12):
        tick(plays=plays)
        assert clock.time_ns < 2 * SILENT_NS + 1_000_000_000 or engine.state is EngineState.REMOTE


def test_an_own_engine_that_cannot_start_is_told_once_and_the_game_is_left() -> None:
    class Broken(InlineEngine):
        def poll(self, now_ns: int) -> EngineNews:
            raise EngineError("planted")

    clock = JumpingClock()
    engine = FallbackEngine(FakeServer(clock), Broken(TintRenderer(), clock))  # type: ignore[arg-type]
    assert "does not start" in engine.poll(1).notes[0]
    assert engine.poll(2).notes == []
    assert engine.state is EngineState.STARTING


@pytest.mark.parametrize("died_at", [3.4, 4.4])
def test_an_own_engine_that_dies_leaves_the_books_right(died_at: float) -> None:
    """What the server still has on its way was written off with it, and must not be taken for a frame in flight."""

    class Dying(InlineEngine):
        died_ns = 0

        def poll(self, now_ns: int) -> EngineNews:
            is_now = not self.died_ns and now_ns >= 1_000_000_000 + died_at * 1e9
            self.died_ns = now_ns if is_now else self.died_ns
            return EngineNews(died=is_now, notes=["dead"] if is_now else [])

    clock = JumpingClock()
    server, status = FakeServer(clock), Status()
    engine = FallbackEngine(server, Dying(TintRenderer(), clock, cost_ms=20.0))  # type: ignore[arg-type]
    steps = [(1.2, live), (3.0, silent), (4.0, speaking)]

    def step() -> bool:
        while steps and clock.time_ns >= 1e9 + steps[0][0] * 1e9:
            steps.pop(0)[1](server)
        return clock.time_ns > 8_000_000_000

    run_loop(
        CountingGame(clock=clock.now_ns), RememberingOverlay(clock.now_ns), FakeHotkeys(), [], two_themes(), engine,
        clock=clock, status=status, stop=step, options=LoopOptions(note_s=0, flash_limiter="off"),
    )  # fmt: skip
    assert status.shown + status.dropped == status.grabbed
    assert engine.source.value == "server"
