"""The app that tools/faults.py does bad things to: a run of Reskin in a process of its own, and the other end of it.

    python -m tools.faults_app WINDOW ENGINE [RECORDING]      # started by `App`, told by lines on its standard input

What the run says of its state comes back a line each, with the time (CLOCK_MONOTONIC, which processes share). Two of
the faults cannot be caused from outside: a capture whose every request the X server refuses (`stall`: its window is
taken out of XComposite, so there is no pixmap to name), and an engine that goes on, but slowly (`slow_down`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Self

import numpy as np
import xcffib.composite

from reskin import platforms
from reskin.app import RunOptions, run
from reskin.errors import ReskinError
from reskin.platforms.x11.capture import X11WindowCapture
from reskin.renderer import TintRenderer, View
from reskin.status import Status
from reskin.supervisor import Supervisor
from reskin.themes import Theme

STAND_IN = "tools.faults_app:stand_in"
SLOW_FILE = "RESKIN_FAULTS_SLOW"  # names a file in the environment; while it is there, the stand-in is slow
TAKEN_BYTES = 64 << 20  # anew for each frame; what is not written to is not used, but counts for RLIMIT_AS
SLOW_S = 0.4  # a frame at the best quality, halved by each level: 100 ms at the last, which can be shown
START_LIMIT_S = 90.0
END_LIMIT_S = 20.0


class App:
    """`with App(...) as app:` a run over that window; it has the skin on when `wait_for("active")` is back."""

    def __init__(self, window: int, folder: Path, *, engine: str, recording: Path | None = None) -> None:
        self.said: list[tuple[int, str]] = []  # monotonic ns and the state in words
        self._answers: list[str] = []
        self._slow = folder / "slow"
        self._errors = folder / "errors.txt"
        self._command = [sys.executable, "-m", "tools.faults_app", str(window), engine]
        self._command += [] if recording is None else [str(recording)]
        self._environment = {**os.environ, "RESKIN_HOME": str(folder / "home"), SLOW_FILE: str(self._slow)}

    def __enter__(self) -> Self:
        with self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                text=True,
            )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.tell("quit")
            try:
                self.process.wait(END_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def wait_for(self, word: str) -> None:
        end_s = time.monotonic() + START_LIMIT_S
        while not any(text.startswith(word) for _, text in list(self.said)):
            if time.monotonic() > end_s or self.process.poll() is not None:
                raise ReskinError(f'starting the app: "{word}" did not come; it said {self.said} {self.errors}')
            time.sleep(0.05)

    def tell(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def status(self) -> dict[str, Any]:
        """`Status.summary`, with `pid` of the engine (None while there is none) and `failures` of sinks."""
        before = len(self._answers)
        self.tell("status")
        end_s = time.monotonic() + END_LIMIT_S
        while len(self._answers) == before:
            if time.monotonic() > end_s:
                raise ReskinError(f"asking the app for its status: no answer in {END_LIMIT_S:.0f} s. {self.errors}")
            time.sleep(0.005)
        answer: dict[str, Any] = json.loads(self._answers[-1])
        return answer

    def engine_pid(self) -> int:
        pid = self.status()["pid"]
        if pid is None:
            raise ReskinError("looking for the engine's process: there is none.")
        return int(pid)

    def slow_down(self, is_slow: bool) -> None:
        """What its engine does from its next frame on, where that is the stand-in."""
        if is_slow:
            self._slow.touch()
        else:
            self._slow.unlink(missing_ok=True)

    @property
    def errors(self) -> str:
        """What it has written to its standard error."""
        return self._errors.read_text()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            kind, _, text = line.rstrip("\n").partition(" ")
            if kind == "state":
                at_ns, _, words = text.partition(" ")
                self.said.append((int(at_ns), words))
            elif kind == "status":
                self._answers.append(text)


class StandIn(TintRenderer):
    """Takes memory for each frame, which the app's own engine does not once it runs; slow while the file is there."""

    name = "stand-in"

    def render(self, bgra_u8: np.ndarray, theme: Theme, view: View, quality: int, out: np.ndarray) -> dict[str, float]:
        taken = np.empty(TAKEN_BYTES, np.uint8)
        if os.path.exists(os.environ[SLOW_FILE]):
            time.sleep(SLOW_S / 2**quality)
        del taken
        return super().render(bgra_u8, theme, view, quality, out)


def stand_in(preset: str) -> StandIn:
    return StandIn()


def main() -> int:
    window, engine, *recording = sys.argv[1:]
    status, engines, quits = Status(), list[Supervisor](), threading.Event()
    captures: list[X11WindowCapture] = []
    open_window = platforms.open_window

    def remembered(query: str) -> Any:
        capture: Any = open_window(query)
        captures.append(capture)
        return capture

    platforms.open_window = remembered
    thread = threading.Thread(target=_obey, args=(status, engines, captures, quits), daemon=True)
    thread.start()
    options = RunOptions(
        window=window, engine=engine, preset="lite", theme="neon-rain",
        record=Path(recording[0]) if recording else None,
        on_state=lambda text: print(f"state {time.monotonic_ns()} {text}", flush=True),
    )  # fmt: skip
    try:
        run(options, status=status, stop=quits.is_set, on_warm=engines.append)
    except ReskinError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0


def _obey(status: Status, engines: list[Supervisor], captures: list[X11WindowCapture], quits: threading.Event) -> None:
    for line in sys.stdin:
        word = line.strip()
        if word == "status":
            pid = engines[0].pid if engines else None
            print("status " + json.dumps({**status.summary(), "pid": pid, "failures": status.failures}), flush=True)
        elif word in ("stall", "go on"):
            capture = captures[-1]
            composite = capture._composite
            ask = composite.UnredirectWindow if word == "stall" else composite.RedirectWindow
            ask(capture.window_id, xcffib.composite.Redirect.Automatic)
            capture._x.flush()
        else:
            quits.set()


if __name__ == "__main__":
    sys.exit(main())
