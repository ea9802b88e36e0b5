"""Many viewers of the stream in one cheap process: they acknowledge every picture as the page does, and draw nothing.

`python tools/stream_crowd.py LINK --pages 19` also asks once for /stream.mjpg and reads nothing of it. Plain sockets: a
client that copies every picture about in Python costs more than the server that it is there to load.
"""

from __future__ import annotations

import base64
import os
import selectors
import socket
import struct
import time
from urllib.parse import urlsplit

import click

RECEIVE_BYTES = 1 << 20
START_LIMIT_S = 10.0
TEXT, BINARY = 1, 2
LONG = 127  # instead of a length: eight bytes follow
NUMBER_BYTES = 8


class Page:
    """One WebSocket of the browser source."""

    def __init__(self, link: str) -> None:
        parts = urlsplit(link)
        self.pictures = 0
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=START_LIMIT_S)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /frames?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self._head = bytearray()  # of a message, and the picture's number in it
        while not self._head.endswith(b"\r\n\r\n"):
            received = self.socket.recv(1)
            if not received:
                raise ConnectionError(f"{link}: the server refused a viewer")
            self._head += received
        answer = self._head.decode().splitlines()[0]
        if " 101 " not in answer:
            raise ConnectionError(f"{link}: {answer}")
        self._head.clear()
        self._left = 0  # bytes of the picture that are still to come

    def read(self, buffer: memoryview) -> bool:
        """What is there; False at the end."""
        try:
            if self._left:
                got = self.socket.recv_into(buffer[: min(self._left, len(buffer))])
                self._left -= got
                if self._left == 0:
                    self._acknowledge()
                return got > 0
            got = self.socket.recv_into(buffer[: self._head_bytes() - len(self._head)])
        except TimeoutError:
            return True
        except OSError:
            return False
        self._head += buffer[:got]
        if len(self._head) == self._head_bytes() > 2:
            if self._head[0] & 0x0F != BINARY:
                return False
            self._left = int.from_bytes(self._head[2:-NUMBER_BYTES]) - NUMBER_BYTES
        return got > 0

    def _head_bytes(self) -> int:
        """Two, two or eight that say how long a picture is, and its number; as far as the first two tell."""
        if len(self._head) < 2:
            return 2
        return 2 + (8 if self._head[1] == LONG else 2) + NUMBER_BYTES

    def _acknowledge(self) -> None:
        text = str(int.from_bytes(self._head[-NUMBER_BYTES:])).encode()
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(text))
        self.socket.send(struct.pack("BB", 0x80 | TEXT, 0x80 | len(text)) + mask + masked)
        self._head.clear()
        self.pictures += 1


def silent(link: str) -> socket.socket:
    """Asks for the stream; whoever calls reads nothing."""
    parts = urlsplit(link)
    asked = socket.create_connection((parts.hostname, parts.port), timeout=START_LIMIT_S)
    asked.sendall(f"GET /stream.mjpg?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    return asked


def crowd(link: str, pages: int) -> None:
    """A process's whole life: until it is killed, or nobody is served any more."""
    with silent(link), selectors.DefaultSelector() as selector:
        buffer = memoryview(bytearray(RECEIVE_BYTES))
        began_s = time.monotonic()
        watching = [Page(link) for _ in range(pages)]
        for page in watching:
            selector.register(page.socket, selectors.EVENT_READ, page)
        while selector.get_map():
            for key, _ in selector.select(1):
                if not key.data.read(buffer):
                    selector.unregister(key.fileobj)
        seconds = time.monotonic() - began_s
        print(f"{sum(page.pictures for page in watching)} pictures in {seconds:.1f} s", flush=True)


@click.command(help=__doc__)
@click.argument("link")
@click.option("--pages", default=19, show_default=True)
def main(link: str, pages: int) -> None:
    crowd(link, pages)


if __name__ == "__main__":
    main()
