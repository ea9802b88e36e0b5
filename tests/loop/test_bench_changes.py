"""The bench of theme changes presses what it says, counts what really came in, and claims no more than its spread."""

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
from tools.bench_changes import COMPARED, Difference, Figures

PLAY_LIMIT_S = 20.0


def figures(missed: int, ticks: int = 1000) -> Figures:
    return {**dict.fromkeys(COMPARED, 0), "game": "fake", "size": "1x1", "engine": "none", "ticks": ticks,
            "missed": missed, "missed_share": missed / ticks}  # fmt: skip


def test_pairs_take_turns_and_one_of_each_has_themes_and_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_changes, "KEY_S", 0.0)
    seen: list[set[str]] = []

    def play(begin: Callable[[], None], keys: FakeHotkeys | None, bar: PromptBar | None) -> Figures:
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
        return figures(len(seen))

    runs, count = bench_changes.play_pairs(play, 2, 0.2, Settings(), fake=True)
    assert [(still["missed"], changed["missed"]) for still, changed in runs] == [(1, 2), (4, 3)]
    assert seen[0] == seen[3] == set()
    for shown in seen[1:3]:
        assert {"Red", "Blue"} <= shown
        assert len(shown) == 4
    assert count["prompts"] >= count["prompts taken in"] >= 4
    assert count["themes"] >= 4


def test_a_difference_has_the_mean_and_the_standard_error_of_the_pairs() -> None:
    found = Difference.of([(1.0, 2.0), (1.0, 4.0), (3.0, 4.0), (2.0, 5.0)])  # 1, 3, 1, 3
    assert found.mean == pytest.approx(2.0)
    assert found.error == pytest.approx((4 / 3) ** 0.5 / 2)
    assert found.is_told  # 2.0 against 3.18 * 0.577


@pytest.mark.parametrize(
    ("without", "with_changes", "said"),
    [
        ((26, 4, 10, 18), (10, 12, 6, 20), "no difference can be told"),  # what one run of each called a gain
        ((0, 0, 0, 0), (0, 0, 0, 0), "no difference can be told"),
        ((10, 12, 9, 11), (31, 31, 30, 30), "costs 2.00 points"),
        ((31, 31, 30, 30), (10, 12, 9, 11), "with changes 2.00 points fewer are missed"),
    ],
)
def test_the_verdict_is_of_all_pairs(without: tuple[int, ...], with_changes: tuple[int, ...], said: str) -> None:
    runs = [(figures(still), figures(changed)) for still, changed in zip(without, with_changes, strict=True)]
    assert bench_changes.verdict(bench_changes.differences(runs)["missed_share"]) == said
    table = bench_changes.compare(runs, {"themes": 4})
    assert table.row_count == len(COMPARED)
    assert "4 runs of each: 4 themes" in str(table.title)
