"""`reskin demo` as a player starts it: the game, a virtual display, the loop, and nothing left behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import cv2
import numpy as np

from reskin.app import RunOptions, run


def _game_processes() -> set[int]:
    """Demo games that are running."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"reskin.demo.game" in line:
                found.add(int(entry.name))
    return found


def test_the_demo_runs_headless_and_leaves_a_picture_and_nothing_else(tmp_path: Path) -> None:
    before = _game_processes()
    shot = tmp_path / "shot.png"
    screen = os.environ.get("DISPLAY")
    status = run(
        RunOptions(
            command=(sys.executable, "-m", "reskin.demo.game", "--size", "640x360"), headless=True,
            headless_size_px=(640, 360), theme="neon-rain", engine="tests.loop.stand_ins:quick", seconds=1.2, shot=shot,
        )
    )  # fmt: skip
    assert status.ticks >= 24
    picture = cv2.imread(str(shot))
    assert picture is not None
    assert picture.shape == (360, 640, 3)
    assert np.std(picture) > 15
    assert _game_processes() == before
    assert os.environ.get("DISPLAY") == screen
