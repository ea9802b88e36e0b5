"""Kills Reskin by SIGKILL at random moments and looks for what it left behind: there must be nothing.

    python -m tools.kill_storm --times 50

Each time a `reskin run` on the demo is started and killed between its first moment and some seconds of play; then no
process of it, no overlay window, no shared memory by name or of System V, no temporary file and no changed setting (of
Reskin, of the keyboard, the pointer and the screen saver) may be there. A line for each that fails, then JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from reskin.platforms.x11.connection import XConnection
from reskin.platforms.x11.windows import OVERLAY_CLASS
from tools.chaos import DemoDesktop

GONE_LIMIT_S = 15.0  # an engine that is still importing looks for its parent when it is done
MARK = "RESKIN_KILL_STORM"  # in the environment of all that a run starts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--within-s", type=float, default=8.0, help="after its start")
    parser.add_argument("--preset", default="lite")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    found: dict[str, list[str]] = {}
    played, slowest_s = 0, 0.0
    with tempfile.TemporaryDirectory(prefix="reskin-storm-") as folder, DemoDesktop() as desktop:
        home = Path(folder)
        for n in range(options.times):
            after_s = draw.uniform(0.05, options.within_s)
            mark = uuid.uuid4().hex
            before = _state(home, desktop)
            has_played = _run_and_kill(desktop, home, mark, after_s, options.preset)
            played += has_played
            killed_s = time.monotonic()
            left = _left_behind(before, home, desktop, mark)
            gone_s = time.monotonic() - killed_s
            slowest_s = max(slowest_s, gone_s)
            when = "playing" if has_played else "starting"
            print(f"{n + 1:3} killed after {after_s:4.1f} s, {when}: {left or f'all gone after {gone_s:.2f} s'}")
            if left:
                found[f"{n + 1} after {after_s:.2f} s"] = left
    figures = {"times": options.times, "while_playing": played, "slowest_gone_s": round(slowest_s, 2)}
    print(json.dumps({"passes": not found, **figures, "left_behind": found}))
    return 1 if found else 0


def _run_and_kill(desktop: DemoDesktop, home: Path, mark: str, after_s: float, preset: str) -> bool:
    """Whether the overlay was up when it was killed."""
    command = [sys.executable, "-m", "reskin", "run", str(desktop.window.id), "--preset", preset]
    environment = {**os.environ, "RESKIN_HOME": str(home), "TMPDIR": str(home / "tmp"), MARK: mark}
    (home / "tmp").mkdir(exist_ok=True)
    app = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after_s)
    has_played = bool(_overlays(desktop))
    app.send_signal(signal.SIGKILL)
    app.wait()
    return has_played


def _left_behind(before: Mapping[str, str], home: Path, desktop: DemoDesktop, mark: str) -> list[str]:
    end_s = time.monotonic() + GONE_LIMIT_S
    while True:
        now = _state(home, desktop)
        left = [f"{name}: {before[name]!r} became {now[name]!r}" for name in before if now[name] != before[name]]
        left += [f"process {pid}" for pid in _processes(mark)]
        if not left or time.monotonic() > end_s:
            return left
        time.sleep(0.05)


def _state(home: Path, desktop: DemoDesktop) -> dict[str, str]:
    once = {"flash-sentence-shown"}  # written after the first run with a skin, and meant to stay, as is the log
    files = [
        path for path in home.rglob("*") if path.is_file() and path.name not in once and path.parent != home / "log"
    ]
    return {
        "overlay windows": str(_overlays(desktop)),
        "named shared memory": " ".join(sorted(name for name in os.listdir("/dev/shm") if "reskin" in name)),
        "System V memory": _owned_by_nobody(),
        "files": str(sorted((str(path), path.stat().st_mtime_ns) for path in files)),
        "X settings": subprocess.run(
            ["xset", "-display", desktop.name, "q"], capture_output=True, text=True, check=False
        ).stdout.partition("DPMS")[0],
        "keyboard": subprocess.run(
            ["setxkbmap", "-display", desktop.name, "-query"], capture_output=True, text=True, check=False
        ).stdout,
    }


def _owned_by_nobody() -> str:
    """Segments of System V to which no process is attached: that is what a crash leaves."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return " ".join(sorted(fields[1] for fields in map(str.split, lines) if fields[6] == "0"))


def _overlays(desktop: DemoDesktop) -> list[int]:
    x = XConnection(desktop.name)
    try:
        windows = x.core.QueryTree(x.root).reply().children
        return [window for window in windows if x.property_text(window, "WM_CLASS").startswith(OVERLAY_CLASS)]
    finally:
        x.close()


def _processes(mark: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:  # it has ended, or is not ours
            continue
    return found


if __name__ == "__main__":
    sys.exit(main())
