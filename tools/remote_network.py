"""The remote engine over ways of different length: what comes back, how soon, and how good it looks.

The demo's walk is played at 24 Hz into the engine that `reskin run --engine` uses, without a screen. Rate, latency and
stalls are of what that engine gives to be shown; what the server's paintings look like is taken as they are received,
shown or not: every so often one is compared with the one that this machine makes of the same frame. For
tools/bench_remote.py.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from reskin.demo.stream import demo_frames
from reskin.engine_renderer import create_live
from reskin.frame import Frame
from reskin.pace import TICK_HZ, SystemClock, Ticks
from reskin.remote_engine.address import EngineAddress, read_address
from reskin.remote_engine.engine import RemoteEngine
from reskin.remote_engine.fallback import FallbackEngine, Source
from reskin.renderer import Renderer, TintRenderer, View
from reskin.shared_frames import SharedFrame
from reskin.themes import find_theme, load_theme
from tools.far_network import FarNetwork, Way
from tools.remote_server import TINT, ServerProcess

SIZE = (360, 640)  # (h, w)
THEME = "elden-dusk"
WARM_S = 3.0
CONNECT_LIMIT_S = 20.0
COMPARED_EVERY = 6  # paintings
LUMA_BGR = np.array([0.114, 0.587, 0.299], np.float32)


class Clip:
    """Frames of the demo's walk, and what this machine paints of each."""

    def __init__(self, preset: str, seconds: float) -> None:
        count = int((WARM_S + seconds + 1) * TICK_HZ)
        self.frames = list(islice(demo_frames(SIZE, 1 / TICK_HZ), count))
        self.theme = load_theme(find_theme(THEME))
        self.painted = self._paint(TintRenderer() if preset == TINT else create_live(preset))

    def _paint(self, renderer: Renderer) -> list[np.ndarray]:
        painted = []
        for frame in self.frames:
            out = np.empty_like(frame)
            renderer.render(frame, self.theme, View.THEME, 0, out)
            painted.append(out[..., :3].copy())
        return painted


@dataclass(kw_only=True)
class Crossing:
    """What one way was like."""

    way: str
    fps: float  # shown
    received_fps: float  # from the server, also what was not shown
    latency_p50_ms: float
    latency_p95_ms: float
    longest_stall_ms: float
    untouched_share: float  # of ticks at which, without an own engine, the game itself was shown
    db_p50: float  # to the local painting; 4:2:0 alone leaves 34 of the demo
    luma_db_p50: float
    db_p5: float
    up_mbit: float
    down_mbit: float
    connections: int

    def row(self) -> list[str]:
        return [
            self.way, f"{self.fps:.1f}", f"{self.received_fps:.1f}", f"{self.latency_p50_ms:.0f} ms",
            f"{self.latency_p95_ms:.0f} ms", f"{self.longest_stall_ms:.0f} ms", f"{self.untouched_share:.1%}",
            f"{self.db_p50:.1f} dB", f"{self.luma_db_p50:.1f} dB", f"{self.up_mbit:.2f}", f"{self.down_mbit:.2f}",
            str(self.connections),
        ]  # fmt: skip

    def json(self) -> dict[str, object]:
        return {key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(self).items()}


class WatchedEngine(RemoteEngine):
    """Notes every painting of the server as it is taken, also one that is not shown."""

    def __init__(self, address: EngineAddress) -> None:
        super().__init__(address)
        self.came: list[tuple[int, int, np.ndarray | None]] = []  # when, of which frame, every so often its picture

    def newest(self) -> SharedFrame | None:
        painting = super().newest()
        if painting is not None:
            is_compared = len(self.came) % COMPARED_EVERY == 0
            picture = painting.bgra_u8[..., :3].copy() if is_compared else None
            self.came.append((time.monotonic_ns(), painting.index, picture))
        return painting


@dataclass
class Play:
    submitted_ns: dict[int, int] = field(default_factory=dict)  # by the frame's index
    shown: list[tuple[int, int]] = field(default_factory=list)  # when, of which frame
    untouched: int = 0
    ticks: int = 0
    began_ns: int = 0
    ended_ns: int = 0
    sent: tuple[int, int] = (0, 0)
    connections: int = 0

    def take(self, engine: FallbackEngine, now_ns: int) -> None:
        """What a tick shows; before `began_ns` is set it counts for nothing."""
        painting = engine.newest()
        if not self.began_ns:
            return
        self.ticks += 1
        self.untouched += engine.source is not Source.SERVER
        if painting is not None:
            self.shown.append((now_ns, painting.index))

    @property
    def elapsed_s(self) -> float:
        return (self.ended_ns - self.began_ns) / 1e9

    @property
    def fps(self) -> float:
        return len(self.shown) / self.elapsed_s

    @property
    def longest_stall_ms(self) -> float:
        """The begin and the end are marks: a picture that never comes is a stall too."""
        return float(np.diff([self.began_ns, *(at for at, _ in self.shown), self.ended_ns]).max()) / 1e6

    def latency_ms(self, percent: float) -> float:
        latencies_ms = [(at - self.submitted_ns[index]) / 1e6 for at, index in self.shown]
        return float(np.percentile(latencies_ms, percent)) if latencies_ms else float("nan")


