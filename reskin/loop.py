"""The loop: grab, hand to the engine, show at the tick. 24 Hz by absolute deadlines; the newest frame wins.

`run_loop` is one frame's path from the game to the player, one line per stage. It runs in the thread that calls it, and
everything that it calls returns at once; what takes long (the engine, encoding, drawing a note) is in a process or a
thread of its own, behind a slot. Knows nothing of X11, models or files.

                    grab                        show           a tick is 41.7 ms
    --|--------------|---------------------------|--|----
      show           |<- engine's own time ----->|             the later the grab, the fresher the picture
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from reskin.box_mode import BoxMode
from reskin.controls import Controls
from reskin.engine_link import Engine, EngineNews
from reskin.errors import ReskinError
from reskin.fault_states import SLOW, Facts, FaultWatch, looks_black
from reskin.flash_limiter import FlashLimiter
from reskin.flash_safety import FlashProfile
from reskin.frame import Frame, Region
from reskin.ledger import Ledger, Tick
from reskin.note import Note
from reskin.pace import TICK_HZ, Clock, GrabTimer, Grace, SystemClock, Ticks
from reskin.panel import Panels
from reskin.platforms.base import Capture, CaptureState, Hotkeys, Overlay, Sink
from reskin.presenter import Presenter
from reskin.prompt_bar import PromptBar
from reskin.quality import QualityGovernor
from reskin.remote_control import Command
from reskin.renderer import QUALITY_LEVELS
from reskin.self_capture import SelfCaptureGuard
from reskin.shared_frames import SharedFrame
from reskin.status import EngineState, Status
from reskin.theme_store import ThemeStore
from reskin.themes import Theme
from reskin.timeline import Timeline

GRACE_STEP_NS = 600_000  # between two looks for a painting that is late
MIN_SIDE_PX = 16  # of a window: below this there is nothing to see, and no model takes it
LONG_NOTE_S = 6.0  # for what went wrong
PAINTS = (EngineState.ACTIVE, EngineState.REMOTE)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LoopOptions:
    seconds: float | None = None  # how long, from the end of the warm-up; None: until stopped
    warm_up_s: float = 0.0  # after the first painting; not in the figures
    note_s: float = 1.5
    strength_step: float = 0.1
    fade_frames: int = 0  # painted frames from one theme to the next; 0 is a cut
    timeline: Timeline | None = None
    prompt_bar: PromptBar | None = None  # not closed here
    box_mode: BoxMode | None = None  # the same
    on_screenshot: Callable[[np.ndarray], None] = lambda picture: None  # gets a copy; must not block
    poll_notes: Callable[[], list[str]] = list  # notes of others, such as where a screenshot went
    poll_warnings: Callable[[], list[str]] = list  # the same for what went wrong: they stay longer
    on_grab: Sequence[Callable[[Frame], None]] = ()  # see the game's own picture, which is valid until the next one
    poll_commands: Callable[[], list[Command]] = list  # of a remote control
    with_kept_regions: Callable[[Theme], Theme] = lambda theme: theme  # of the game's profile; no work while unchanged
    flash_limiter: FlashProfile = "broadcast"
    opening: str | None = None  # a long note, at the first picture
    on_state: Callable[[str], None] = lambda text: None  # told of every change of state, in words
    on_warm: Callable[[], None] = lambda: None  # called once, when the warm-up ends
    on_end: Callable[[np.ndarray | None], None] = lambda picture: (
        None
    )  # gets the last that the overlay showed, without notes


def run_loop(
    capture: Capture, overlay: Overlay, hotkeys: Hotkeys, sinks: Sequence[Sink], store: ThemeStore, engine: Engine,
    *, clock: Clock | None = None, stop: Callable[[], bool] = lambda: False, options: LoopOptions | None = None,
    status: Status | None = None,
) -> Status:  # fmt: skip
    """Run until the player quits, the game's window is gone, `stop` says so or the time is over; `Status` says which.

    Errors of the capture, the overlay, a sink, or of an engine that cannot start end it as they are. The overlay is
    hidden at the end in any case; nothing that was passed in is closed here.
    """
    clock, options, status = clock or SystemClock(), options or LoopOptions(), status or Status()
    controls = Controls(
        store,
        strength_step=options.strength_step,
        fade_frames=options.fade_frames,
        timeline=options.timeline,
        bar=options.prompt_bar,
        boxes=options.box_mode,
    )
    note = Note(stay_s=options.note_s)
    guard = SelfCaptureGuard()
    bar, boxes = options.prompt_bar, options.box_mode
    sources = [note.shown] if bar is None else [note.shown, bar.shown]
    panels = Panels(*sources) if boxes is None else Panels(*sources, marks=boxes.marks)
    limiter = None if options.flash_limiter == "off" else FlashLimiter(options.flash_limiter, fps=TICK_HZ)
    presenter = Presenter(overlay, sinks, panels, guard, limiter)
    ledger, grab_timer, grace, quality = Ledger(status), GrabTimer(), Grace(), QualityGovernor()
    run = _Run(capture, controls, status, options, stop)
    ticks = Ticks(clock.now_ns())
    try:
        while not (why_over := run.why_over(clock.now_ns())):
            # As late as the engine's own time lets us, take the newest picture of the game and hand it over.
            overlaps = engine.state is EngineState.REMOTE
            clock.sleep_until(grab_timer.grab_ns(ticks.deadline_ns, clock.now_ns(), overlaps=overlaps))
            now_ns = clock.now_ns()
            notes = controls.hear(hotkeys.poll()) + controls.follow(run.playing_ns(now_ns), now_ns)
            notes += options.poll_notes()
            news = engine.poll(clock.now_ns())
            if news.died:
                ledger.lost()
            notes += controls.obey(options.poll_commands())
            engine.configure(
                theme=options.with_kept_regions(controls.theme), view=controls.view, quality=quality.level,
                fade_frames=controls.fade_frames,
            )  # fmt: skip
            region, frame = _grab_and_submit(capture, engine, ledger, guard, clock)
            controls.window_moved(region if frame is not None else None)
            if frame is not None:
                for onlooker in options.on_grab:
                    onlooker(frame)

            # At the tick, show the newest painting, or the game itself.
            clock.sleep_until(ticks.deadline_ns)
            notes += controls.hear(hotkeys.poll())
            painting = _newest(engine, ledger, clock, grace.until_ns(ticks.deadline_ns))
            grace.waited(ticks.deadline_ns, clock.now_ns())
            if painting is not None:
                grab_timer.add(ledger.painted(painting))
                presenter.renew(painting, ledger.grab_began_ns)
            present_ns = clock.now_ns()
            if news.died:
                presenter.engine_died(present_ns)
            elif news.gone:
                presenter.let_go()
            if news.switched:
                presenter.trust_anew()
            run.say(note, notes, news, engine, present_ns, has_picture=frame is not None)
            if controls.takes_panic():
                presenter.withdraw()
            visible = presenter.present(
                frame, region, now_ns=present_ns, on=run.wants_skin, comparing=controls.is_comparing
            )
            shown_ns = clock.now_ns()
            controls.skin_shown(visible, shown_ns)

            # Count it, and choose the quality that keeps the ticks.
            is_well = visible or (presenter.holds_back and run.wants_skin)
            run.note_tick(region, frame, shown_ns, painted=painting is not None, is_well=is_well)
            wanted = frame is not None and run.wants_painting()
            tick = Tick(deadline_ns=ticks.deadline_ns, present_ns=present_ns, shown_ns=shown_ns, painting=painting)
            missed = ledger.tick(tick, visible=visible, wanted=wanted, skipped=ticks.advance(shown_ns))
            ledger.engine(engine, news, quality.level)
            controls.tell(status)
            if run.change_quality(quality, painting, news, missed=missed) or news.died or news.switched:
                grab_timer.forget()
            run.take_screenshot(presenter)
        status.ended_because = why_over
        options.on_end(presenter.last_skin())
    finally:
        ledger.lost()
        note.close()
        with contextlib.suppress(ReskinError):  # a display that is gone must not hide the error that says so
            presenter.withdraw()
    return status


def _grab_and_submit(
    capture: Capture, engine: Engine, ledger: Ledger, guard: SelfCaptureGuard, clock: Clock
) -> tuple[Region | None, Frame | None]:
    """Where the game is seen now, and its newest picture; None for what there is not."""
    began_ns = clock.now_ns()
    region = capture.locate()
    frame = None if region is None or min(region.w, region.h) < MIN_SIDE_PX else capture.grab()
    if region is None or frame is None:
        guard.reset()
        return (region if capture.state is CaptureState.ACTIVE else None), None
    guard.grabbed(frame)
    if engine.is_ready:
        grabbed_ns = clock.now_ns()
        engine.submit(frame)
        ledger.grabbed(
            frame.index, frame.bgra_u8.shape[:2], began_ns=began_ns, grabbed_ns=grabbed_ns, now_ns=clock.now_ns()
        )
    return region, frame


def _newest(engine: Engine, ledger: Ledger, clock: Clock, until_ns: int) -> SharedFrame | None:
    """The newest painting; waits a moment for one that is about to be ready."""
    painting = engine.newest()
    while painting is None and ledger.has_in_flight and engine.state in PAINTS and clock.now_ns() < until_ns:
        clock.sleep_until(min(until_ns, clock.now_ns() + GRACE_STEP_NS))
        painting = engine.newest()
    return painting


class _Run:
    """What lasts longer than one tick and is no stage of it: beginning, ending, and telling the player."""

    def __init__(
        self, capture: Capture, controls: Controls, status: Status, options: LoopOptions, stop: Callable[[], bool]
    ) -> None:
        self._capture = capture
        self._controls = controls
        self._status = status
        self._options = options
        self._stop = stop
        self._first_painting_ns: int | None = None
        self._is_warm = False
        self._engine_note = "Engine starting"
        self._own_note: str | None = None  # to be said at the next tick
        self._warning: str | None = None  # the same, and longer
        self._opening = options.opening  # the same, once there is a picture to lay it over
        self._standing = ""
        self._faults = FaultWatch()

    def why_over(self, now_ns: int) -> str:
        """Empty while the run goes on."""
        seconds = self._options.seconds
        if self._controls.wants_quit:
            return "the player quit"
        if self._stop():
            return "stopped"
        if self._capture.state is CaptureState.LOST:
            return f"{self._capture.name} is gone"
        if seconds is not None and self._is_warm and now_ns - self._status.measured_from_ns >= seconds * 1e9:
            return f"{seconds:g} s are over"
        return ""

    def playing_ns(self, now_ns: int) -> int:
        """Since the first painting; 0 before it."""
        return 0 if self._first_painting_ns is None else now_ns - self._first_painting_ns

    @property
    def wants_skin(self) -> bool:
        return self._controls.is_on and not self._faults.is_black

    def note_tick(
        self, region: Region | None, frame: Frame | None, now_ns: int, *, painted: bool, is_well: bool
    ) -> None:
        """What this tick says of the run's state; the measuring begins when the warm-up is over."""
        if self._first_painting_ns is None and painted:
            self._first_painting_ns = now_ns
        self._watch(region, frame, now_ns, is_well=is_well)
        if self._first_painting_ns is None or self._is_warm:
            return
        if now_ns - self._first_painting_ns >= self._options.warm_up_s * 1e9:
            self._is_warm = True
            self._status.begin_measuring(now_ns)
            self._options.on_warm()

    def wants_painting(self) -> bool:
        """Whether a tick counts that has a picture of the game.

        From the first painting on, be it too old to be shown: an engine that is too slow from the start is missed too.
        """
        return self._first_painting_ns is not None and self.wants_skin and not self._controls.is_comparing

    def _watch(self, region: Region | None, frame: Frame | None, now_ns: int, *, is_well: bool) -> None:
        """The state of the run, for the status; and in words for the player, when something is wrong."""
        facts = Facts(
            capture=self._capture.state, has_picture=frame is not None,
            is_large_enough=region is None or min(region.w, region.h) >= MIN_SIDE_PX,
            is_black=frame is not None and looks_black(frame.bgra_u8),
            engine=self._status.engine, has_painted=self._first_painting_ns is not None,
            standing=self._standing,
            is_on=self._controls.is_on, is_comparing=self._controls.is_comparing, is_well=is_well,
        )  # fmt: skip
        told = self._faults.see(facts, now_ns)
        if told is not None:
            self._warning = told
        if (self._faults.state, self._faults.why) != (self._status.state, self._status.why):
            self._status.state, self._status.why = self._faults.state, self._faults.why
            state = f"{self._status.state.value}: {self._status.why}".removesuffix(": ")
            _log.info("%s", state)
            self._options.on_state(state)

    def say(
        self, note: Note, notes: list[str], news: EngineNews, engine: Engine, now_ns: int, *, has_picture: bool
    ) -> None:
        """Tell the player the last of what there is to tell; while the engine is away, that it is."""
        if news.died:
            self._engine_note = news.notes[-1]
        self._standing = news.standing
        if self._own_note is not None:
            notes, self._own_note = [*notes, self._own_note], None
        warnings = [*([self._warning] if self._warning is not None else []), *news.notes]
        warnings += self._options.poll_warnings()
        self._warning = None
        if self._opening is not None and has_picture:  # last, as the last is what is seen
            warnings, self._opening = [*warnings, self._opening], None
        if warnings:
            note.say(warnings[-1], now_ns, stay_s=LONG_NOTE_S)
        elif notes:
            note.say(notes[-1], now_ns)
        elif engine.state in (EngineState.STARTING, EngineState.DEAD) and not note.is_visible(now_ns):
            note.say(self._engine_note, now_ns, stay_s=LONG_NOTE_S)
        elif engine.state in PAINTS and note.text == self._engine_note:
            note.fade(now_ns)

    def change_quality(
        self, quality: QualityGovernor, painting: SharedFrame | None, news: EngineNews, *, missed: bool
    ) -> bool:
        """True when the engine's frames will take another time from now on."""
        before = quality.level
        if news.died or news.lower_tier:
            quality.died()
        if news.lower_tier and not quality.lower_best():
            self._warning = "The engine keeps failing at its lowest quality; see `reskin doctor`"
        elif self._status.engine is EngineState.ACTIVE:
            engine_ms = painting.stages_ms["engine"] if painting is not None else None
            quality.tick(missed=missed and engine_ms is None, engine_ms=engine_ms)
            if engine_ms is not None and self._faults.engine_took(engine_ms) and quality.give_way():
                self._warning = SLOW
        if quality.level != before:
            _log.info("quality %d, was %d", quality.level, before)
            self._faults.forget_times()
            self._own_note = f"Quality {QUALITY_LEVELS - quality.level} of {QUALITY_LEVELS}"
        return quality.level != before

    def take_screenshot(self, presenter: Presenter) -> None:
        if self._controls.wants_screenshot and (picture := presenter.picture()) is not None:
            self._controls.wants_screenshot = False
            self._options.on_screenshot(picture)
