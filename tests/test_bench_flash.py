"""The flash limiter's bench, with a limiter and a clock that are made up."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from reskin.flash_count import PROFILES
from tools import bench_flash
from tools.bench_flash import WARM_UP
from tools.theme_frames import FOOTAGE


def test_the_warm_up_counts_for_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now_s=0.0)

    class Warming:
        """The first frames take 50 ms, the others 2."""

        def __init__(self, profile: str) -> None:
            self.frames = 0

        def apply(self, bgra_u8: np.ndarray, time_ns: int) -> np.ndarray:
            clock.now_s += 0.050 if self.frames < WARM_UP else 0.002
            self.frames += 1
            return bgra_u8

    monkeypatch.setattr(bench_flash, "FlashLimiter", Warming)
    monkeypatch.setattr(bench_flash, "SIZE_HW", (8, 8))
    monkeypatch.setattr(bench_flash, "time", SimpleNamespace(perf_counter=lambda: clock.now_s))
    found = bench_flash._times(3)
    assert len(found) == 3 * len(PROFILES)
    for figures in found.values():
        assert figures == {"p50": 2.0, "p95": 2.0, "worst": 2.0}


def test_a_folder_without_clips_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=rf"no \.mp4 in {tmp_path}.*--footage"):
        bench_flash.clips_in(tmp_path)
    for name in ("b.mp4", "a.mp4", "c.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in bench_flash.clips_in(tmp_path)] == ["a.mp4", "b.mp4"]


def test_every_option_says_what_it_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["bench_flash", "--help"])
    with pytest.raises(SystemExit):
        bench_flash.main()
    told = " ".join(capsys.readouterr().out.split())
    assert str(FOOTAGE).replace(" ", "") in told.replace(" ", "")
    assert told.count("(default: ") == 4
