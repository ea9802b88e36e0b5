"""A second network on this machine, with the faults of a long way: a namespace behind delay, loss and a narrow place.

`with FarNetwork() as far:` programs started with `far.prefix` before their command live there, at `far.address`;
`far.shape(Way(...))` is the way between: tc's netem on a veth pair where the kernel has it, else `tools.far_relay`
between two TUN devices, which does the same in a process. Root on Linux alone. It ends clean.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

NEAR_ADDRESS, FAR_ADDRESS = "10.213.77.1", "10.213.77.2"
PACKET_BITS = 1250 * 8
QUEUE_S = 0.3  # that a router holds of a narrow way before it drops
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Way:
    """`delay_ms` is of the round trip, half each way; loss and rate are of each direction."""

    delay_ms: float = 0.0
    loss_percent: float = 0.0
    mbit: float = 0.0  # a second; 0: as it comes

    @property
    def name(self) -> str:
        parts = [
            f"{self.delay_ms:g} ms" if self.delay_ms else "",
            f"{self.loss_percent:g} % loss" if self.loss_percent else "",
            f"{self.mbit:g} Mbit/s" if self.mbit else "",
        ]
        return ", ".join(filter(None, parts)) or "nothing between"

    def netem(self) -> list[str]:
        queue = int(self.mbit * 1e6 * (QUEUE_S + self.delay_ms / 2000) / PACKET_BITS) if self.mbit else 5000
        words = ["netem", "limit", str(queue)]
        words += ["delay", f"{self.delay_ms / 2}ms"] if self.delay_ms else []
        words += ["loss", f"{self.loss_percent}%"] if self.loss_percent else []
        return words + (["rate", f"{self.mbit}mbit"] if self.mbit else [])

    def relayed(self) -> str:
        return json.dumps({
            "delay_ms": self.delay_ms / 2, "loss_percent": self.loss_percent, "mbit": self.mbit, "queue_s": QUEUE_S,
        })  # fmt: skip


class FarNetwork:
    def __init__(self) -> None:
        self.name = f"reskin-far-{os.getpid()}"
        self.address = FAR_ADDRESS
        self.prefix = ("ip", "netns", "exec", self.name)
        self.by = ""  # what makes the faults
        self._near, self._far = f"rsk{os.getpid() % 10**6}n", f"rsk{os.getpid() % 10**6}f"
        self._relay: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        _run("ip", "netns", "add", self.name)
        try:
            if self._has_netem():
                self.by = "tc netem"
                self._configure()
            else:
                self.by = "a relay between TUN devices, for this kernel has no netem"
                self._start_relay()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._relay is not None:
            self._relay.kill()
            self._relay.wait()
        for command in (["ip", "netns", "delete", self.name], ["ip", "link", "delete", self._near]):
            subprocess.run(command, check=False, capture_output=True)

    def shape(self, way: Way) -> None:
        if self._relay is not None:
            self._ask(way.relayed())
            return
        _run("tc", "qdisc", "replace", "dev", self._near, "root", *way.netem())
        _run(*self.prefix, "tc", "qdisc", "replace", "dev", self._far, "root", *way.netem())

    def bytes_sent_and_received(self) -> tuple[int, int]:
        """By this side; what the way then loses counts as sent."""
        folder = Path("/sys/class/net") / self._near / "statistics"
        return int((folder / "tx_bytes").read_text()), int((folder / "rx_bytes").read_text())

    def _has_netem(self) -> bool:
        _run("ip", "link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self.name)
        tried = ["tc", "qdisc", "replace", "dev", self._near, "root", *Way(delay_ms=1).netem()]
        if subprocess.run(tried, check=False, capture_output=True).returncode == 0:
            return True
        _run("ip", "link", "delete", self._near)
        return False

    def _start_relay(self) -> None:
        command = [sys.executable, "-m", "tools.far_relay", self._near, self._far, self.name]
        self._relay = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, bufsize=1
        )
        self._hear("ready")
        self._configure()

    def _configure(self) -> None:
        _run("ip", "address", "add", f"{NEAR_ADDRESS}", "peer", FAR_ADDRESS, "dev", self._near)
        _run("ip", "link", "set", self._near, "up")
        far = ("ip", "-n", self.name)
        _run(*far, "address", "add", FAR_ADDRESS, "peer", NEAR_ADDRESS, "dev", self._far)
        _run(*far, "link", "set", self._far, "up")
        _run(*far, "link", "set", "lo", "up")

    def _ask(self, line: str) -> None:
        assert self._relay is not None
        assert self._relay.stdin is not None
        self._relay.stdin.write(f"{line}\n")
        self._hear("ok")

    def _hear(self, word: str) -> None:
        assert self._relay is not None
        assert self._relay.stdout is not None
        said = self._relay.stdout.readline().strip()
        if said != word:
            raise OSError(f"the relay said {said!r}, expected {word!r}; it needs root and /dev/net/tun")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
