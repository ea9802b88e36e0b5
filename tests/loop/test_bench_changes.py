"""The bench of theme changes presses what it says, counts what really came in, and claims no more than its spread."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from reskin.controls import Controls
from reskin.pace import TICK_NS
from reskin.platforms.fake import FakeHotkeys
from reskin.prompt_bar import PromptBar
from reskin.settings import Settings
from tests.loop.fakes import two_themes
from tools import bench_changes
from tools.bench_changes import COMPARED, Difference, Figures, Played, where
from tools.bench_misses import Share, TimedStatus, near_and_elsewhere

PLAY_LIMIT_S = 20.0


def figures(missed: int, ticks: int = 1000) -> Figures:
    return {**dict.fromkeys(COMPARED, 0), "game": "fake", "size": "1x1", "engine": "none", "ticks": ticks,
            "missed": missed, "missed_share": missed / ticks}  # fmt: skip


def played(missed: int, missed_ns: list[int], seconds: float) -> Played:
    now_ns = time.monotonic_ns()
    return Played(figures=figures(missed), missed_ns=missed_ns, measured=(now_ns - int(seconds * 1e9), now_ns))


def test_pairs_take_turns_and_one_of_each_has_themes_and_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_changes, "KEY_S", 0.0)
    seen: list[set[str]] = []

    def play(begin: Callable[[], None], keys: FakeHotkeys | None, bar: PromptBar | None) -> Played:
        began_s = time.monotonic()
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
        missed_ns = [time.monotonic_ns()] * (keys is not None)
        return played(len(seen), missed_ns, time.monotonic() - began_s)

    runs, count = bench_changes.play_pairs(play, 2, 0.2, Settings(), fake=True)
    assert [(still["missed"], changed["missed"]) for still, changed in runs] == [(1, 2), (4, 3)]
    assert seen[0] == seen[3] == set()
    for still, changed in runs:
        assert still["near"] == {"missed": 0, "seconds": 0.0}
        assert changed["near"]["missed"] == 1  # type: ignore[index]
        assert changed["near"]["seconds"] > 0.1  # type: ignore[index]
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


def test_what_is_missed_lies_near_a_change_or_elsewhere() -> None:
    s = 1_000_000_000
    changes = [(10 * s, 10 * s), (10 * s + s // 2, 11 * s), (20 * s, 23 * s), (59 * s, 70 * s), (1 * s, 2 * s)]
    missed_ns = [s, 9 * s, 10 * s, 12 * s, 12 * s + 1, 21 * s, 24 * s, 40 * s, 59 * s + 1, 61 * s]
    near, elsewhere = near_and_elsewhere(missed_ns, changes, (5 * s, 60 * s))
    assert near == Share(missed=5, seconds=2 + 4 + 1)
    assert elsewhere == Share(missed=3, seconds=55 - 7)


def test_a_status_knows_when_ticks_were_missed_and_spreads_those_of_a_stall() -> None:
    status = TimedStatus()
    status.missed += 0
    status.missed += 1
    status.begin_measuring(time.monotonic_ns())
    status.missed += 3
    assert status.missed == 3
    assert len(status.missed_ns) == 4, "that of the warm-up too: it lies before what is measured"
    stall = status.missed_ns[1:]
    assert stall[2] - stall[1] == stall[1] - stall[0] == TICK_NS
    assert stall[2] >= status.measured_from_ns


def test_a_stall_elsewhere_is_not_blamed_on_a_change() -> None:
    still = {**figures(0), "elsewhere": {"missed": 3, "seconds": 60.0}}
    changed = {**figures(30), "near": {"missed": 1, "seconds": 20.0}, "elsewhere": {"missed": 29, "seconds": 40.0}}
    assert where([(still, changed)] * 2) == (
        "0.050 (2 in 40 s) within a second of a change, 0.725 (58 in 80 s) elsewhere; "
        "without changes 0.050 (6 in 120 s)"
    )
