"""A `reskin serve` in a process of its own to be killed and started again at the same port: for benches and tests.

`ServerProcess(preset="nano")` is the real command; with preset="tint" an engine without a network paints, which starts
in a second. Started by hand it is that second one: python -m tools.remote_server PORT
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Self

from reskin.errors import ServeError

START_LIMIT_S = 90.0  # the first start on a machine compiles
TINT = "tint"


class ServerProcess:
    """`with ServerProcess(...) as server:`; `server.link` lets in, also after `kill` and `start`."""

    def __init__(
        self, home: Path, *, preset: str = TINT, host: str = "127.0.0.1", port: int = 0,
        prefix: tuple[str, ...] = (), arguments: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """`home` keeps its secret; `prefix` goes before its command, such as ip netns exec NAME."""
        self.port = port or _free_port(host if not prefix else "127.0.0.1")
        self._home = home
        self._host = host
        self._preset = preset
        self._prefix = prefix
        self._arguments = arguments
        self.link = self.fingerprint = ""
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Returns when it takes players."""
        own = ["-m", "tools.remote_server", str(self.port), self._host]
        real = ["-m", "reskin", "serve", "--json", "--preset", self._preset, "--host", self._host, "--port",
                str(self.port), *self._arguments]  # fmt: skip
        command = [*self._prefix, sys.executable, *(own if self._preset == TINT else real)]
        self.process = subprocess.Popen(
            command, env=_environment(self._home), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        said = self._first_line()
        self.link, self.fingerprint = said["play"], said["fingerprint"]

    def kill(self) -> None:
        """By SIGKILL: it tells nobody."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.process = None

    def _first_line(self) -> Mapping[str, str]:
        assert self.process is not None
        assert self.process.stdout is not None
        end_s = time.monotonic() + START_LIMIT_S
        while time.monotonic() < end_s and self.process.poll() is None:
            if select.select([self.process.stdout], [], [], 0.1)[0] and (line := self.process.stdout.readline()):
                return json.loads(line)
        self.kill()
        raise ServeError(f"starting a server at port {self.port}: it ended, or said nothing in {START_LIMIT_S:.0f} s.")


def _environment(home: Path) -> dict[str, str]:
    root = str(Path(__file__).resolve().parent.parent)
    return {**os.environ, "RESKIN_HOME": str(home), "PYTHONPATH": root, "PYTHONUNBUFFERED": "1"}


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def _serve_tint(port: int, host: str) -> None:
    from reskin.serve.run import ServeOptions, Started, serve

    def tell(started: Started) -> None:
        print(json.dumps(asdict(started)), flush=True)

    options = ServeOptions(
        host=host, port=port, slots=2, theme="elden-dusk", engine=("reskin.serve.engines:open_tint", ()),
        is_plain=None if host != "127.0.0.1" or "--tls" not in sys.argv else False,
    )  # fmt: skip
    asyncio.run(serve(options, tell, asyncio.Event()))


if __name__ == "__main__":
    _serve_tint(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1")
