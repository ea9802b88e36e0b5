"""Measures Reskin as a player would have it: `python tools/bench.py live --seconds 60 --game demo --size 1280x720`.

A table for people, then one line of JSON. Nothing is assumed: pictures per second are counted, lateness is the start of
each present against its deadline, and glass to glass is read back from the screen by a process of its own. With
`--game fake` there is no display, and "glass" is the moment when the fake overlay has its copy.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reskin.app import RunOptions, run
from reskin.doctor import processor
from reskin.errors import ReskinError
from reskin.frame import Frame, Region
from reskin.glass_meter import GlassReport
from reskin.loop import LoopOptions, run_loop
from reskin.marker import NUMBER_LIMIT, is_carried, read_marker
from reskin.pace import TICK_HZ
from reskin.platforms.fake import FakeCapture, FakeHotkeys, FakeOverlay
from reskin.prompt_bar import PromptBar
from reskin.settings import Settings
from reskin.status import Status
from reskin.supervisor import Supervisor
from reskin.theme_store import ThemeStore
from reskin.timely_thread import timely_thread

WARM_UP_S = 5.0  # after the first painting: compiling, caches, the first guesses of the grab's time
FAKE_GAME_HZ = 60.0
FRAME_PX = 64  # of a virtual screen more than the game's window: the window manager's frame


@dataclass
class Machine:
    """Resident memory of the app and the engine's process together (what they share is counted in both), and the share
    of the cores' time that a virtual machine's host took away meanwhile: ticks are missed for that too."""

    start_mb: float = float("nan")
    end_mb: float = float("nan")
    stolen_share: float = float("nan")
    pids: list[int] = field(default_factory=list)
    on_begin: Callable[[], None] = lambda: None
    _start_ticks: tuple[int, int] = (0, 0)

    def begin(self, engine: Supervisor) -> None:
        self.pids = [os.getpid(), *([engine.pid] if engine.pid else [])]
        self.start_mb = self._now_mb()
        self._start_ticks = _core_ticks()
        self.on_begin()

    def end(self) -> None:
        self.end_mb = self._now_mb()
        stolen, total = (now - then for now, then in zip(_core_ticks(), self._start_ticks, strict=True))
        self.stolen_share = stolen / total if total else float("nan")

    def _now_mb(self) -> float:
        return sum(_rss_mb(pid) for pid in self.pids) if self.pids else float("nan")


def _core_ticks() -> tuple[int, int]:
    """Stolen and all ticks of all cores since the start of the machine; zeros where there is no /proc."""
    try:
        values = [int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except OSError:
        return 0, 0
    return values[7], sum(values)


def _rss_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return float("nan")  # no /proc here, or the engine was replaced
    return float(next(line for line in lines.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


class GlassOverlay(FakeOverlay):
    """A fake overlay that reads the marker of what it is shown, as the meter does from a real screen."""

    def __init__(self, game: FakeCapture, started_ns: int) -> None:
        super().__init__()
        self.latencies_ms: list[int] = []
        self.looks = self.unread = 0
        self._game = game
        self._started_ns = started_ns
        self._last: int | None = None

    def show(self, frame: Frame, region: Region) -> None:
        super().show(frame, region)
        number = read_marker(frame.bgra_u8) if is_carried(frame.bgra_u8) else None
        self.looks += 1
        self.unread += number is None
        if number is not None and number != self._last:
            game_frame = (time.monotonic_ns() - self._started_ns) * self._game.fps / 1e9
            self.latencies_ms.append(round((game_frame - number) % NUMBER_LIMIT / self._game.fps * 1000))
            self._last = number

    def forget(self) -> None:
        self.latencies_ms, self.looks, self.unread = [], 0, 0


def play_fake(
    options: RunOptions, size_px: tuple[int, int], machine: Machine, *, keys: FakeHotkeys | None = None,
    bar: PromptBar | None = None, status: Status | None = None,
) -> Status:  # fmt: skip
    started_ns = time.monotonic_ns()
    game = FakeCapture(size_px, fps=FAKE_GAME_HZ)
    overlay = GlassOverlay(game, started_ns)
    engine = Supervisor(options.engine, (options.preset,), carries_marker=True)

    def warm() -> None:
        overlay.forget()
        machine.begin(engine)

    try:
        with timely_thread():
            status = run_loop(
                game, overlay, keys or FakeHotkeys(), [], ThemeStore.open(options.theme), engine, status=status,
                options=LoopOptions(
                    seconds=options.seconds, warm_up_s=options.warm_up_s, on_warm=warm, prompt_bar=bar,
                    fade_frames=options.settings.overlay.fade_frames, on_end=lambda picture: machine.end(),
                ),
            )  # fmt: skip
    finally:
        engine.close()
    status.glass = GlassReport.of(overlay.latencies_ms, overlay.looks, overlay.unread)
    return status


def play_demo(options: RunOptions, machine: Machine, status: Status | None = None) -> Status:
    return run(options, status=status, on_warm=machine.begin, on_end=lambda engine: machine.end())


def figures(
    status: Status, options: RunOptions, size_px: tuple[int, int], game: str, machine: Machine
) -> dict[str, object]:
    """What the last line holds."""
    late, glass = status.lateness_ms, status.glass
    return {
        "fps": round(status.fps, 3),
        "missed_share": round(status.missed_share, 5),
        "lateness_p50_ms": round(late.percentile(50), 3),
        "lateness_p95_ms": round(late.percentile(95), 3),
        "lateness_worst_ms": round(late.percentile(100), 3),
        "stages": {
            name: {"p50": round(times.percentile(50), 3), "p95": round(times.percentile(95), 3)}
            for name, times in status.stages_ms.items()
        },
        "g2g_p50_ms": glass.p50_ms if glass and glass.count else None,
        "g2g_p95_ms": glass.p95_ms if glass and glass.count else None,
        "g2g_p99_ms": glass.p99_ms if glass and glass.count else None,
        "g2g_count": glass.count if glass else 0,
        "g2g_unread_share": round(glass.unread_share, 4) if glass else None,
        "rss_start_mb": round(machine.start_mb, 1),
        "rss_end_mb": round(machine.end_mb, 1),
        "stolen_share": round(machine.stolen_share, 4),
        "engine": status.engine_name,
        "size": f"{size_px[0]}x{size_px[1]}",
        "game": game,
        "theme": str(options.theme),
        "preset": options.preset,
        "seconds": options.seconds,
        "warm_up_s": options.warm_up_s,
        "ticks": status.ticks,
        "missed": status.missed,
        "missed_by": dict(status.missed_by),
        "stood_still_s": round(status.stood_still / TICK_HZ, 2),
        "times_of_last_frames": len(status.latency_ms),
        "grabbed": status.grabbed,
        "shown": status.shown,
        "dropped": {
            "overtaken": status.dropped_overtaken, "hidden": status.dropped_hidden, "engine": status.dropped_engine,
        },
        "quality": status.quality,
        "drift": status.drift._asdict(),
        "engine_deaths": status.engine_deaths,
        "engine_errors": status.engine_errors,
        "cpu": processor(),
        "cores": os.cpu_count(),
        "load_1min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }  # fmt: skip


def table(found: dict[str, object], status: Status) -> Table:
    shown = Table(title=f"{found['game']} {found['size']}, {found['engine']}, theme {found['theme']}", show_lines=False)
    for heading in ("", "median", "p95", "worst"):
        shown.add_column(heading, justify="left" if not heading else "right")
    times = {"lateness": status.lateness_ms, "grab to shown": status.latency_ms, **status.stages_ms}
    for name, values in times.items():
        shown.add_row(f"{name} ms", *(f"{values.percentile(percent):.2f}" for percent in (50, 95, 100)))
    shown.add_section()
    glass = status.glass
    if glass is not None:
        shown.add_row("glass to glass ms", f"{glass.p50_ms:.0f}", f"{glass.p95_ms:.0f}", f"p99 {glass.p99_ms:.0f}")
    shown.add_section()
    shown.add_row("pictures a second", f"{status.fps:.2f}")
    shown.add_row("ticks missed", f"{status.missed_share:.2%}", f"{status.missed} of {status.ticks}")
    shown.add_row("missed by", ", ".join(f"{count} {why}" for why, count in status.missed_by.most_common(3)))
    shown.add_row("stood still s", f"{status.stood_still / TICK_HZ:.1f}", "not counted as missed")
    shown.add_row("times are of", f"{len(status.latency_ms)} frames", "the last ones")
    shown.add_row("frames dropped", f"{status.dropped} of {status.grabbed}")
    shown.add_row("memory MB", f"{found['rss_start_mb']}", f"{found['rss_end_mb']}", "start, end")
    shown.add_row("cores stolen by the host", f"{found['stolen_share']:.2%}")
    shown.add_row("drift: colour, sharpness", f"{status.drift.color:.3f}", f"{status.drift.sharpness:.2f}",
                  f"anchored {status.drift.anchored}")  # fmt: skip
    shown.add_row("quality level", f"{status.quality}", f"deaths {status.engine_deaths}")
    return shown


def _parse_size_px(context: click.Context, parameter: click.Parameter, text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if match is None:
        raise click.BadParameter(f"got {text!r}, expected WIDTHxHEIGHT such as 1280x720")
    return int(match[1]), int(match[2])


def _parse_sizes_px(
    context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> list[tuple[int, int]]:
    return [_parse_size_px(context, parameter, text) for text in texts]


def _demo_command(size_px: tuple[int, int]) -> tuple[str, ...]:
    return (sys.executable, "-m", "reskin.demo.game", "--size", f"{size_px[0]}x{size_px[1]}", "--marker")


@click.group()
def bench() -> None:
    """Measure Reskin on this machine."""


@bench.command()
@click.option("--seconds", default=60.0, show_default=True, help="Measured time, after the warm-up.")
@click.option("--warm-up", "warm_up_s", default=WARM_UP_S, show_default=True, help="Seconds played before.")
@click.option("--game", type=click.Choice(["demo", "fake"]), default="demo", show_default=True)
@click.option("--size", "size_px", default="1280x720", show_default=True, callback=_parse_size_px)
@click.option("--theme", default=Settings().theme, show_default=True)
@click.option("--preset", default=Settings().preset, show_default=True)
@click.option("--headless", is_flag=True, help="A virtual display even where there is a real one.")
@click.option("--engine", default=RunOptions.engine, show_default=True, help="module:function that makes the renderer.")
@click.option("--shot", type=click.Path(path_type=Path), help="Save the last picture (demo only).")
def live(
    seconds: float, warm_up_s: float, game: str, size_px: tuple[int, int], theme: str, preset: str, headless: bool,
    engine: str, shot: Path | None,
) -> None:  # fmt: skip
    """The whole loop: pace, misses, stages, glass to glass, memory."""
    options = RunOptions(
        command=_demo_command(size_px), headless=headless or not os.environ.get("DISPLAY"),
        headless_size_px=(size_px[0] + FRAME_PX, size_px[1] + FRAME_PX), theme=theme,
        preset=preset, engine=engine, seconds=seconds, warm_up_s=warm_up_s, measure=True, shot=shot,
        settings=Settings.model_validate({"overlay": {"note_s": 0}}),
    )  # fmt: skip
    machine = Machine()
    try:
        status = play_fake(options, size_px, machine) if game == "fake" else play_demo(options, machine)
    except ReskinError as error:
        raise click.ClickException(str(error)) from error
    found = figures(status, options, size_px, game, machine)
    Console().print(table(found, status))
    print(json.dumps(found))


@bench.command()
@click.option("--seconds", default=60.0, show_default=True, help="Measured time of each run.")
@click.option("--warm-up", "warm_up_s", default=WARM_UP_S, show_default=True, help="Seconds played before.")
@click.option("--pairs", type=click.IntRange(min=4), default=4, show_default=True, help="Runs of each kind, in turn.")
@click.option("--every", "every_s", default=4.0, show_default=True, help="Seconds between two changes.")
@click.option("--game", type=click.Choice(["demo", "fake"]), default="demo", show_default=True)
@click.option("--size", "size_px", default="1280x720", show_default=True, callback=_parse_size_px)
@click.option("--theme", default=Settings().theme, show_default=True)
@click.option("--preset", default=Settings().preset, show_default=True)
@click.option("--fade", "fade_frames", default=Settings().overlay.fade_frames, show_default=True)
@click.option("--engine", default=RunOptions.engine, show_default=True, help="module:function that makes the renderer.")
def changes(
    seconds: float, warm_up_s: float, pairs: int, every_s: float, game: str, size_px: tuple[int, int], theme: str,
    preset: str, fade_frames: int, engine: str,
) -> None:  # fmt: skip
    """Ticks missed while themes change and prompts are typed, beside the same runs without."""
    from tools.bench_changes import Played, compare, differences, play_pairs, verdict, where
    from tools.bench_misses import TimedStatus

    options = RunOptions(
        command=_demo_command(size_px), headless=True, headless_size_px=(size_px[0] + FRAME_PX, size_px[1] + FRAME_PX),
        theme=theme, preset=preset, engine=engine, seconds=seconds, warm_up_s=warm_up_s,
        settings=Settings.model_validate({"overlay": {"fade_frames": fade_frames}}),
    )  # fmt: skip

    def play(begin: Callable[[], None], keys: FakeHotkeys | None, bar: PromptBar | None) -> Played:
        machine, status = Machine(on_begin=begin), TimedStatus()
        if game == "fake":
            play_fake(options, size_px, machine, keys=keys, bar=bar, status=status)
        else:
            play_demo(options, machine, status)
        return Played(figures=figures(status, options, size_px, game, machine), missed_ns=status.missed_ns,
                      measured=(status.measured_from_ns, status.measured_until_ns))  # fmt: skip

    try:
        runs, count = play_pairs(play, pairs, every_s, options.settings, fake=game == "fake")
    except ReskinError as error:
        raise click.ClickException(str(error)) from error
    apart = differences(runs)
    found = verdict(apart["missed_share"])
    Console().print(compare(runs, count))
    print(f"share of ticks missed: {found}\nticks missed a second: {where(runs)}")
    without, with_them = ([pair[kind] for pair in runs] for kind in (0, 1))
    print(json.dumps({
        "without": without, "with": with_them, "changes": count, "verdict": found,
        "differences": {name: {"mean": each.mean, "standard_error": each.error} for name, each in apart.items()},
    }))  # fmt: skip


@bench.command()
@click.option("--preset", "presets", multiple=True, type=click.Choice(["small", "base"]), default=["small", "base"],
              show_default=True)  # fmt: skip
@click.option("--size", "sizes_px", multiple=True, default=["1280x720", "1920x1080"], callback=_parse_sizes_px,
              help="Of the game's window, WxH; may be given again.")  # fmt: skip
@click.option(
    "--backend",
    "backends",
    multiple=True,
    default=["eager", "compiled", "cudagraph", "cudagraph+pdl", "megakernel"],
    show_default=True,
)
@click.option("--frames", default=300, show_default=True, help="10000 also shows whether memory grows.")
@click.option("--device", default="cuda", show_default=True, help="cpu: eager alone, to see that it runs.")
@click.option("--table", type=click.Path(path_type=Path, dir_okay=False),
              help="The table that auto goes by.  [default: the engine's own; none with --device cpu]")  # fmt: skip
def gpu(presets: tuple[str, ...], sizes_px: list[tuple[int, int]], backends: tuple[str, ...], frames: int,
        device: str, table: Path | None) -> None:  # fmt: skip
    """Frames on a GPU, bytes to bytes: every backend and preset, the floor, and what one would take instead."""
    from tools.bench_gpu_report import report  # torch: not for the other commands

    report(presets, sizes_px, backends, frames, device, table)


if __name__ == "__main__":
    bench()
