"""The HUD's reading without a reader or an engine: which streams are read, and how they are judged."""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np
import pytest

from tools.hud_frames import CLIP_LINES, Line
from tools.hud_reading import Tally, choose_streams, compare, harmless, report

DEMO = ["demo hills", "demo scroller"]


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    for name in CLIP_LINES:
        (tmp_path / f"{name}.mp4").touch()
    return tmp_path


def test_all_streams_or_those_that_are_named_are_read(footage: Path) -> None:
    assert [stream.name for stream in choose_streams(None, footage)] == [*DEMO, *CLIP_LINES]
    assert [stream.name for stream in choose_streams(["supertux", "demo hills"], footage)] == ["demo hills", "supertux"]


def test_an_unknown_stream_is_refused_with_those_that_are_known(footage: Path) -> None:
    with pytest.raises(click.ClickException, match=r"no supertuks.* Known: demo hills, demo scroller, supertux"):
        choose_streams(["demo hills", "supertuks"], footage)


def test_a_missing_clip_is_named_with_the_way_to_do_without(footage: Path) -> None:
    (footage / "supertux.mp4").unlink()
    with pytest.raises(
        click.ClickException, match=r'supertux\.mp4 missing.*"demo hills,demo scroller,extremetuxracer"'
    ):
        choose_streams(None, footage)
    with pytest.raises(click.ClickException, match=r"supertux\.mp4 missing"):
        choose_streams(["supertux"], footage)
    assert [stream.name for stream in choose_streams(DEMO, footage)] == DEMO


def reported(capsys: pytest.CaptureFixture[str], streams: dict[str, Tally]) -> tuple[bool, list[str]]:
    themes = {"Noir": Tally(500, 460, 400), "Candy": Tally(500, 495, 400)}
    passes = report("lite", themes, streams)
    return passes, capsys.readouterr().out.splitlines()


def test_a_stream_that_falls_short_is_missed_though_all_together_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    passes, lines = reported(capsys, {"demo hills": Tally(1000, 995, 900), "supertux": Tally(20, 19, 10)})
    ends = {line.split("  ")[0]: line.rsplit(None, 1)[-1] for line in lines[1:-1]}
    assert not passes
    assert (ends["demo hills"], ends["supertux"], ends["all"]) == ("met", "MISSED", "met")
    assert lines[-2] == "worst theme: Noir, 92.0 %"
    told = json.loads(lines[-1])
    assert (told["passes"], told["worst_theme"]) == (False, "Noir")
    assert {name: stream["met"] for name, stream in told["streams"].items()} == {"demo hills": True, "supertux": False}


def test_a_mask_that_flickers_is_missed_by_its_mean_with_its_worst_frame_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    calm = Tally(1000, 995, 900, changed=[0.0] * 99 + [0.9])  # 0.9 % in the mean
    restless = Tally(1000, 995, 900, changed=[0.011] * 10)
    passes, lines = reported(capsys, {"demo hills": calm, "supertux": restless})
    assert not passes
    ends = {line.split("  ")[0]: line.split()[-3:] for line in lines[1:-1]}
    assert ends["demo hills"] == ["0.9", "90.0", "met"]
    assert ends["supertux"] == ["1.1", "1.1", "MISSED"]
    assert ends["all"] == ["0.918", "90.0", "met"]
    told = json.loads(lines[-1])
    assert (told["flicker_goal_percent"], told["streams"]["demo hills"]["flicker_worst_percent"]) == (1.0, 90.0)
    assert reported(capsys, {"demo hills": calm})[0]
    assert not reported(capsys, {"demo hills": Tally(1000, 995, 900, changed=[0.0100001])})[0], "before it is rounded"


def test_the_goal_is_of_the_share_before_it_is_rounded(capsys: pytest.CaptureFixture[str]) -> None:
    assert reported(capsys, {"demo hills": Tally(1000, 980, 0)})[0]
    assert not reported(capsys, {"demo hills": Tally(10_000, 9_799, 0)})[0]
    assert not reported(capsys, {"demo hills": Tally()})[0]


def test_the_control_is_the_untouched_frame_a_little_flatter() -> None:
    frame = np.arange(256, dtype=np.uint8).repeat(4).reshape(16, 16, 4)
    found = harmless(frame).astype(int)
    assert found.shape == frame.shape
    assert np.abs(found - (frame * 0.97 + 3)).max() <= 0.5


def test_the_control_is_counted_as_the_themes_are() -> None:
    """Of a line that nobody wrote down: what two tries read of it is there, `¥` is not."""
    tally = compare(Line((0, 0, 9, 9)), ["f¥3mn", "f3mn"], ["f3mn"], [""], ["f3", "m"])
    assert (tally.untouched, tally.control, tally.kept, tally.off) == (4, 3, 4, 0)


def test_the_control_is_told_of_each_stream_and_of_all_but_of_no_theme(capsys: pytest.CaptureFixture[str]) -> None:
    demo, clip = Tally(1000, 995, 900, control=999), Tally(100, 90, 50, control=92)
    _, lines = reported(capsys, {"demo hills": demo, "supertux": clip})
    rows = {line[:20].strip(): line[20:].split() for line in lines[1:-2]}
    assert [rows[name][1] for name in ("demo hills", "supertux", "all")] == ["99.9", "92.0", "99.2"]
    assert len(rows["Noir"]) == len(rows["all"]) - 2, "no control and no verdict"
    told = json.loads(lines[-1])
    assert [told["streams"][name]["control_percent"] for name in ("demo hills", "supertux")] == [99.9, 92.0]
    assert told["all"]["control_percent"] == 99.2
    assert "control_percent" not in told["themes"]["Noir"]
