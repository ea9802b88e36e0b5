"""A `reskin serve` in a process of its own to be killed and started again at the same port: for benches and tests.

`ServerProcess(preset="nano")` is the real command; with preset="tint" it is tools/serve_tint.py, which starts in a
second. Knows nothing of clients.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from reskin.errors import ServeError

START_LIMIT_S = 90.0  # the first start on a machine compiles
TINT = "tint"
ROOT = Path(__file__).resolve().parent.parent


class ServerProcess:
    """`with ServerProcess(...) as server:`; `server.link` lets in, also after `kill` and `start`."""

    def __init__(
        self, home: Path, *, preset: str = TINT, host: str = "127.0.0.1", port: int = 0,
        prefix: tuple[str, ...] = (), arguments: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """`home` keeps its secret; `prefix` goes before its command (ip netns exec NAME), `arguments` after it."""
        self.port = port or _free_port(host if not prefix else "127.0.0.1")
        self._home = home
        self._host = host
        self._preset = preset
        self._prefix = prefix
        self._arguments = arguments
        self.link = ""
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Returns when it takes players."""
        own = ["tools/serve_tint.py"]
        real = ["-m", "reskin", "serve", "--preset", self._preset]
        where = ["--host", self._host, "--port", str(self.port)]
        program = own if self._preset == TINT else real
        command = [*self._prefix, sys.executable, *program, *where, *self._arguments]
        self.process = subprocess.Popen(
            command, env=_environment(self._home), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
        )
        self.link = self._printed_link()

    def kill(self) -> None:
        """By SIGKILL: it tells nobody."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.process = None

    def _printed_link(self) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        end_s = time.monotonic() + START_LIMIT_S
        while time.monotonic() < end_s and self.process.poll() is None:
            if select.select([self.process.stdout], [], [], 0.1)[0]:
                line = self.process.stdout.readline().decode()
                if line.startswith("Play:"):
                    return line.split()[1]
        self.kill()
        raise ServeError(f"starting a server at port {self.port}: it ended, or said nothing in {START_LIMIT_S:.0f} s.")


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "RESKIN_HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]
