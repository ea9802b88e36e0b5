"""One run of Reskin on a desktop: opens the parts, runs the loop, closes everything whatever happened.

`run(RunOptions(...))` is what the command line calls. Knows nothing of arguments or terminals: it returns the `Status`
and raises `ReskinError`s. Platform parts are imported when they are needed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from reskin import platforms
from reskin.box_mode import open_box_mode
from reskin.engine_link import Engine
from reskin.errors import CaptureError, ProfileError, ReskinError, ThemeError
from reskin.frame import Region
from reskin.game_window import open_named, open_started, started
from reskin.glass_meter import GlassMeter
from reskin.gpu_presets import require_preset
from reskin.heap import hold_little
from reskin.loop import LoopOptions, run_loop
from reskin.picture_file import check_picture_path, write_picture
from reskin.platforms.base import Capture
from reskin.profiles import GameProfile
from reskin.prompt_bar import open_bar
from reskin.remote_control import Command, RemoteControl
from reskin.remote_engine.address import EngineAddress
from reskin.renderer import LIVE_ENGINE
from reskin.screenshot import Screenshots
from reskin.seeking_capture import SEEK_S
from reskin.settings import Settings
from reskin.sinks.opened import OpenedSinks
from reskin.sinks.shield import Shield
from reskin.status import Status
from reskin.supervisor import Supervisor
from reskin.theme_store import ThemeStore
from reskin.themes import Theme
from reskin.timeline import Timeline
from reskin.timely_thread import timely_thread


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
    fade_frames: int | None = None  # from one theme to the next; None: the settings' own
    timeline: Timeline | None = None  # which theme is shown when
    engine: str = LIVE_ENGINE  # "module:function"; it is called with the preset
    engine_address: EngineAddress | None = None  # a server that paints; the engine above while it is silent
    seconds: float | None = None  # of play, from the first painting and the warm-up on
    warm_up_s: float = 0.0  # played before, and not in the figures
    shot: Path | None = None  # the last picture shown, as PNG
    record: Path | None = None  # everything shown, as a video
    record_split: bool = False  # with the game's own picture beside it
    warnings: tuple[str, ...] = ()  # told to the player at the start
    virtual_camera: bool = False  # what is shown as a webcam, for other programs
    output_window: bool = False  # what is shown in a second, ordinary window too
    obs: bool = False  # serve the pages for OBS; also when the settings say so
    tell: Callable[[str], None] = lambda text: None  # gets what the player should read, such as the links for OBS
    measure: bool = False  # glass to glass, with a game that draws a marker
    seek_s: float = SEEK_S  # for a game whose window has closed: how long its next one is looked for
    on_state: Callable[[str], None] = lambda text: None  # told of every change of state, in words
    opening: str | None = None  # what the player is told over the first picture
    settings: Settings = field(default_factory=Settings)


def run(
    options: RunOptions, *, stop: Callable[[], bool] = lambda: False, status: Status | None = None,
    on_warm: Callable[[Any], None] = lambda engine: None,
    on_end: Callable[[Any], None] = lambda engine: None,
) -> Status:  # fmt: skip
    """Play until the player quits, the game ends, `stop` says so, Ctrl-C or SIGTERM comes, or the time is over."""
    hold_little()
    status = status or Status()
    settings = options.settings
    if options.shot is not None:
        check_picture_path(options.shot)
    preset = options.preset or settings.preset
    require_preset(preset)  # here, since in the engine's process it would fail three times before the run ends with it
    last_picture: list[np.ndarray | None] = []
    with contextlib.ExitStack() as parts:
        signals = parts.enter_context(_signals())
        if options.headless:
            parts.enter_context(_virtual_display(options.headless_size_px))
        engine = _engine(options, preset)
        parts.callback(engine.close)
        engine.poll(time.monotonic_ns())  # begins to load while the rest is opened
        capture = _open_capture(options, parts)
        profile = GameProfile.of(capture.title)
        loader = parts.enter_context(ThreadPoolExecutor(1, "themes"))
        store = _open_store(options, profile, loader)
        overlay = platforms.open_overlay(capture, only_in_front=settings.overlay.only_in_front)
        parts.callback(overlay.close)
        hotkeys = platforms.open_hotkeys(settings.hotkeys.chords())
        parts.callback(hotkeys.close)
        screenshots = Screenshots(settings.screenshot_folder())
        parts.callback(screenshots.close)
        shield, remote = Shield(status.failures, options.warnings), RemoteControl()
        opened = _open_sinks(options, parts, shield, capture, status=status, store=store, remote=remote)
        meter = _open_meter(capture, parts) if options.measure else None
        # Opened last, so closed first: the keyboard and the mouse are the game's while a recording is being finished.
        bar = open_bar(settings.hotkeys.prompt, loader)
        if bar is not None:
            parts.callback(bar.close)
        boxes = open_box_mode(settings.hotkeys.keep_box, profile, loader)
        if boxes is not None:
            parts.callback(boxes.close)

        def warm() -> None:
            if meter is not None:
                meter.begin()
            on_warm(engine)

        def commands() -> list[Command]:
            opened.listen()
            return remote.poll()

        def with_kept_regions(theme: Theme) -> Theme:
            nonlocal profile
            if capture.title != profile.title:
                # Another window of the game, such as the one after its splash. Of its profile only the regions come
                # now: theme and strength stay, since the player may have chosen others meanwhile.
                profile = profile.of_next(capture.title)
                if boxes is not None:
                    boxes.turn_to(profile)
            return profile.with_kept_regions(theme)

        parts.enter_context(timely_thread())
        screenshots.tell(*hotkeys.notes)
        signals.only_stop = True
        run_loop(
            capture, overlay, hotkeys, opened.sinks, store, engine, status=status,
            stop=lambda: stop() or signals.stopped,
            options=LoopOptions(
                seconds=options.seconds, warm_up_s=options.warm_up_s, note_s=settings.overlay.note_s,
                strength_step=settings.overlay.strength_step, on_screenshot=screenshots.take,
                fade_frames=settings.overlay.fade_frames if options.fade_frames is None else options.fade_frames,
                timeline=options.timeline, prompt_bar=bar, box_mode=boxes,
                poll_notes=lambda: profile.notes() + screenshots.notes(), poll_warnings=shield.notes,
                poll_commands=commands, on_grab=opened.onlookers, with_kept_regions=with_kept_regions,
                flash_limiter=settings.safety.flash_limiter, opening=options.opening, on_state=options.on_state,
                on_warm=warm, on_end=last_picture.append,
            ),
        )  # fmt: skip
        hotkeys.close()  # the panic key ends what does not answer: not a recording that is being finished
        on_end(engine)
        if meter is not None:
            status.glass = meter.finish()
    if options.shot is not None:
        _write_shot(options.shot, last_picture[0])
    return status


def _engine(options: RunOptions, preset: str) -> Engine:
    """A process of its own, or two: one that talks to a server, and this machine's engine for when that is silent."""
    own = Supervisor(options.engine, (preset,), carries_marker=options.measure)
    if options.engine_address is None:
        return own
    from reskin.remote_engine.engine import RemoteEngine
    from reskin.remote_engine.fallback import FallbackEngine

    remote = RemoteEngine(options.engine_address, carries_marker=options.measure)
    return FallbackEngine(remote, own if options.engine_address.fallback == "local" else None)


