"""Every process that Reskin starts tells where its threads were when it crashed: each is started and aborted."""

from __future__ import annotations

import ast
import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from reskin.child_process import spawn
from reskin.demo.marker_process import MarkerProcess
from reskin.engine_process import engine_main
from reskin.glass_meter import _watch
from reskin.log import FOLDER_VARIABLE
from reskin.remote_engine.address import read_address
from reskin.remote_engine.entry import remote_main
from reskin.serve.process_renderer import engine_main as server_engine_main
from reskin.serve.prompt_reader import PromptReader
from reskin.sinks.web.ports import open_sockets
from reskin.sinks.web.process import serve_stream
from reskin.sinks.window_process import show_frames
from reskin.web_parts.keys import Keys

ROOT = Path(__file__).resolve().parent.parent.parent
LIMIT_S = 60.0
SETTLED_S = 0.5  # by then it is at its work
Running = Iterator[int]  # yields the process's id, and waits for its end
STAY = "import time; print(flush=True); time.sleep(600)"
APP = f"from reskin.crash_watch import recorded_run as run\nwith run(asked_preset=None, usual_preset=''):\n    {STAY}"
COMMAND = f"from reskin import cli\ndef stay(**_):\n    {STAY}\ncli.cli = stay\ncli.main()"
STARTERS = {"spawn", "subprocess.Popen", "subprocess.run", "ProcessPoolExecutor", "context.Process", "os.fork"}
WHO_STARTS = {  # what they start is tried below, but for a player's game, Xvfb, the doctor and nvidia-smi
    "child_process.py", "demo/marker_process.py", "doctor_gpu.py", "game_window.py", "glass_meter.py", "report.py",
    "serve/process_renderer.py", "serve/prompt_reader.py", "sinks/picture_process.py", "supervisor.py",
    "virtual_display.py",
}  # fmt: skip


def spawned(target: Callable[..., None], *arguments: object) -> Running:
    process, connection = spawn("crashing", target, *arguments)
    assert process.pid is not None
    yield process.pid
    process.join(LIMIT_S)
    connection.close()


def started(*arguments: str) -> Running:
    with subprocess.Popen([sys.executable, *arguments], cwd=ROOT) as process:
        yield process.pid
        process.wait(LIMIT_S)


def stream() -> Running:
    sockets = open_sockets(0)
    yield from spawned(serve_stream, os.getpid(), sockets, Keys(), 80)
    for socket in sockets:
        socket.close()


def command_line() -> Running:
    """As far as every command goes; `reskin serve` itself takes up to a minute to be up."""
    with subprocess.Popen([sys.executable, "-c", COMMAND], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.wait(LIMIT_S)


def prompt_reader() -> Running:
    reader = PromptReader()
    asyncio.run(reader.read("a calm sea"))
    assert reader._pool is not None
    (pid,) = reader._pool._processes
    yield pid
    reader._pool._processes[pid].join(LIMIT_S)
    reader.close()


def marker_game() -> Running:
    with MarkerProcess("crashing") as game:
        assert game.has_come("", LIMIT_S)
        yield game.process.pid
        game.process.wait(LIMIT_S)


def server_engine() -> Running:
    process, connection = spawn("crashing", server_engine_main, "tests.serve.test_stepper:negatives", (), os.getpid())
    assert connection.poll(LIMIT_S)
    assert process.pid is not None
    yield process.pid
    process.join(LIMIT_S)
    connection.close()


TINT = "tests.loop.stand_ins:Faulty"
ADDRESS = read_address("http://127.0.0.1:9/#token=x")
KINDS: dict[str, tuple[Callable[[], Running], str]] = {  # the file of the log's folder that has it, "": stderr
    "app": (partial(started, "-c", APP), "app-fault.txt"),
    "engine": (partial(spawned, engine_main, TINT, (), False, os.getpid()), "engine-fault.txt"),
    "remote engine": (partial(spawned, remote_main, "", (ADDRESS,), False, os.getpid()), "remote-fault.txt"),
    "stream": (stream, "stream-fault.txt"),
    "output window": (partial(spawned, show_frames, os.getpid()), "output-window-fault.txt"),
    "glass meter": (partial(spawned, _watch, os.getpid(), 0, 0), "glass-meter-fault.txt"),
    "demo game": (partial(started, "-m", "reskin.demo.game"), "demo-game-fault.txt"),
    "marker game": (marker_game, ""),
    "command line": (command_line, ""),
    "server's engine": (server_engine, ""),
    "prompt reader": (prompt_reader, ""),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_process_that_aborts_leaves_its_stack(
    kind: str, display: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RESKIN_HOME", str(tmp_path))
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "log"))
    run, file_name = KINDS[kind]
    path = tmp_path / "log" / file_name
    running = run()
    pid = next(running)
    end_s = time.monotonic() + LIMIT_S
    while file_name and not (path.exists() and path.read_text()):  # its first line comes before the process can crash
        assert time.monotonic() < end_s
        time.sleep(0.02)
    time.sleep(SETTLED_S)
    os.kill(pid, signal.SIGABRT)
    assert next(running, None) is None
    said = path.read_text() if file_name else capfd.readouterr().err
    assert "Fatal Python error: Aborted" in said
    assert ", line " in said


def test_whoever_starts_a_process_is_known_here() -> None:
    found = {
        path.relative_to(ROOT / "reskin").as_posix()
        for path in (ROOT / "reskin").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in STARTERS
    }
    assert found == WHO_STARTS
