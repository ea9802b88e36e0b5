"""A second network on this machine, with the faults of a long way: a namespace, a veth pair, netem at both ends.

`with FarNetwork() as far:` programs started with `far.prefix` before their command live there, at `far.address`;
`far.shape(Way(...))` is the way between. Root on Linux alone. It ends clean: the namespace takes its interfaces along.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

NEAR_ADDRESS, FAR_ADDRESS = "10.213.77.1", "10.213.77.2"
PACKET_BITS = 1250 * 8
QUEUE_S = 0.3  # that a router holds of a narrow way before it drops


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
        return ", ".join(filter(None, parts)) or "loopback speed"

    def netem(self) -> list[str]:
        words = ["netem", "limit", str(self._limit())]
        words += ["delay", f"{self.delay_ms / 2}ms"] if self.delay_ms else []
        words += ["loss", f"{self.loss_percent}%"] if self.loss_percent else []
        return words + (["rate", f"{self.mbit}mbit"] if self.mbit else [])

    def _limit(self) -> int:
        """Packets; what is under way counts too."""
        if not self.mbit:
            return 5000
        return int(self.mbit * 1e6 * (QUEUE_S + self.delay_ms / 2000) / PACKET_BITS)


class FarNetwork:
    def __init__(self) -> None:
        self.name = f"reskin-far-{os.getpid()}"
        self.address = FAR_ADDRESS
        self.prefix = ("ip", "netns", "exec", self.name)
        self._near, self._far = f"rsk{os.getpid() % 10**6}n", f"rsk{os.getpid() % 10**6}f"

    def __enter__(self) -> Self:
        _ip("netns", "add", self.name)
        try:
            _ip("link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self.name)
            _ip("address", "add", f"{NEAR_ADDRESS}/30", "dev", self._near)
            _ip("link", "set", self._near, "up")
            for words in (("address", "add", f"{FAR_ADDRESS}/30", "dev", self._far), ("link", "set", self._far, "up"),
                          ("link", "set", "lo", "up")):  # fmt: skip
                _ip("-n", self.name, *words)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["ip", "netns", "delete", self.name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "delete", self._near], check=False, capture_output=True)

    def shape(self, way: Way) -> None:
        near = ["tc", "qdisc", "replace", "dev", self._near, "root", *way.netem()]
        far = [*self.prefix, "tc", "qdisc", "replace", "dev", self._far, "root", *way.netem()]
        for command in (near, far):
            subprocess.run(command, check=True, capture_output=True)

    def bytes_sent_and_received(self) -> tuple[int, int]:
        """By this side; what the way then loses counts as sent."""
        folder = Path("/sys/class/net") / self._near / "statistics"
        return int((folder / "tx_bytes").read_text()), int((folder / "rx_bytes").read_text())


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
