"""Ray, Ray Serve and the cluster's application on this machine, to try them.

    python -m tools.local_cluster --preset lite      # one replica, on the CPU; prints a link as `reskin serve` does

Everything ends with Ctrl-C, or with the block of `async with LocalCluster(...)`. Needs `reskin[cluster]`.
"""

from __future__ import annotations

import os

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before Ray is imported: nothing is sent anywhere

import argparse
import asyncio
import contextlib
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from reskin.serve.tokens import Tokens, kept_tokens
from reskin.settings import settings_path

READY_S = 60.0
LOOK_S = 0.1
LINK_HOURS = 8.0


class LocalCluster:
    def __init__(self, secret_file: Path, *, cpus: int, port: int = 0, **arguments: Any) -> None:
        """`cpus` replicas have room at a time; `arguments` as `ClusterConfig`. Port 0: any that is free."""
        self.tokens: Tokens = kept_tokens(secret_file)
        self._cpus, self._port = cpus, port
        self._arguments = {"gpus": 0, "cpus": 1, "secret_file": str(secret_file), **arguments}
        self.url = ""

    async def __aenter__(self) -> LocalCluster:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)

    async def update(self, **arguments: Any) -> None:
        """The same application, told otherwise: Serve replaces every replica, a few at a time, and drains."""
        self._arguments |= arguments
        await asyncio.to_thread(self._deploy)

    def start(self) -> None:
        import ray
        from ray import serve

        ray.init(num_cpus=self._cpus, num_gpus=0, include_dashboard=False, object_store_memory=80 * 2**20,
                 log_to_driver=False, logging_level=logging.ERROR)  # fmt: skip
        with socket.socket() as free:
            free.bind(("127.0.0.1", self._port))
            self._port = free.getsockname()[1]
        serve.start(http_options={"host": "127.0.0.1", "port": self._port})
        self.url = f"http://127.0.0.1:{self._port}"
        self._deploy()

    def _deploy(self) -> None:
        from ray import serve

        from reskin.serve.cluster.app import build

        serve.run(build(self._arguments), name="reskin", route_prefix="/")

    def stop(self) -> None:
        import ray
        from ray import serve

        serve.shutdown()
        ray.shutdown()


class Operator:
    """Whoever may ask the cluster for its status."""

    def __init__(self, http: aiohttp.ClientSession, cluster: LocalCluster) -> None:
        self._http, self._url = http, f"{cluster.url}/status.json"
        self._headers = {"Authorization": f"Bearer {cluster.tokens.issue('admin', LINK_HOURS)}"}

    async def status(self) -> dict[str, Any]:
        async with self._http.get(self._url, headers=self._headers) as response:
            response.raise_for_status()
            return await response.json()

    async def all_ready(self, replicas: int) -> dict[str, Any]:
        """The status once there are as many."""
        end_s = time.monotonic() + READY_S
        while time.monotonic() < end_s:
            found = await self.status()
            if len(found["replicas"]) >= replicas:
                return found
            await asyncio.sleep(LOOK_S)
        raise SystemExit(f"waiting for {replicas} replicas: there are {len(found['replicas'])} after {READY_S:g} s")


async def wait_for(condition: Callable[[], object], limit_s: float, what: str) -> None:
    end_s = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end_s:
            raise SystemExit(f"waiting for {what}: not there after {limit_s:g} s")
        await asyncio.sleep(LOOK_S)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="lite")
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--slots", type=int, default=1, help="players of a replica")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    asked = parser.parse_args()
    secret_file = settings_path().with_name("serve-secret")
    cluster = LocalCluster(
        secret_file, cpus=asked.replicas, port=asked.port, preset=asked.preset, replicas=asked.replicas,
        slots=asked.slots,
    )  # fmt: skip
    with contextlib.suppress(KeyboardInterrupt):
        try:
            cluster.start()
            signal.signal(signal.SIGTERM, signal.default_int_handler)  # Ray sets its own while it starts
            play = cluster.tokens.issue("play", LINK_HOURS, sessions=asked.replicas * asked.slots)
            print(f"Play:   {cluster.url}/#token={play}")
            print(f"Admin:  {cluster.tokens.issue('admin', LINK_HOURS)}", flush=True)
            signal.pause()
        finally:
            cluster.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
