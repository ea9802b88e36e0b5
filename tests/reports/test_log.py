"""Logs: repeats are thinned, files rotate, nobody's titles are in them, and a folder that refuses is no error."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from reskin import log
from reskin.redact import Redactor, without_titles

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    return tmp_path


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("reskin.x", logging.ERROR, "x.py", 1, text, (), None)


def test_the_app_writes_and_leaves_nothing_set_afterwards(home: Path) -> None:
    before = (list(logging.getLogger("reskin").handlers), threading.excepthook, os.environ.get(log.FOLDER_VARIABLE))
    with log.app_log():
        assert os.environ[log.FOLDER_VARIABLE] == str(home / "log")
        logging.getLogger("reskin.loop").info("quality %d, was %d", 1, 0)
    after = (list(logging.getLogger("reskin").handlers), threading.excepthook, os.environ.get(log.FOLDER_VARIABLE))
    assert before == after
    (line,) = (home / "log" / "app.log").read_text().splitlines()
    assert line.endswith(f"{os.getpid()} INFO    reskin.loop: quality 1, was 0")


def test_repeats_are_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    thin = log.RepeatFilter()
    passed = [thin.filter(record("a frame could not be painted")) for _ in range(100)]
    assert passed == [True] * 5 + [False] * 95
    assert thin.filter(record("something else"))
    now_s[0] = 61.0
    late = record("a frame could not be painted")
    assert thin.filter(late)
    assert late.getMessage() == "a frame could not be painted (95 alike left out)"


def test_three_files_of_two_megabytes_are_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert log.FILE_BYTES * (1 + log.OLD_FILES) == 6_000_000
    monkeypatch.setattr(log, "FILE_BYTES", 2_000)
    monkeypatch.setattr(log, "QUEUE_LINES", 0)
    with log.app_log():
        for number in range(300):
            logging.getLogger("reskin").info(f"line {number} " + 40 * "x")
    files = sorted((home / "log").glob("app.log*"))
    assert [file.name for file in files] == ["app.log", "app.log.1", "app.log.2"]
    assert max(file.stat().st_size for file in files) <= 2_000


def test_a_log_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "log").write_text("a file where the folder should be")
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    with log.app_log():
        logging.getLogger("reskin").error("said to nobody")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's device that is always full")
def test_a_full_disk_costs_the_log_and_not_the_run(home: Path) -> None:
    folder = log.log_folder()
    folder.mkdir(parents=True)
    for name in ("app.log", "app-fault.txt"):
        (folder / name).symlink_to("/dev/full")
    with log.app_log():
        logging.getLogger("reskin").error("said to nobody")


def test_a_crash_of_a_process_leaves_its_stack(home: Path) -> None:
    code = "import ctypes; from reskin.log import start_process_log as s; s('engine'); ctypes.string_at(0)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), log.FOLDER_VARIABLE: str(home)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGSEGV
    text = (home / "engine-fault.txt").read_text()
    assert "Segmentation fault" in text
    assert 'File "<string>", line 1' in text


def test_an_exception_that_ends_a_thread_is_written_down(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", told.append)

    def fail() -> None:
        raise ValueError("planted")

    with log.app_log():
        thread = threading.Thread(target=fail, name="reskin-somebody")
        thread.start()
        thread.join()
    text = (home / "log" / "app.log").read_text()
    assert "reskin-somebody ended by an exception" in text
    assert "ValueError: planted" in text
    assert len(told) == 1


@pytest.mark.parametrize(
    "title", ["SuperTux", "Don't Starve", 'a "quoted" one', "Tax return 2026 - Mary's letter (draft).odt", "'"]
)
def test_no_title_stays_in_a_sentence(title: str) -> None:
    for sentence in (f"x11 window 0x1400003 {title!r} is gone", f'capturing the window "{title}": the game\'s gone'):
        told = without_titles(sentence)
        assert not any(word in told for word in title.split() if len(word) > 3)
        assert "window" in told


def test_names_and_tokens_are_taken_out() -> None:
    redactor = Redactor(homes=("/home/mary", "C:\\Users\\mary"), users=("mary",), machine="marys-pc")
    text = redactor.text(
        '/home/mary/themes "C:\\\\Users\\\\mary\\\\x" C:\\Users\\mary\\y C:/Users/Mary/z /srv/mary/q maryland '
        "Marys-PC http://127.0.0.1:1/?token=abc123&x=1 /home/mary2 https://gpu:24025/#eyJhbGciOi.x https://a/#token=b"
    )
    assert text == (
        '~/themes "~\\\\x" ~\\y ~/z /srv/<user>/q maryland <machine> '
        "http://127.0.0.1:1/?token=<removed>&x=1 /home/mary2 https://gpu:24025/#<removed> https://a/#token=<removed>"
    )
    assert Redactor(homes=("/",), users=(), machine="").text("/usr/lib") == "/usr/lib"


@pytest.mark.parametrize(
    "text",
    [
        'token = "@"',
        "{'token': '@'}",
        '{"token": "@"}',
        "RESKIN_ENGINE_TOKEN=@",
        "Authorization: Bearer @",
        "key=@&x=1",
    ],
)
def test_a_secret_is_taken_out_however_it_is_written(text: str) -> None:
    told = Redactor(homes=(), users=(), machine="").text(text.replace("@", "eyJhbG.c1-_x"))
    assert told == text.replace("@", "<removed>")


def test_a_stream_key_is_taken_out_and_its_server_stays() -> None:
    told = Redactor(homes=(), users=(), machine="").text('publishing to RTMPS://live.example:443/app/live_12_abC "now"')
    assert told == 'publishing to RTMPS://live.example:443/<removed> "now"'
