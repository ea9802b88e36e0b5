"""What netem does, where the kernel has none: delays, loses and narrows packets between two TUN devices.

    python -m tools.far_relay NEAR_DEVICE FAR_DEVICE FAR_NAMESPACE

Each line on stdin is a way as JSON (delay_ms of each direction, loss_percent, mbit, queue_s); answered by "ok". It ends
with its stdin. Delays are kept to about a millisecond. Linux, root.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import itertools
import json
import os
import random
import select
import struct
import sys
import time
from dataclasses import dataclass

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
LARGEST_PACKET = 65536
AT_ONCE = 64  # packets read before those that are due are looked at again


@dataclass
class Faults:
    delay_ms: float = 0.0
    loss_percent: float = 0.0
    mbit: float = 0.0
    queue_s: float = 0.3


class Direction:
    """From one device to the other, with a queue before the narrow place."""

    def __init__(self, source: int, target: int) -> None:
        self.source, self.target = source, target
        self._free_s = 0.0  # when the narrow place is free again
        self._draw = random.Random(source)

    def due_s(self, size: int, faults: Faults, now_s: float) -> float | None:
        """When a packet that comes now arrives; None when it is lost."""
        if self._draw.random() * 100 < faults.loss_percent:
            return None
        if faults.mbit:
            if self._free_s - now_s > faults.queue_s:
                return None
            self._free_s = max(self._free_s, now_s) + size * 8e-6 / faults.mbit
            now_s = self._free_s
        return now_s + faults.delay_ms / 1e3


def main(near: str, far: str, namespace: str) -> None:
    near_tun = _open_tun(near)
    with open(f"/run/netns/{namespace}", "rb") as handle:
        if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"entering the network namespace {namespace}")
    far_tun = _open_tun(far)
    directions = {near_tun: Direction(near_tun, far_tun), far_tun: Direction(far_tun, near_tun)}
    _say("ready")
    faults, serial, stdin = Faults(), itertools.count(), sys.stdin.fileno()
    waiting: list[tuple[float, int, int, bytes]] = []
    while True:
        pause_s = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        readable = select.select([stdin, *directions], [], [], pause_s)[0]
        now_s = time.monotonic()
        for source in readable:
            if source == stdin:
                line = sys.stdin.readline()
                if not line:
                    return
                faults = Faults(**json.loads(line))
                _say("ok")
                continue
            for packet in _packets(source):
                due_s = directions[source].due_s(len(packet), faults, now_s)
                if due_s is not None:
                    heapq.heappush(waiting, (due_s, next(serial), directions[source].target, packet))
        now_s = time.monotonic()
        while waiting and waiting[0][0] <= now_s:
            _, _, target, packet = heapq.heappop(waiting)
            try:
                os.write(target, packet)
            except OSError:  # the device is down, or full: a packet is lost
                continue


def _packets(source: int) -> list[bytes]:
    found: list[bytes] = []
    while len(found) < AT_ONCE:
        try:
            found.append(os.read(source, LARGEST_PACKET))
        except OSError:
            break
    return found


def _open_tun(name: str) -> int:
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return tun


def _say(word: str) -> None:
    print(word, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4])
