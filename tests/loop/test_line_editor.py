"""A line that is typed, the lines typed before it, and the file in which those are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from reskin.line_editor import HISTORY_LINES, History, LineEditor, history_path
from reskin.platforms.base import EditKey
from reskin.prompts import LONGEST_PROMPT


def test_the_line_is_edited_where_the_cursor_is() -> None:
    line = LineEditor()
    line.insert("snowy ft")
    for key in (EditKey.LEFT, EditKey.LEFT, EditKey.RIGHT):
        line.edit(key)
    line.insert("orest nigh")
    assert (line.text, line.cursor) == ("snowy forest night", 17)
    for key in (EditKey.HOME, EditKey.LEFT, EditKey.DELETE, EditKey.DELETE, EditKey.END, EditKey.RIGHT):
        line.edit(key)
    line.edit(EditKey.BACKSPACE)
    assert line.text == "owy forest nigh"
    line.edit(EditKey.CLEAR)
    line.edit(EditKey.BACKSPACE)
    line.insert("a\tb\n\x1b" + "c" * 1000)
    assert line.text == "a b  " + "c" * (LONGEST_PROMPT - 5)
    assert line.cursor == LONGEST_PROMPT


def test_the_arrows_walk_the_history_and_come_back_to_what_was_typed() -> None:
    line = LineEditor(["first", "second"])
    line.insert("thi")
    walked = []
    for key in (EditKey.UP, EditKey.UP, EditKey.UP, EditKey.DOWN, EditKey.DOWN, EditKey.DOWN):
        line.edit(key)
        walked.append(line.text)
    assert walked == ["second", "first", "first", "second", "thi", "thi"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00bin\x00ary\nfine", b"x" * 200_000, b"", b"fine\n" * 10])
def test_a_missing_broken_or_huge_history_is_no_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "prompts.txt"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    history = History(path)
    assert len(history.lines) <= 1
    for number in range(HISTORY_LINES + 5):
        history.add(f"line {number}")
    history.save()
    assert len(history.lines) == HISTORY_LINES
    assert content is None or History(path).lines == history.lines


def test_it_lies_in_the_platforms_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    assert history_path() == tmp_path / "prompts.txt"
    monkeypatch.delenv("RESKIN_HOME")
    assert history_path().parts[-2:] == ("reskin", "prompts.txt")
