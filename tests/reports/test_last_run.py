"""After a crash the next start says so once; after Ctrl-C, SIGTERM, our own errors or a shutdown it says nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from reskin import last_run
from reskin.app import RunOptions
from reskin.cli import cli
from reskin.crash_watch import advise, recorded_run
from reskin.errors import CaptureError
from reskin.last_run import LastRuns, RunMarker
from reskin.status import Status

ROOT = Path(__file__).resolve().parent.parent.parent
# What `reskin run` does around its loop, with a loop that waits: signals are those of the app itself.
PLAY = """
import sys, time
from reskin.app import _signals
from reskin.crash_watch import recorded_run
with recorded_run(asked_preset=None, usual_preset="nano") as advice:
    with _signals() as signals:
        signals.only_stop = True
        print(advice.preset or "usual", *advice.warnings, flush=True)
        while not signals.stopped:
            time.sleep(0.01)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    return tmp_path


def play_and(*numbers: signal.Signals) -> list[str]:
    """Plays at once, each until its signal; what each said at its start."""
    command, environment = [sys.executable, "-c", PLAY], {**os.environ, "PYTHONPATH": str(ROOT)}
    plays = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in numbers]
    said = [play.stdout.readline() for play in plays if play.stdout is not None]
    for play, number in zip(plays, numbers, strict=True):
        play.send_signal(number)
        play.communicate(timeout=20)
    return said


def test_a_kill_is_told_once_and_other_endings_are_not(home: Path) -> None:
    quiet = "usual\n"
    assert play_and(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) == [quiet] * 3
    assert play_and(signal.SIGKILL) == [quiet]
    (told,) = play_and(signal.SIGKILL)
    assert "Reskin did not end properly last time" in told
    after = RunMarker(home / "log")
    assert after.begin() == LastRuns(crashed=True, in_a_row=2)
    after.end()
    assert begin_and_be_killed(home / "log") == LastRuns()


def begin_and_be_killed(folder: Path) -> LastRuns:
    """The lock goes, as with the process, and the file stays."""
    marker = RunMarker(folder)
    last = marker.begin()
    assert marker._file is not None
    marker._file.close()
    return last


def test_three_in_a_row_take_the_safe_preset_and_a_good_end_brings_the_usual_one_back(home: Path) -> None:
    lasts = [begin_and_be_killed(home / "log") for _ in range(3)]
    assert [last.in_a_row for last in lasts] == [0, 1, 2]
    for last in lasts:
        assert advise(last, asked_preset=None, usual_preset="nano").preset == ""
    with recorded_run(asked_preset=None, usual_preset="nano") as advice:
        assert advice.preset == "lite"
        (told,) = advice.warnings
        assert "3 times in a row: this time with the preset lite" in told
    assert told in (home / "log" / "app.log").read_text()
    with recorded_run(asked_preset=None, usual_preset="nano") as advice:
        assert (advice.preset, advice.warnings) == ("", ())


def test_a_preset_asked_for_by_name_is_kept() -> None:
    last = LastRuns(crashed=True, in_a_row=5)
    assert advise(last, asked_preset="nano", usual_preset="small").preset == ""
    assert advise(last, asked_preset=None, usual_preset="lite").preset == ""
    assert advise(last, asked_preset=None, usual_preset="small").preset == "lite"


def test_a_run_before_the_machine_started_again_is_no_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "running-1.json").write_text(json.dumps({"boot": "another start of the machine"}))
    assert begin_and_be_killed(tmp_path) == LastRuns()
    monkeypatch.setattr(last_run, "BOOT_ID", tmp_path / "nothing")  # as where the system has no such id
    boot_s = last_run._boot()
    assert isinstance(boot_s, float)
    assert last_run._same_boot(boot_s - 1)
    assert not last_run._same_boot(boot_s - 3600)


def test_a_run_that_goes_on_is_no_alarm_and_an_unreadable_file_neither(tmp_path: Path) -> None:
    running = RunMarker(tmp_path)
    running.begin()
    (tmp_path / f"running-{os.getpid()}.json").rename(tmp_path / "running-7.json")
    (tmp_path / "running-8.json").write_text("{")
    assert begin_and_be_killed(tmp_path) == LastRuns()
    assert (tmp_path / "running-7.json").exists()
    running.end()


def test_an_unexpected_exception_is_a_crash_by_name_and_our_own_errors_are_none(home: Path) -> None:
    with pytest.raises(ZeroDivisionError), recorded_run(asked_preset=None, usual_preset="nano"):
        raise ZeroDivisionError
    told: list[str] = []

    def run_without_a_window() -> None:
        with recorded_run(asked_preset=None, usual_preset="nano") as advice:
            told.extend(advice.warnings)
            raise CaptureError('the window "My secret" is gone')

    with pytest.raises(CaptureError):
        run_without_a_window()
    assert "ended by an error (ZeroDivisionError) last time" in told[0]
    with recorded_run(asked_preset=None, usual_preset="nano") as advice:
        assert advice.warnings == ()
    text = (home / "log" / "app.log").read_text()
    assert "ZeroDivisionError" in text
    assert "CaptureError" in text
    assert "secret" not in text


def test_the_command_tells_a_crash_and_what_a_sink_has_failed_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[RunOptions] = []

    def run(options: RunOptions) -> Status:
        asked.append(options)
        return Status(ended_because="the player quit", failures=["writing the video x.mp4: no space"])

    monkeypatch.setattr("reskin.app.run", run)
    for _ in range(3):
        begin_and_be_killed(home / "log")
    (home / "settings.toml").write_text('preset = "nano"')
    done = CliRunner().invoke(cli, ["run", "tux", "--record", "x.mp4", "--record-split", "--output-window"])
    assert done.exit_code == 1
    assert done.stdout == "ended: the player quit\n"
    *before, last = done.stderr.splitlines()  # other sentences for a first run may stand there too
    (told,) = [line for line in before if "did not end properly" in line]
    assert told.startswith("reskin: Reskin did not end properly 3 times in a row: this time with the preset lite")
    assert last == "reskin: writing the video x.mp4: no space"
    (options,) = asked
    assert options.preset == "lite"
    assert options.warnings[0] in told
    assert (options.record_split, options.output_window, options.virtual_camera) == (True, True, False)
    assert begin_and_be_killed(home / "log") == LastRuns()
