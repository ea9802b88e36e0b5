"""One run of Reskin on a desktop: opens the parts, runs the loop, closes everything whatever happened.

`run(RunOptions(...))` is what the command line calls. Knows nothing of arguments or terminals: it returns the `Status`
and raises `ReskinError`s. Platform parts are imported when they are needed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import numpy as np

from reskin import platforms
from reskin.errors import CaptureError, ReskinError
from reskin.frame import Region
from reskin.latency import GlassMeter
from reskin.loop import LoopOptions, run_loop
from reskin.platforms.base import Capture, CaptureState, Sink
from reskin.promptness import prompt_thread
from reskin.render import write_picture
from reskin.screenshot import Screenshots
from reskin.settings import Settings
from reskin.status import Status
from reskin.supervisor import Supervisor
from reskin.theme_store import ThemeStore

GAME_START_LIMIT_S = 60.0  # a game that the app starts itself: until its window is there
GAME_END_LIMIT_S = 3.0
_POLL_S = 0.1


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Exactly one of `window`, `region`, `video` and `command` says what is played."""

    window: str | None = None  # an id, a title, or a part of one
    region: Region | None = None  # of the screen
    video: Path | None = None
    command: tuple[str, ...] = ()  # a game to start, and to end with Reskin
    leave_game: bool = False  # such a game runs on when the player quits Reskin
    headless: bool = False  # on a virtual display of its own
    headless_size_px: tuple[int, int] = (1280, 720)  # (width, height) of that display
    theme: str | Path = ""  # "": the settings' own, or the prompt alone where there is one
    prompt: str = ""  # fills in what the theme leaves unsaid
    preset: str = ""  # "": the settings' own
    strength: float | None = None  # None: each theme's own
    engine: str = "reskin.engine_renderer:create_live"  # "module:function"; it is called with the preset
    seconds: float | None = None  # of play, from the first painting and the warm-up on
    warm_up_s: float = 0.0  # played before, and not in the figures
    shot: Path | None = None  # the last picture shown, as PNG
    record: Path | None = None  # everything shown, as a video
    measure: bool = False  # glass to glass, with a game that draws a marker
    settings: Settings = field(default_factory=Settings)


def run(
    options: RunOptions, *, stop: Callable[[], bool] = lambda: False, status: Status | None = None,
    on_warm: Callable[[Supervisor], None] = lambda engine: None,
    on_end: Callable[[Supervisor], None] = lambda engine: None,
) -> Status:  # fmt: skip
    """Play until the player quits, the game ends, `stop` says so, Ctrl-C or SIGTERM comes, or the time is over."""
    status = status or Status()
    settings = options.settings
    preset = options.preset or settings.preset
    last_picture: list[np.ndarray | None] = []
    with contextlib.ExitStack() as parts:
        signals = parts.enter_context(_signals())
        if options.headless:
            parts.enter_context(_virtual_display(options.headless_size_px))
        theme = options.theme or ("" if options.prompt else settings.theme)
        loader = parts.enter_context(ThreadPoolExecutor(1, "themes"))
        store = ThemeStore.open(theme, prompt=options.prompt, strength=options.strength, loader=loader)
        engine = Supervisor(options.engine, (preset,), carries_marker=options.measure)
        parts.callback(engine.close)
        engine.poll(time.monotonic_ns())  # begins to load while the rest is opened
        capture = _open_capture(options, parts)
        overlay = platforms.open_overlay(capture, only_in_front=settings.overlay.only_in_front)
        parts.callback(overlay.close)
        hotkeys = platforms.open_hotkeys(settings.hotkeys.chords())
        parts.callback(hotkeys.close)
        screenshots = Screenshots(settings.screenshot_folder())
        parts.callback(screenshots.close)
        sinks = _open_sinks(options, parts)
        meter = _open_meter(capture, parts) if options.measure else None

        def warm() -> None:
            if meter is not None:
                meter.begin()
            on_warm(engine)

        parts.enter_context(prompt_thread())
        screenshots.tell(*getattr(hotkeys, "notes", ()))
        signals.only_stop = True
        run_loop(
            capture, overlay, hotkeys, sinks, store, engine, status=status,
            stop=lambda: stop() or signals.stopped,
            options=LoopOptions(
                seconds=options.seconds, warm_up_s=options.warm_up_s, note_s=settings.overlay.note_s,
                strength_step=settings.overlay.strength_step, on_screenshot=screenshots.take,
                poll_notes=screenshots.notes, on_warm=warm, on_end=last_picture.append,
            ),
        )  # fmt: skip
        on_end(engine)
        if meter is not None:
            status.glass = meter.finish()
    if options.shot is not None:
        _write_shot(options.shot, last_picture[0])
    return status


