"""The recording's bench with a recording process that is made up."""

from __future__ import annotations

import io
from argparse import Namespace
from pathlib import Path

import pytest

from tools import bench_recording
from tools.bench_recording import measure, read_rows

ROWS = ["0.04 1.5 0.10 0\n", "0.08 1.4 0.12 0\n", "0.12 1.6 0.14 1\n"]


def test_rows_are_read_until_so_much_is_recorded() -> None:
    assert read_rows(ROWS, 0.08) == [[0.04, 1.5, 0.10, 0], [0.08, 1.4, 0.12, 0]]


@pytest.mark.parametrize(("rows", "recorded"), [(ROWS, r"0\.1 s"), ([], r"0\.0 s")])
def test_a_recording_that_ends_early_is_an_error_that_says_when(rows: list[str], recorded: str) -> None:
    with pytest.raises(EOFError, match=rf"recording 60 s: .* after {recorded}"):
        read_rows(rows, 60)


class Dying:
    """A process that says these lines, and then has ended."""

    def __init__(self, said: str) -> None:
        self.stdout = io.StringIO(said)
        self.was_killed = False

    def kill(self) -> None:
        self.was_killed = True

    def wait(self) -> int:
        return 7


@pytest.mark.parametrize(
    ("said", "error"), [("", SystemExit), (ROWS[0], SystemExit), ("Traceback (most recent call last)\n", ValueError)]
)
def test_whatever_goes_wrong_nothing_is_left_running(
    said: str, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    child = Dying(said)
    monkeypatch.setattr(bench_recording.subprocess, "Popen", lambda *_, **__: child)
    with pytest.raises(error) as caught:
        measure(Path("play.mp4"), Namespace(size="64x48", seconds=60.0, split=False, suffix=".mp4"))
    assert child.was_killed
    assert child.stdout.closed
    if error is SystemExit:
        assert "exit code 7" in str(caught.value)
