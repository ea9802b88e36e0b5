"""The HUD's reading without a reader or an engine: which streams are read, and how they are judged."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from tools.hud_frames import CLIP_LINES
from tools.hud_reading import Tally, choose_streams, report

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


def test_the_goal_is_of_the_share_before_it_is_rounded(capsys: pytest.CaptureFixture[str]) -> None:
    assert reported(capsys, {"demo hills": Tally(1000, 980, 0)})[0]
    assert not reported(capsys, {"demo hills": Tally(10_000, 9_799, 0)})[0]
    assert not reported(capsys, {"demo hills": Tally()})[0]
