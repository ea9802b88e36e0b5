"""The bench of theme changes presses what it says, and counts what really came in."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from reskin.controls import Controls
from reskin.platforms.fake import FakeHotkeys
from reskin.prompt_bar import PromptBar
from reskin.settings import Settings
from tests.loop.fakes import two_themes
from tools import bench_changes

PLAY_LIMIT_S = 20.0


def test_both_runs_are_played_and_the_second_one_with_themes_and_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_changes, "KEY_S", 0.0)
    seen: list[set[str]] = []

    def play(begin: Callable[[], None], keys: FakeHotkeys | None, bar: PromptBar | None) -> dict[str, object]:
        controls = Controls(two_themes(), bar=bar)
        shown: set[str] = set()
        begin()
        end_s = time.monotonic() + PLAY_LIMIT_S
        while keys is not None and len(shown) < 4 and time.monotonic() < end_s:
            controls.hear(keys.poll())
            controls.follow(0, 0)
            shown.add(controls.theme.name)
            time.sleep(0.002)
        seen.append(shown)
        return {"game": "fake", "size": "1x1", "engine": "none", "missed": len(seen)}

    still, changed, count = bench_changes.play_twice(play, 0.2, Settings(), fake=True)
    assert (still["missed"], changed["missed"]) == (1, 2)
    assert seen[0] == set()
    assert {"Red", "Blue"} <= seen[1]
    assert len(seen[1]) == 4
    assert count["prompts"] >= count["prompts taken in"] >= 2
    assert count["themes"] >= 2
