"""How much of a recording is playable after SIGKILL, and what recording costs the loop.

    python -m tools.bench_recording --seconds 60 [--size 1280x720] [--split] [--suffix .mp4]

A process of its own records a moving picture at 24 fps as the loop would, and is killed. ffprobe then counts the frames
that it can decode. A table for people, one JSON line last for machines; 1 when more than a second is lost.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from engine.cores import usable_cores
from reskin.frame import Frame, Region
from reskin.pace import TICK_HZ, SystemClock, Ticks
from reskin.platforms.fake import FakeCapture
from reskin.sinks.recording import RecordingSink
from reskin.video_encoders import choose_encoder

LOSS_LIMIT_S = 1.0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--suffix", default=".mp4", choices=(".mp4", ".mkv"))
    parser.add_argument("--split", action="store_true")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    w, h = (int(side) for side in given.size.split("x"))
    if given.child is not None:
        record_until_killed(given.child, (w, h), split=given.split)
    with tempfile.TemporaryDirectory(prefix="reskin-recording-") as folder:
        return measure(Path(folder) / f"play{given.suffix}", given)


def record_until_killed(path: Path, size_px: tuple[int, int], *, split: bool) -> None:
    """Prints, a line a tick: seconds recorded, milliseconds that the loop spent on it, of the process's time too."""
    capture, clock = FakeCapture(size_px), SystemClock()
    sink = RecordingSink(path, split=split)
    ticks = Ticks(clock.now_ns())
    began_ns = 0
    while True:
        clock.sleep_until(ticks.deadline_ns)
        frame = capture.grab()
        assert frame is not None
        before_ns = clock.now_ns()
        sink.grabbed(frame)
        sink.show(Frame(frame.index, frame.captured_ns, frame.bgra_u8), Region(0, 0, *size_px))
        after_ns = clock.now_ns()
        began_ns = began_ns or before_ns
        busy_s = sum(os.times()[:2])
        print((after_ns - began_ns) / 1e9, (after_ns - before_ns) / 1e6, busy_s, sink.repeated, flush=True)
        ticks.advance(after_ns)


def measure(path: Path, given: argparse.Namespace) -> int:
    command = [sys.executable, "-m", "tools.bench_recording", "--child", str(path), "--size", given.size]
    child = subprocess.Popen(command + ["--split"] * given.split, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        rows = read_rows(child.stdout, given.seconds)
    except EOFError as error:
        raise SystemExit(f"{error}. It ended by itself, with exit code {child.wait()}; its error is above.") from error
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    playable_s = count_frames(path) / TICK_HZ
    costs_ms = np.array([row[1] for row in rows])
    recorded_s = rows[-1][0]
    w, h = (int(side) for side in given.size.split("x"))
    p50_ms, p95_ms, worst_ms = (round(float(value), 2) for value in np.percentile(costs_ms, (50, 95, 100)))
    found = {
        "size": given.size, "split": given.split, "suffix": given.suffix,
        "encoder": choose_encoder((w, h)).encoder.name,
        "recorded_s": round(recorded_s, 2), "playable_s": round(playable_s, 2),
        "lost_s": round(recorded_s - playable_s, 2), "repeated": int(rows[-1][3]),
        "file_mb": round(path.stat().st_size / 1e6, 1),
        "loop_ms_p50": p50_ms, "loop_ms_p95": p95_ms, "loop_ms_worst": worst_ms,
        "cpu_share": round((rows[-1][2] - rows[0][2]) / (recorded_s - rows[0][0]), 2),  # of one core, encoder included
        "cores": usable_cores(),
    }  # fmt: skip
    for name, value in found.items():
        print(f"{name:14} {value}")
    print(json.dumps(found))
    return 1 if found["lost_s"] > LOSS_LIMIT_S else 0


def read_rows(lines: Iterable[str], seconds: float) -> list[list[float]]:
    """What `record_until_killed` prints, until so much is recorded; EOFError when it says no more before."""
    rows: list[list[float]] = []
    for line in lines:
        rows.append([float(value) for value in line.split()])
        if rows[-1][0] >= seconds:
            return rows
    recorded_s = rows[-1][0] if rows else 0.0
    raise EOFError(f"recording {seconds:g} s: the recording process stopped after {recorded_s:.1f} s")


def count_frames(path: Path) -> int:
    """That ffprobe can decode."""
    command = ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries"]
    done = subprocess.run(
        [*command, "stream=nb_read_frames", "-of", "csv=p=0", str(path)], capture_output=True, text=True, check=True
    )
    return int(done.stdout.split()[0].strip(","))


if __name__ == "__main__":
    sys.exit(main())
