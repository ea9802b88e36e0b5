"""What each stage of a frame costs on one core: `python tools/bench_stages.py`.

Median, p95 and worst of many frames of a moving world, all that the live loop does to one; sums are timed as one span,
not added up. Beside it, two things that a user could pick instead: a plain copy
of the frame (the physical floor) and the model's small picture merely enlarged by OpenCV (no detail, no edges). A table
for people, one JSON line last. For figures worth quoting, run it on an idle machine.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.config import HUD, NANO
from engine.live import WEIGHTS, open_session
from engine.painter_state import PainterState
from engine.refine import Refiner
from engine.stillness import Stillness
from engine.underpaint import LUMA, PaintMaps, Underpainter
from engine.votes import cut_blocks, lay_out_votes
from engine.worlds.samples import dress_clip, trace_clip
from reskin.compose import Composer
from reskin.finish import finish_maps
from reskin.flash_limiter import FlashLimiter
from reskin.keeping import Keeping
from reskin.pace import TICK_NS
from reskin.prepare import prepare
from reskin.themes import find_theme, load_theme

WARM_UP = 5
T = TypeVar("T")


def world_frames(size: tuple[int, int], count: int) -> list[np.ndarray]:
    """(h, w, 4) uint8 frames of one moving shot, enlarged to the window's size."""
    clip = dress_clip(trace_clip(6, NANO.size, count), np.random.default_rng(6))
    pictures = [cv2.resize((frame.rgb * 255).astype(np.uint8), size[::-1]) for frame in clip]
    return [np.dstack([rgb[..., ::-1], np.full(size, 255, np.uint8)]).copy() for rgb in pictures]


def measure(size: tuple[int, int], theme_name: str, frames: int, threads: int) -> dict[str, dict[str, float]]:
    """Stage to p50, p95 and worst in milliseconds."""
    theme = load_theme(find_theme(theme_name))
    style, finish = theme.style(), theme.finish
    reader = open_session(WEIGHTS / "reader.onnx", threads)
    painter = PainterState(open_session(WEIGHTS / "painter.onnx", threads))
    refiner, stillness, underpainter, composer = Refiner(), Stillness(), Underpainter(), Composer()
    keeping, limiter = Keeping(), FlashLimiter()
    spans: dict[str, list[float]] = defaultdict(list)

    def timed(stage: str, run: Callable[..., T], *arguments: Any) -> T:
        began = time.perf_counter()
        result = run(*arguments)
        spans[stage].append((time.perf_counter() - began) * 1e3)
        return result

    def settled(rgb: np.ndarray, materials: np.ndarray) -> np.ndarray:
        return stillness(rgb @ LUMA, refiner(rgb, materials))

    def compose(bgra_u8: np.ndarray, rgb: np.ndarray, maps: PaintMaps) -> None:
        composer.compose(
            bgra_u8, rgb, maps, out, strength=1.0, outline=finish.outline, grain=finish.grain, frame_index=i
        )

    def add_up(span: str, since: float) -> None:
        spans[span].append((time.perf_counter() - since) * 1e3)

    moving = world_frames(size, 24)
    out = np.empty_like(moving[0])
    for i in range(frames + WARM_UP):
        bgra_u8 = moving[i % len(moving)]
        began = time.perf_counter()
        rgb = timed("prepare", prepare, bgra_u8, NANO.size)
        votes = timed("reader", reader.run, None, {"blocks": cut_blocks(rgb)})
        reading = time.perf_counter()
        materials, depth = timed("votes", lay_out_votes, *votes)
        materials = timed("refine", settled, rgb, materials)
        maps = timed("underpaint", underpainter.paint, rgb, materials, depth, style)
        add_up("votes to underpainting", reading)
        maps = timed("painter", painter.paint, rgb, materials, depth, maps, style)
        composing = time.perf_counter()
        maps = timed("finish", finish_maps, maps, finish, rgb @ LUMA)
        timed("blend", compose, bgra_u8, rgb, maps)
        hud = materials[..., HUD]
        timed("keep HUD and text", keeping.apply, bgra_u8, lambda hud=hud: hud, theme.keep, out)
        add_up("compose: finish, blend, keep", composing)
        timed("flash limiter", limiter.apply, out, i * TICK_NS)
        add_up("all of nano", began)
        timed("(a plain copy)", np.copyto, out, bgra_u8)
        small = (maps.evaluate(rgb @ LUMA) * 255).astype(np.uint8)
        timed("(enlarged by OpenCV instead of compose)", cv2.resize, small, size[::-1])
    return {
        stage: {
            "p50": float(np.median(values[WARM_UP:])),
            "p95": float(np.percentile(values[WARM_UP:], 95)),
            "worst": float(np.max(values[WARM_UP:])),
        }
        for stage, values in spans.items()
    }


@click.command(help=__doc__)
@click.option("--theme", default="elden-dusk", show_default=True)
@click.option("--frames", default=120, show_default=True)
@click.option("--threads", default=1, show_default=True, help="Of onnxruntime; all else runs on one core.")
def main(theme: str, frames: int, threads: int) -> None:
    cv2.setNumThreads(1)
    sizes = {"1280x720": (720, 1280), "1920x1080": (1080, 1920)}
    figures = {name: measure(size, theme, frames, threads) for name, size in sizes.items()}
    table = Table(title=f"milliseconds a frame, {platform.machine()}, onnxruntime with {threads} thread(s)")
    table.add_column("stage")
    for name in sizes:
        table.add_column(f"{name}\np50 / p95 / worst", justify="right")
    for stage in figures["1280x720"]:
        cells = (" / ".join(f"{value:.2f}" for value in figures[name][stage].values()) for name in sizes)
        table.add_row(stage, *cells)
    Console().print(table)
    click.echo(json.dumps({"theme": theme, "threads": threads, "stages_ms": figures}))


if __name__ == "__main__":
    main()
