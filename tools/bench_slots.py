"""How long a step takes for 1, 2, 4 ... sessions at once, and what a session's video costs: the table slots come from.

    python -m tools.bench_slots --preset nano                                   # on this machine's CPU
    python -m tools.bench_slots --preset small --table steps.json               # adds what it measured to the table
    python -m tools.capacity --table steps.json --device "NVIDIA H200"          # and what that means for many players

The renderer is the one that `reskin serve` plays its sessions with, in this process; each session paints its own clip.
Times are bytes to bytes, of the whole batch. Video is one core's time for decoding and encoding a frame (H.264, 720p
unless said). A table for people, one JSON line last. Run it alone on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from aiortc.jitterbuffer import JitterFrame
from rich.console import Console
from rich.table import Table

from reskin.serve import codecs
from reskin.serve.batch import BatchRenderer, Job
from reskin.serve.cluster.engines import TRIED_BATCHES, device_name
from reskin.serve.cluster.slots import FPS, Line, Times, limits, slots
from reskin.serve.engines import open_engine
from reskin.serve.session import FrameLook
from reskin.theme_store import ThemeStore

WARM_UP = 5
CLIPS = ("extremetuxracer", "supertux")


def read_clip(path: Path, frames: int, size: tuple[int, int]) -> list[np.ndarray]:
    """The first frames as BGRA of (h, w)."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            bgr = cv2.resize(frame.to_ndarray(format="bgr24"), size[::-1], interpolation=cv2.INTER_AREA)
            found.append(cv2.cvtColor(bgr, cv2.COLOR_BGR2BGRA))
            if len(found) == frames:
                break
    return found


def time_steps(renderer: BatchRenderer, clips: list[list[np.ndarray]], look: FrameLook, batch: int,
               frames: int) -> list[float]:  # fmt: skip
    """Milliseconds of each step of so many sessions, each with a clip and a beginning of its own."""
    spans = []
    for at in range(frames + WARM_UP):
        now_ns = time.monotonic_ns()
        jobs = []
        for session in range(batch):
            clip = clips[session % len(clips)]
            jobs.append(Job(f"session {session}", clip[(at + 7 * session) % len(clip)], look, now_ns))
        begin_s = time.perf_counter()
        done = renderer.render_many(jobs)
        spans.append((time.perf_counter() - begin_s) * 1e3)
        if failed := [each.error for each in done if each.bgra_u8 is None]:
            raise SystemExit(f"stepping {batch} sessions: {failed[0]}")
    return spans[WARM_UP:]


def time_video(clip: list[np.ndarray]) -> list[float]:
    """Milliseconds of a frame on one core: into YUV, encoded, decoded, and back into BGRA."""
    h, w = clip[0].shape[:2]
    encoder = codecs.X264()._open(w, h, codecs.most_bits(h, w))
    decoder = codecs.BoundedDecoder("h264")
    spans = []
    for at, bgra_u8 in enumerate(clip):
        begin_s = time.perf_counter()
        frame = codecs.to_yuv(bgra_u8)
        frame.pts = at * 3750
        for packet in encoder.encode(frame):
            for decoded in decoder.decode(JitterFrame(bytes(packet), at * 3750)):
                codecs.to_bgra(decoded)
        spans.append((time.perf_counter() - begin_s) * 1e3)
    return spans[WARM_UP:]


def memory() -> dict[str, int]:
    """Of the device, in bytes: what is free now. Nothing on a CPU."""
    if "torch" not in sys.modules or not sys.modules["torch"].cuda.is_available():
        return {}
    return {"free_bytes": int(sys.modules["torch"].cuda.mem_get_info()[0])}


def measure(arguments: argparse.Namespace) -> Line:
    w, h = (int(side) for side in arguments.window.split("x"))
    clips = [read_clip(arguments.footage / f"{name}.mp4", arguments.frames + WARM_UP, (h, w)) for name in CLIPS]
    look = FrameLook(theme=ThemeStore.open(arguments.theme).current, theme_id=arguments.theme)
    renderer = open_engine(arguments.preset, arguments.threads)
    try:
        time_steps(renderer, clips, look, 1, 1)
        free = memory()
        batches = {}
        for batch in arguments.batches:
            spans = time_steps(renderer, clips, look, batch, arguments.frames)
            p50, p95 = np.percentile(spans, [50, 95])
            batches[batch] = Times(p95=float(p95), p50=float(p50), worst=max(spans))  # type: ignore[call-arg]
        used = free.get("free_bytes", 0) - memory().get("free_bytes", 0)
        more = max(arguments.batches) - 1
        each = {"session_bytes": max(1, used // more), **free} if free and more > 0 and used > 0 else {}
    finally:
        renderer.close()
    encode_ms = float(np.percentile(time_video(clips[0]), 95))
    return Line.model_validate({"batches": batches, "encode_ms": encode_ms, "cores": os.cpu_count(), **each})


def show(console: Console, line: Line, name: str, frames: int) -> None:
    table = Table("sessions at once", "p50", "p95", "worst", "a session")
    for batch, times in sorted(line.batches.items()):
        more = times.model_extra or {}
        table.add_row(str(batch), f"{more['p50']:.2f} ms", f"{times.p95:.2f} ms", f"{more['worst']:.2f} ms",
                      f"{times.p95 / batch:.2f} ms")  # fmt: skip
    console.print(f"{name}, {frames} steps each", highlight=False)
    console.print(table)
    console.print(f"video: {line.encode_ms:.2f} ms a frame of one core at p95, {line.cores} cores", highlight=False)
    bounds = limits(line)
    told = ", ".join(f"{what} {count}" for what, count in bounds.items())
    fits = slots(line) if min(bounds.values()) > 0 else 0
    console.print(f"slots at {FPS:g} frames a second: {fits} ({told})", highlight=False)


def add_to(path: Path, device: str, preset: str, window: str, line: dict[str, Any]) -> None:
    table = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    table.setdefault(device, {}).setdefault(preset, {})[window] = line
    path.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="nano")
    parser.add_argument("--threads", type=int, default=1, help="of an engine on a CPU")
    parser.add_argument("--window", default="1280x720")
    parser.add_argument("--batches", type=int, nargs="+", default=list(TRIED_BATCHES[:5]))
    parser.add_argument("--frames", type=int, default=96)
    parser.add_argument("--theme", default="neon-rain")
    parser.add_argument("--footage", type=Path, default=Path("../shared/footage"))
    parser.add_argument("--table", type=Path, help="what was measured goes in here, beside what is there")
    arguments = parser.parse_args()
    line = measure(arguments)
    device = device_name()
    show(Console(width=100), line, f"{device}, {arguments.preset}, {arguments.window}", arguments.frames)
    found = line.model_dump(mode="json", exclude_none=True)
    if arguments.table is not None:
        add_to(arguments.table, device, arguments.preset, arguments.window, found)
    place = {"device": device, "preset": arguments.preset, "window": arguments.window}
    print(json.dumps({"what": "slots", **place, **found, "limits": limits(line)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
