"""The commands that ask the desktop, on a virtual one: windows and doctor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from reskin.cli import cli
from reskin.remote_engine.doctor import PART
from tests.games import Game


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_windows_are_listed_for_people_and_for_programs(game: Game) -> None:
    (line,) = printed("windows").splitlines()
    (window,) = json.loads(printed("windows", "--json"))
    assert line == str(game.window)
    assert (window["id"], window["title"], window["minimised"]) == (game.window.id, "Tux Test", False)
    assert (window["region"]["w"], window["region"]["h"]) == (640, 360)


def test_an_empty_desktop_is_told(display: str) -> None:
    assert printed("windows") == "There are no windows; start the game first, in a window or borderless.\n"
    assert json.loads(printed("windows", "--json")) == []


def test_the_doctor_says_what_was_chosen_and_why(display: str) -> None:
    found = json.loads(printed("doctor", "--json"))
    parts = {part["part"]: part for part in found["parts"]}
    assert list(parts) == ["capture", "overlay", "hotkeys", "prompt bar", "box mode", "engine", PART,
                           "prompts", "recording"]  # fmt: skip
    assert parts["capture"]["chosen"] == "XComposite + MIT-SHM"
    assert all(part["chosen"] != "none" and part["why"] for name, part in parts.items() if name != PART)
    assert parts[PART]["chosen"] == "none", "nothing was asked for"
    small, base = parts["engine"]["not_chosen"]
    assert (small[0], base[0]) == ("small, on a GPU", "base, on a GPU")
    assert "tools/train.py --recipe small" in small[1]  # whatever else this machine lacks, weights do not ship
    assert found["versions"]["numpy"][0].isdigit()
    assert found["machine"]["cpu_cores"] >= 1
    assert parts["prompts"]["chosen"] == "words and sentence embedding"
    text = printed("doctor")
    assert "capture: XComposite + MIT-SHM\n" in text
    assert "    not small, on a GPU: " in text


def test_the_doctor_works_where_nothing_else_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No display, broken settings: both are what it is asked about."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    (tmp_path / "settings.toml").write_text("nonsense = 1")
    found = json.loads(printed("doctor", "--json"))
    assert found["parts"][0]["chosen"] == "none"
    assert "$DISPLAY is not set" in found["parts"][0]["why"]
    assert any("line 1, nonsense: unknown key" in note for note in found["notes"])