def _open_capture(options: RunOptions, parts: contextlib.ExitStack) -> Capture:
    given = [value for value in (options.window, options.region, options.video, options.command) if value]
    if len(given) != 1:
        raise CaptureError(
            f"opening the game: got {len(given)} of window, region, video and command, expected exactly one. "
            "`reskin windows` lists the windows."
        )
    if options.command:
        there_before = {window.id for window in platforms.list_windows()}
        game = parts.enter_context(started(options.command, leave=options.leave_game))
        capture = open_started(game, there_before, seek_s=options.seek_s)
    elif options.region is not None:
        capture = platforms.open_region(options.region)
    elif options.video is not None:
        from reskin.video_capture import VideoCapture

        capture = VideoCapture(options.video)
    else:
        capture = open_named(str(options.window), seek_s=options.seek_s)
    parts.callback(capture.close)
    return capture


def _open_store(options: RunOptions, profile: GameProfile, loader: Executor) -> ThemeStore:
    """What the player asks for comes before the game's profile, and that before the settings."""
    theme = options.theme or ("" if options.prompt else profile.theme or options.settings.theme)
    strength = profile.strength if options.strength is None else options.strength
    try:
        return ThemeStore.open(theme, prompt=options.prompt, strength=strength, loader=loader)
    except ThemeError as error:
        if profile.theme and theme == profile.theme and not options.theme:
            raise ProfileError(f"profile {profile.path} cannot be used: theme: {error}") from error
        raise


def _open_sinks(
    options: RunOptions, parts: contextlib.ExitStack, shield: Shield, capture: Capture, *, status: Status,
    store: ThemeStore, remote: RemoteControl,
) -> OpenedSinks:  # fmt: skip
    opened = OpenedSinks(shield, parts)
    if options.record is not None:
        opened.recording(options.record, split=options.record_split)
    if options.output_window:
        opened.window()
    if options.virtual_camera:
        opened.camera()
    stream = options.settings.stream
    if options.obs or stream.obs:
        options.tell(opened.stream(stream, capture.locate(), status=status, store=store, remote=remote))
    return opened


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


class _Signals:
    """What Ctrl-C and SIGTERM do: end the loop at its next tick; before it and a second time, unwind at once.

    Ctrl-Z does nothing: it would leave the last picture standing over the game, and nobody to hear the panic key.
    """

    def __init__(self) -> None:
        self.only_stop = False
        self.stopped = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        if self.stopped or not self.only_stop:
            raise KeyboardInterrupt
        self.stopped = True


def _ending_signals() -> list[signal.Signals]:
    """Also a terminal's closing, by its names on Linux and on Windows, unless somebody has it ignored (nohup)."""
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    there = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return [number for number in there if number is signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN]


@contextlib.contextmanager
def _signals() -> Iterator[_Signals]:
    signals = _Signals()
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, signals.handle) for number in _ending_signals()}
        if hasattr(signal, "SIGTSTP"):  # ignored also by the processes that are started from now on
            before[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _write_shot(path: Path, picture: np.ndarray | None) -> None:
    if picture is None:
        raise ReskinError(f"writing the picture {path}: nothing was shown. Play longer, or see `reskin doctor`.")
    write_picture(path, picture[..., :3])
