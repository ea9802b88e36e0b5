"""What the flash limiter costs a frame, and what it does to clips that do not flash.

    python -m tools.bench_flash [--footage FOLDER] [--themes neon-rain elden-dusk] [--preset lite]

Times are of one core at 1280x720: calm frames, a full-screen strobe and one over half the screen. Every clip goes
through both profiles, as the game shows it and reskinned; PSNR is against what went in, null where nothing was changed.
A table for people, one JSON line last.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from reskin import engine_renderer
from reskin.flash_count import PROFILES
from reskin.flash_limiter import FlashLimiter
from reskin.renderer import View
from reskin.themes import find_theme, load_theme
from reskin.video import VideoReader
from tools.theme_frames import FOOTAGE

SIZE_HW = (720, 1280)
TICK_NS = 1_000_000_000 // 24
WARM_UP = 24


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--footage", type=Path, default=FOOTAGE, help=f"folder with clips, .mp4 (default: {FOOTAGE})")
    parser.add_argument("--themes", nargs="*", default=["neon-rain", "elden-dusk"],
                        help="ids that clips are reskinned in as well (default: neon-rain elden-dusk)")  # fmt: skip
    parser.add_argument("--preset", default="lite", help="of the engine that reskins them (default: lite)")
    parser.add_argument("--frames", type=int, default=96, help="of each timing and of each clip (default: 96)")
    options = parser.parse_args()
    clips = clips_in(options.footage)
    cv2.setNumThreads(1)
    figures: dict[str, object] = {"size": SIZE_HW, "times_ms": _times(options.frames)}
    figures["psnr_db"] = _clips(clips, options)
    print(json.dumps(figures))


def clips_in(footage: Path) -> list[Path]:
    """By name; SystemExit where there is none."""
    found = sorted(footage.glob("*.mp4"))
    if not found:
        raise SystemExit(
            f"reading clips for the flash limiter: no .mp4 in {footage}. Name another folder with --footage."
        )
    return found


def _times(frames: int) -> dict[str, dict[str, float]]:
    draw = np.random.default_rng(1)
    calm = [draw.integers(90, 130, (*SIZE_HW, 4), dtype=np.uint8) for _ in range(4)]
    whole = [np.full((*SIZE_HW, 4), level, np.uint8) for level in (0, 0, 255, 255)]
    half = [picture.copy() for picture in calm]
    for picture, flash in zip(half, whole, strict=True):
        picture[:, : SIZE_HW[1] // 2] = flash[:, : SIZE_HW[1] // 2]
    found = {}
    for (name, pictures), profile in itertools.product({"calm": calm, "strobe": whole, "half": half}.items(), PROFILES):
        limiter, times_ms = FlashLimiter(profile), []
        for n in range(frames + WARM_UP):
            began_s = time.perf_counter()
            limiter.apply(pictures[n % 4], n * TICK_NS)
            times_ms.append((time.perf_counter() - began_s) * 1000)
        p50, p95, worst = np.percentile(times_ms[WARM_UP:], [50, 95, 100])
        found[f"{name} {profile}"] = {"p50": round(p50, 3), "p95": round(p95, 3), "worst": round(worst, 3)}
        print(f"{name:8} {profile:10} p50 {p50:6.3f}  p95 {p95:6.3f}  worst {worst:6.3f} ms")
    return found


def _clips(clips: list[Path], options: argparse.Namespace) -> dict[str, dict[str, float | int | None]]:
    found = {}
    for path, theme in itertools.product(clips, ["", *options.themes]):
        limiters = {name: FlashLimiter(name) for name in PROFILES}
        errors: dict[str, list[float]] = {name: [] for name in PROFILES}
        for n, picture in enumerate(_pictures(path, theme, options)):
            for name, limiter in limiters.items():
                out = limiter.apply(picture, n * TICK_NS)
                same = out is picture
                errors[name].append(0.0 if same else float(np.square(out.astype(np.float32) - picture).mean()))
        for name, squares in errors.items():
            mean = float(np.mean(squares))
            psnr_db = round(10 * np.log10(255**2 / mean), 1) if mean else None
            changed = sum(square > 0 for square in squares)
            found[f"{path.stem} {theme or 'game'} {name}"] = {"psnr_db": psnr_db, "changed": changed}
            text = "untouched" if psnr_db is None else f"{psnr_db} dB"
            print(f"{path.stem:16} {theme or 'game':12} {name:10} {text}, {changed} of {len(squares)} changed")
    return found


def _pictures(path: Path, theme: str, options: argparse.Namespace) -> Iterator[np.ndarray]:
    """Of a clip, in a theme; each valid until the next."""
    renderer = engine_renderer.create(options.preset) if theme else None
    chosen = load_theme(find_theme(theme)) if theme else None
    with VideoReader(path) as reader:
        for frame in itertools.islice(reader, options.frames):
            if renderer is None or chosen is None:
                yield frame.bgra_u8
                continue
            out = np.empty_like(frame.bgra_u8)
            renderer.render(frame.bgra_u8, chosen, View.THEME, 0, out)
            yield out


if __name__ == "__main__":
    main()