def _open_capture(options: RunOptions, parts: contextlib.ExitStack) -> Capture:
    given = [value for value in (options.window, options.region, options.video, options.command) if value]
    if len(given) != 1:
        raise CaptureError(
            f"opening the game: got {len(given)} of window, region, video and command, expected exactly one. "
            "`reskin windows` lists the windows."
        )
    if options.command:
        there_before = {window.id for window in platforms.list_windows()}
        game = parts.enter_context(_game(options.command, leave=options.leave_game))
        capture = _wait_for_window_of(game, there_before)
    elif options.region is not None:
        capture = platforms.open_region(options.region)
    elif options.video is not None:
        from reskin.video_capture import VideoCapture

        capture = VideoCapture(options.video)
    else:
        capture = platforms.open_window(str(options.window))
    parts.callback(capture.close)
    return capture


def _open_sinks(options: RunOptions, parts: contextlib.ExitStack) -> list[Sink]:
    if options.record is None:
        return []
    from reskin.sinks.recording import RecordingSink

    sink = RecordingSink(options.record)
    parts.callback(sink.close)
    return [sink]


def _open_meter(capture: Capture, parts: contextlib.ExitStack) -> GlassMeter:
    region = capture.locate()
    if region is None:
        raise CaptureError(
            f"measuring the latency of {capture.name}: its window cannot be seen. Bring it to the front."
        )
    meter = GlassMeter(region)
    parts.callback(meter.close)
    return meter


@contextlib.contextmanager
def _virtual_display(size_px: tuple[int, int]) -> Iterator[None]:
    from reskin.virtual_display import VirtualDisplay

    before = os.environ.get("DISPLAY")
    with VirtualDisplay(size_px) as display:
        os.environ["DISPLAY"] = display.name
        try:
            yield
        finally:
            if before is None:
                del os.environ["DISPLAY"]
            else:
                os.environ["DISPLAY"] = before


@contextlib.contextmanager
def _game(command: tuple[str, ...], *, leave: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """A game that begins with us, and ends with us unless it is left; Ctrl-C reaches us alone, not its session."""
    own_group = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # what Windows has for a session
    try:
        game = subprocess.Popen(command, start_new_session=True, creationflags=own_group)
    except OSError as error:
        raise CaptureError(f"starting the game {command[0]}: {error.strerror}. Check the command.") from error
    try:
        yield game
    finally:
        if not leave:
            _end(game)
        elif game.poll() is None:
            game.returncode = 0  # left on purpose: nobody will wait for it


def _end(game: subprocess.Popen[bytes]) -> None:
    game.terminate()
    try:
        game.wait(GAME_END_LIMIT_S)
    except subprocess.TimeoutExpired:
        game.kill()
        game.wait()


def _wait_for_window_of(game: subprocess.Popen[bytes], there_before: set[int]) -> Capture:
    """A launcher that ends in peace has started the game as another program: then any new window is taken for its."""
    deadline_s = time.monotonic() + GAME_START_LIMIT_S
    while time.monotonic() < deadline_s:
        if game.poll():
            raise CaptureError(f"starting the game: it ended at once with exit status {game.returncode}.")
        windows = [
            window
            for window in platforms.list_windows()
            if window.pid == game.pid or (game.returncode == 0 and window.id not in there_before)
        ]
        if windows:
            capture = platforms.open_window(str(windows[-1].id))
            if capture.state is CaptureState.ACTIVE:
                return capture
            capture.close()
        time.sleep(_POLL_S)
    raise CaptureError(
        f"starting the game: no window of process {game.pid} after {GAME_START_LIMIT_S:.0f} s. "
        "If it starts another program, start it yourself and name its window; `reskin windows` lists them."
    )


class _Signals:
    """What Ctrl-C and SIGTERM do: end the loop at its next tick; before it and a second time, unwind at once."""

    def __init__(self) -> None:
        self.only_stop = False
        self.stopped = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        if self.stopped or not self.only_stop:
            raise KeyboardInterrupt
        self.stopped = True


@contextlib.contextmanager
def _signals() -> Iterator[_Signals]:
    signals = _Signals()
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, signals.handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _write_shot(path: Path, picture: np.ndarray | None) -> None:
    if picture is None:
        raise ReskinError(f"writing the picture {path}: nothing was shown. Play longer, or see `reskin doctor`.")
    write_picture(path, picture[..., :3])
