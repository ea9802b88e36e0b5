"""The page's bench without a page: what it makes of the counts, and of pictures and their times."""

from __future__ import annotations

import base64
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import numpy as np
import pytest

from reskin.errors import VideoError
from reskin.marker import MARKER_H_PX, MARKER_W_PX, draw_marker
from tools import bench_page, page_clients
from tools.bench_page import CLIP_S, COUNTS, PROBE, Seen, switch_themes, watch
from tools.page_clients import write_camera

FPS = 24


class SlowPage:
    """Receives 24 pictures a second by a clock that goes on while it answers, seconds for some questions."""

    now_s = 0.0

    def evaluate(self, script: str, *_: object) -> dict[str, Any]:
        self.now_s += {COUNTS: 2.0, PROBE: 1.0}.get(script, 0.25)
        if script == COUNTS:
            return {"received": round(FPS * self.now_s)}
        return {"original": [], "skin": [], "gaps": [], "own": 0, "rate": ""}

    def wait_for_timeout(self, ms: float) -> None:
        self.now_s += ms / 1000


def test_rates_are_over_the_time_between_the_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    page, server = SlowPage(), SimpleNamespace(status=lambda: {"sessions": [{}]})
    monkeypatch.setattr(bench_page, "time", SimpleNamespace(monotonic=lambda: page.now_s))
    seen = watch(page, server, 10)  # type: ignore[arg-type]
    assert seen.places["browser receives"] / seen.counted_s == pytest.approx(FPS, rel=0.01)
    assert seen.counted_s > 12


def shown(number: int, *times_ms: float) -> list[tuple[float, str, int]]:
    """What the probe notes of a picture that is shown at these times."""
    corner = np.zeros((MARKER_H_PX, MARKER_W_PX, 4), np.uint8)
    draw_marker(corner, number)
    return [(at_ms, base64.b64encode(corner.tobytes()).decode(), 0) for at_ms in times_ms]


def test_latency_is_from_the_first_time_that_an_original_is_shown() -> None:
    """The painting of 7 comes between the camera's second and third showing of 7, that of 8 before its second."""
    seen = Seen()
    seen.add({"original": [*shown(7, 0, 17, 60), *shown(8, 42, 90)], "skin": [*shown(7, 50, 67), *shown(8, 85)]})
    seen.add({"original": shown(8, 1001), "skin": shown(9, 1010)})  # 9 was never seen
    assert seen.latencies_ms == [50, 43]
    assert seen.numbers == [7, 8]


def test_the_next_loop_of_the_clip_has_its_own_first_time() -> None:
    seen, loop_ms = Seen(), 1000 * CLIP_S
    for begin_ms in (0.0, loop_ms, 2 * loop_ms):
        seen.add({"original": shown(0, begin_ms, begin_ms + 30), "skin": shown(0, begin_ms + 40)})
        seen.add({"original": shown(1, begin_ms + 42), "skin": shown(1, begin_ms + 92)})
    assert seen.latencies_ms == pytest.approx([40, 50] * 3)


def test_a_figure_is_never_of_a_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_clients, "FOOTAGE", tmp_path)
    (tmp_path / "other.mp4").touch()
    camera = tmp_path / "camera.y4m"
    with pytest.raises(VideoError, match=r"'supertux'.*Clips there: other"):
        write_camera(camera, (64, 48), 0.1)
    assert not camera.exists()


def test_a_picture_that_a_theme_does_not_change_is_an_error_and_no_figure() -> None:
    """As of an engine that paints nothing: what changed is the game's own."""
    page = SimpleNamespace(evaluate=lambda script, asked: (3000.0, 5.0), wait_for_timeout=lambda ms: None)
    with pytest.raises(click.ClickException, match="moved by 5 levels"):
        switch_themes(page, 3)  # type: ignore[arg-type]