def cross(
    ways: Sequence[Way], clip: Clip, *, preset: str, seconds: float, home: Path, mbits: tuple[float, float]
) -> list[Crossing]:
    with FarNetwork() as far:
        arguments = ("--slots", "1", "--link-sessions", "2", "--mbit", str(mbits[1]), "--theme", THEME)
        with ServerProcess(home, preset=preset, host=far.address, prefix=far.prefix, arguments=arguments) as server:
            far.shape(Way())
            address = read_address(server.link, fallback="game", mbit=mbits[0])
            _cross(Way(), clip, far, address, min(seconds, 4.0))  # its engine paints its first frames slowly
            return [_cross(way, clip, far, address, seconds) for way in ways]


def _cross(way: Way, clip: Clip, far: FarNetwork, address: EngineAddress, seconds: float) -> Crossing:
    far.shape(way)
    remote = WatchedEngine(address)
    engine = FallbackEngine(remote, None)
    try:
        play = _play(engine, remote, clip, far, seconds)
    finally:
        far.shape(Way())
        engine.close()
    came = [one for one in remote.came if play.began_ns <= one[0] <= play.ended_ns]
    compared = [(picture, clip.painted[index]) for _, index, picture in came if picture is not None]
    quality_db = [psnr(*pair) for pair in compared]
    luma_db = [psnr(*(picture @ LUMA_BGR for picture in pair)) for pair in compared]
    up, down = (now - then for now, then in zip(far.bytes_sent_and_received(), play.sent, strict=True))
    return Crossing(
        way=way.name, fps=play.fps, received_fps=len(came) / play.elapsed_s, latency_p50_ms=play.latency_ms(50),
        latency_p95_ms=play.latency_ms(95), longest_stall_ms=play.longest_stall_ms,
        untouched_share=play.untouched / max(1, play.ticks), db_p50=float(np.median(quality_db or [np.nan])),
        luma_db_p50=float(np.median(luma_db or [np.nan])),
        db_p5=float(np.percentile(quality_db or [np.nan], 5)), up_mbit=up * 8e-6 / play.elapsed_s,
        down_mbit=down * 8e-6 / play.elapsed_s, connections=play.connections,
    )  # fmt: skip


def _play(engine: FallbackEngine, remote: RemoteEngine, clip: Clip, far: FarNetwork, seconds: float) -> Play:
    """The clip from its start, at ticks; it begins when the server takes frames."""
    clock, play = SystemClock(), Play()
    limit_ns = clock.now_ns() + int(CONNECT_LIMIT_S * 1e9)
    while not remote.is_ready and clock.now_ns() < limit_ns:
        engine.poll(clock.now_ns())
        engine.configure(theme=clip.theme, view=View.THEME, quality=0)
        time.sleep(0.02)
    ticks = Ticks(clock.now_ns())
    was_ready = False
    for index, frame in enumerate(clip.frames):
        engine.poll(clock.now_ns())
        engine.configure(theme=clip.theme, view=View.THEME, quality=0)
        play.connections += remote.is_ready and not was_ready
        was_ready = remote.is_ready
        if engine.is_ready:
            play.submitted_ns[index] = clock.now_ns()
            engine.submit(Frame(index, clock.now_ns(), frame))
        clock.sleep_until(ticks.deadline_ns)
        now_ns = clock.now_ns()
        play.take(engine, now_ns)
        if index == int(WARM_S * TICK_HZ):
            play.began_ns, play.sent = now_ns, far.bytes_sent_and_received()
        if play.began_ns and now_ns - play.began_ns >= seconds * 1e9:
            break
        ticks.advance(now_ns)
    play.ended_ns = clock.now_ns()
    return play


def psnr(picture: np.ndarray, reference: np.ndarray) -> float:
    error = np.mean((picture.astype(np.float32) - reference.astype(np.float32)) ** 2)
    return float(10 * np.log10(255**2 / max(float(error), 1e-3)))
