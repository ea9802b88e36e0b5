"""What each sink costs the loop: the demo on a virtual screen, alone and with every sink in turn, ticks and lateness.

    python -m tools.bench_sinks --seconds 20 [--size 1280x720] [--only window recording]

A table for people, one JSON line last for machines. Nothing else should run on the machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from reskin.app import RunOptions, run

WARM_UP_S = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--preset", default="lite")
    parser.add_argument("--engine", default=RunOptions.engine, help="tests.loop.stand_ins:quick leaves the engine out")
    parser.add_argument("--only", nargs="*", default=[])
    given = parser.parse_args()
    w, h = (int(side) for side in given.size.split("x"))
    game = (sys.executable, "-m", "reskin.demo.game", "--size", given.size)
    found = []
    with tempfile.TemporaryDirectory(prefix="reskin-sinks-") as folder:
        video = Path(folder) / "play.mp4"
        kinds: dict[str, dict[str, Any]] = {
            "none": {},
            "window": {"output_window": True},
            "recording": {"record": video},
            "split": {"record": video, "record_split": True},
        }
        print(f"{'sink':10} {'fps':>6} {'missed':>7} {'lateness p50 p95':>17} {'latency p50 p95':>16}  failures")
        for kind, options in kinds.items():
            if given.only and kind not in given.only:
                continue
            status = run(
                RunOptions(
                    command=game, headless=True, headless_size_px=(w, h), preset=given.preset, engine=given.engine,
                    seconds=given.seconds, warm_up_s=WARM_UP_S, **options,
                )
            )  # fmt: skip
            late_ms = [round(status.lateness_ms.percentile(percent), 2) for percent in (50, 95)]
            age_ms = [round(status.latency_ms.percentile(percent), 1) for percent in (50, 95)]
            found.append({
                "sink": kind, "fps": round(status.fps, 2), "missed_share": round(status.missed_share, 4),
                "lateness_ms": late_ms, "latency_ms": age_ms, "failures": status.failures,
            })  # fmt: skip
            print(
                f"{kind:10} {status.fps:6.2f} {status.missed_share:7.2%} {late_ms[0]:8} {late_ms[1]:8} "
                f"{age_ms[0]:7} {age_ms[1]:8}  {'; '.join(status.failures) or '-'}"
            )
    machine = {"size": given.size, "seconds": given.seconds, "preset": given.preset, "engine": given.engine}
    print(json.dumps({**machine, "sinks": found}))


if __name__ == "__main__":
    main()
